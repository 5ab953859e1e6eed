"""The objects below one S3 location: uploads verified by reading back, downloads in parallel parts."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from garment_sweeps.storage.ranges import blocks_of, read_ranges
from garment_sweeps.storage.s3_connection import S3Connection
from garment_sweeps.storage.s3_errors import DamagedInTransit, already_there, not_there
from garment_sweeps.storage.uri import S3Location
from garment_uv.errors import UserError
from garment_uv.files import file_digest

MULTIPART_BYTES = 16 * 2**20
"""Files above this go up in parts of this size (S3 allows 10,000 parts of at least 5 MiB)."""

MOST_READ = 2**28
"""Bytes of an object that is read at once."""
_CHECKSUM = "sha256"
"""Name under which the metadata of what is uploaded here keep its sha256."""
_WRITER = "writer"
"""Name under which the metadata of what `create` wrote keep a token of that call."""
_TRANSFER = TransferConfig(multipart_threshold=MULTIPART_BYTES, multipart_chunksize=MULTIPART_BYTES, max_concurrency=4)

Returned = TypeVar("Returned")


class S3Store:
    """Objects below one location. Small enough to be sent to another process, where it connects anew.

    Every upload carries its MD5 (see `S3Connection`); a dataset's files are read back besides, and their sha256
    compared, which holds for every server, whatever it checks.
    """

    def __init__(self, location: S3Location, connection: S3Connection | None = None) -> None:
        self.location = location
        self._connection = connection or S3Connection()

    def below(self, name: str) -> "S3Store":
        """What lies below `name`, through the same connection."""
        return S3Store(self.location.below(name), self._connection)

    def upload(self, name: str, path: Path, read_back: bool = True) -> None:
        """Stores a file, in parts when it is large, and reads it back: size and sha256 must be the file's.

        The sha256 is kept as the object's metadata too. Without `read_back` it is for who reads it to check it.
        UserError when it cannot be written.
        """
        size, sha256 = file_digest(path)
        place, extra = self._place(name), {"Metadata": {_CHECKSUM: sha256}}

        def send_and_check() -> None:
            if size > MULTIPART_BYTES:
                self._client.upload_file(str(path), *place.values(), ExtraArgs=extra, Config=_TRANSFER)
            else:
                with open(path, "rb") as file:
                    self._client.put_object(**place, **extra, Body=file)
            stored = self._digest(name) if read_back else (size, sha256)
            if stored != (size, sha256):
                raise DamagedInTransit(
                    f"what comes back is not what was sent: {stored[0]} of {size} bytes, or another sha256"
                )

        self._try(f"write {name}", send_and_check)

    def create(self, name: str, data: bytes) -> bool:
        """Stores a few bytes, in one request, where nothing is: whether it was this call that did, and not another.

        The metadata hold a token of the call, so that an earlier try whose answer was lost is known for its own. What
        a server that checks nothing stored damaged is removed before the next try. UserError when it cannot be written.

        Where a server lets two writers replace each other (see `create_once`), the one whose object stays is told True,
        and so is the other if it looked between the two.
        """
        sha256, token = hashlib.sha256(data).hexdigest(), secrets.token_hex(16)
        metadata = {_CHECKSUM: sha256, _WRITER: token}

        def send_and_look() -> bool:
            try:
                self._client.put_object(**self._place(name), Body=data, IfNoneMatch="*", Metadata=metadata)
            except ClientError as error:
                if not already_there(error):
                    raise
            try:
                stored, found_metadata = self._fetch(name)
            except ClientError as error:
                if not_there(error):
                    raise DamagedInTransit("it is not there any more") from None
                raise
            if found_metadata.get(_WRITER) != token:
                return False
            if stored != data:
                self._client.delete_object(**self._place(name))
                raise DamagedInTransit("what comes back is not what was sent")
            return True

        return self._try(f"write {name}", send_and_look)

    def read(self, name: str) -> bytes:
        """A small object's bytes, checked where it was uploaded here; raises Missing, UserError over `MOST_READ`."""

        def fetch() -> bytes:
            data, metadata = self._fetch(name)
            wanted = metadata.get(_CHECKSUM)
            if wanted and hashlib.sha256(data).hexdigest() != wanted:
                raise DamagedInTransit("its bytes are not those of the sha256 that was stored with it")
            return data

        return self._try(f"read {name}", fetch)

    def download(self, name: str, path: Path, span: tuple[int, int] | None = None) -> None:
        """Writes an object to a file, unchecked; raises Missing, and OSError when the local disk refuses.

        `span` (first byte, number of bytes) takes that part of it alone.
        """
        wanted = {"Range": f"bytes={span[0]}-{span[0] + span[1] - 1}"} if span else {}

        def fetch() -> None:
            with open(path, "wb") as file:
                file.writelines(blocks_of(self._get(name, **wanted)))

        self._try(f"read {name}", fetch)

    def download_large(self, name: str, path: Path, size: int) -> tuple[int, str]:
        """Writes an object of `size` bytes to a file, in parallel parts: bytes found and their sha256, to be compared.

        Raises Missing, and OSError when the local disk refuses.
        """
        self.connect()
        return read_ranges(partial(self._get, name), partial(self._try, f"read {name}"), path, size)

    def digest(self, name: str) -> tuple[int, str]:
        """Bytes and sha256 of an object, read in full; raises Missing."""
        return self._try(f"read {name}", lambda: self._digest(name))

    def put(self, name: str, data: bytes) -> None:
        """Stores a few bytes, in one request, in place of what is there; `read` checks them."""
        metadata = {_CHECKSUM: hashlib.sha256(data).hexdigest()}
        self._try(f"write {name}", lambda: self._client.put_object(**self._place(name), Body=data, Metadata=metadata))

    def names(self) -> Iterator[str]:
        """Names of all objects below the location, in the store's order."""
        return (name for name, _, _ in self.listing())

    def listing(self) -> Iterator[tuple[str, int, str]]:
        """(name, bytes, tag) of all objects below the location, in the store's order, a thousand a request."""
        prefix = self.location.key("")
        place = {"Bucket": self.location.bucket, "Prefix": prefix}
        while True:
            page = self._try("list what is", lambda place=dict(place): self._client.list_objects_v2(**place))  # type: ignore[misc]
            for item in page.get("Contents", []):
                if name := item["Key"].removeprefix(prefix):
                    yield name, item["Size"], item.get("ETag", "")
            if not page.get("IsTruncated"):
                return
            place["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, name: str) -> None:
        """Removes an object; one that is not there is no error."""
        self._try(f"delete {name}", lambda: self._client.delete_object(**self._place(name)))

    def connect(self) -> None:
        """Makes the client, which threads may share, before several of them would."""
        _ = self._client

    @property
    def _client(self) -> Any:
        return self._connection.client

    def _place(self, name: str) -> dict[str, str]:
        return {"Bucket": self.location.bucket, "Key": self.location.key(name)}

    def _get(self, name: str, **wanted: str) -> dict[str, Any]:
        return self._client.get_object(**self._place(name), **wanted)

    def _fetch(self, name: str) -> tuple[bytes, dict[str, str]]:
        """A small object's bytes and metadata, in one try."""
        answer = self._get(name)
        if answer["ContentLength"] > MOST_READ:
            answer["Body"].close()
            raise UserError(f"{self.location}/{name} has {answer['ContentLength']} bytes, at most {MOST_READ} wanted")
        return b"".join(blocks_of(answer)), answer.get("Metadata", {})

    def _digest(self, name: str) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        for block in blocks_of(self._get(name)):
            digest.update(block)
            size += len(block)
        return size, digest.hexdigest()

    def _try(self, doing: str, call: Callable[[], Returned]) -> Returned:
        return self._connection.retried(doing, self.location, call)
