"""The folder of a sweep, on disk or in S3, through one pyarrow filesystem; and looks at it in haste."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.settings.masking import first_line
from garment_uv.errors import Unreachable, UserError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

CONNECT_S, ANSWER_S = 3.0, 6.0
"""Seconds that one request may take to connect and to be answered where there is haste."""
REFUSALS = ("ACCESS_DENIED", "SIGNATURE_DOES_NOT_MATCH", "INVALID_ACCESS_KEY_ID", "code: 403")
"""In what pyarrow says where S3 answered, and said no."""


def open_filesystem(storage: StorageConfig, hasty: bool = False) -> tuple["FileSystem", str]:
    """The filesystem and the path of the storage's root in it.

    The endpoint is given to the filesystem itself: inside a URI it gets lost on the way to the workers. `hasty` gives
    a store that does not answer a few seconds and not half a minute.
    """
    from pyarrow import fs

    scheme, _, rest = storage.uri.partition("://")
    if not rest:
        return fs.LocalFileSystem(), storage.uri
    if scheme != "s3":
        raise UserError(f"GARMENT_STORAGE is {storage.uri!r}; it takes a folder or s3://bucket/prefix")
    options: dict[str, Any] = {}
    if storage.endpoint:
        parts = urlsplit(storage.endpoint)
        options = {"endpoint_override": parts.netloc, "scheme": parts.scheme or "https"}
    if hasty:
        retry = fs.AwsStandardS3RetryStrategy(max_attempts=2)
        options |= {"connect_timeout": CONNECT_S, "request_timeout": ANSWER_S, "retry_strategy": retry}
    return fs.S3FileSystem(**options), rest.rstrip("/")


def folder_names(filesystem: "FileSystem", path: str) -> list[str]:
    """Names directly inside a folder, sorted; none where it does not exist."""
    from pyarrow import fs

    entries = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return sorted(info.base_name for info in entries)


def read_json(filesystem: "FileSystem", path: str) -> Any:
    """What a file of JSON holds; None where there is none, or whoever wrote it died over it.

    OSError where the storage is away.
    """
    try:
        with filesystem.open_input_stream(path) as stream:
            return json.loads(stream.read())
    except (FileNotFoundError, ValueError):
        return None


def write_whole(filesystem: "FileSystem", path: str, content: bytes) -> None:
    """Writes a file that appears under its name only when it is whole: moved there on a disk, in S3 by itself."""
    from pyarrow import fs

    local = isinstance(filesystem, fs.LocalFileSystem)
    written = f"{path}.partial" if local else path
    filesystem.create_dir(path.rpartition("/")[0], recursive=True)
    with filesystem.open_output_stream(written) as stream:
        stream.write(content)
    if local:
        filesystem.move(written, path)


def check_storage(storage: StorageConfig) -> None:
    """One look at the storage; a local folder need not exist yet.

    Raises:
        Unreachable: the server does not answer, perhaps for a moment only.
        UserError: it refuses the keys, or there is no such bucket.
    """
    filesystem, root = open_filesystem(storage)
    if "://" not in storage.uri:
        return
    bucket = root.partition("/")[0]
    try:
        info = filesystem.get_file_info(bucket)
    except OSError as error:
        reason = first_line(error)
        kind = UserError if any(word in str(error) for word in REFUSALS) else Unreachable
        raise kind(
            f"GARMENT_STORAGE {storage.uri} cannot be reached ({reason}); check bucket, keys and AWS_ENDPOINT_URL_S3"
        ) from None
    if info.type.name == "NotFound":
        raise UserError(f"GARMENT_STORAGE {storage.uri}: there is no bucket {bucket!r}; make it or name another")


def manifest_digest(uri: str) -> str:
    """sha256 of a dataset's manifest, read from here in haste: for a look whether it is within reach."""
    if not uri.startswith("s3://"):
        path = Path(uri.removeprefix("file://"), "manifest.json")
        if not path.is_file():
            raise ValueError("there is no manifest.json")
        return hashlib.sha256(path.read_bytes()).hexdigest()
    import boto3
    from botocore.config import Config

    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    haste = Config(connect_timeout=CONNECT_S, read_timeout=ANSWER_S, retries={"total_max_attempts": 2})
    client = boto3.session.Session().client("s3", config=haste)
    answer = client.get_object(Bucket=bucket, Key="/".join(filter(None, (prefix.strip("/"), "manifest.json"))))
    return hashlib.sha256(answer["Body"].read()).hexdigest()
