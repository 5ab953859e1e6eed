"""Dataset URIs: a folder, or s3://bucket/prefix."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from garment_uv.errors import UserError

_ALLOWED = "give a folder, or s3://bucket/prefix"
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):")
_BUCKET = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,62}\Z")


@dataclass(frozen=True)
class S3Location:
    """A bucket and the prefix of a dataset's keys, without slashes at its ends."""

    bucket: str
    prefix: str

    def key(self, name: str) -> str:
        """Full key of a file of the dataset."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def below(self, name: str) -> "S3Location":
        """The location of what lies below `name`."""
        return S3Location(self.bucket, self.key(name))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}" if self.prefix else f"s3://{self.bucket}"


def parse_uri(uri: str) -> Path | S3Location:
    """The folder or S3 location that a dataset URI names; UserError for anything else."""
    scheme = _SCHEME.match(uri)
    if not uri.strip():
        raise UserError(f"the dataset URI is empty; {_ALLOWED}")
    if scheme is None:
        return Path(uri).expanduser()
    if uri.startswith("file://"):
        path = unquote(uri.removeprefix("file://"))
        if not path.startswith("/"):
            raise UserError(f"dataset URI {uri!r} names no absolute folder; write file:///folder, or the folder")
        return Path(path)
    if not uri.startswith("s3://"):
        raise UserError(f"dataset URI {uri!r} has the scheme {scheme[1]!r}, which is not known; {_ALLOWED}")
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not _BUCKET.match(bucket):
        raise UserError(f"dataset URI {uri!r} names no valid bucket; {_ALLOWED}")
    prefix = prefix.strip("/")
    if any(part in ("", ".", "..") for part in prefix.split("/")) and prefix:
        raise UserError(f"dataset URI {uri!r} has an empty or dotted part in its prefix; {_ALLOWED}")
    return S3Location(bucket, prefix)


def local_folder(uri: str) -> Path | None:
    """The folder that a URI names; None where it is not on this machine."""
    place = parse_uri(uri)
    return place if isinstance(place, Path) else None
