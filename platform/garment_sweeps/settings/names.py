"""Names of sweeps."""

from garment_uv.errors import UserError


def checked_name(name: str) -> str:
    """The sweep's name, fit for folders, tags and databases; UserError otherwise."""
    if not name or len(name) > 100 or not all(c.isalnum() or c in "-_." for c in name) or name[0] in "-.":
        raise UserError(f"a sweep's name takes letters, digits, '-', '_' and '.', was given {name!r}")
    return name
