"""URIs of datasets, as users write them, as nodes reach them, and as records keep them."""

from pathlib import Path

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
