"""Names that users give: of sweeps, and of datasets, whose URIs nodes and records have in forms of their own."""

from pathlib import Path

from garment_uv.errors import UserError

LOCAL_FOLDER = ".garment"
"""The home where nothing is configured; at the beginning of a URI it means the home, wherever that is."""


def dataset_uri(uri: str, home: Path) -> str:
    """A dataset's URI as every node reaches it: `.garment/...` lies in the home, other folders become absolute."""
    if "://" in uri:
        return uri
    path = Path(uri).expanduser()
    if path.parts and path.parts[0] == LOCAL_FOLDER:
        return str(home.joinpath(*path.parts[1:]))
    return str(path.resolve())


def uri_in_home(uri: str, home: Path) -> str:
    """The same dataset's URI for a record that outlives this place: `.garment/...` where it lies in the home."""
    inside = "://" not in uri and Path(uri).is_relative_to(home)
    return str(Path(LOCAL_FOLDER, Path(uri).relative_to(home))) if inside else uri


def checked_name(name: str) -> str:
    """The sweep's name, fit for folders, tags and databases; UserError otherwise."""
    if not name or len(name) > 100 or not all(c.isalnum() or c in "-_." for c in name) or name[0] in "-.":
        raise UserError(f"a sweep's name takes letters, digits, '-', '_' and '.', was given {name!r}")
    return name
