"""One S3 prefix through boto3: uploads verified by reading back, downloads in parallel parts, and bounded retries."""

import hashlib
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from garment_sweeps.shards.ranges import body_of, read_ranges
from garment_sweeps.shards.s3_errors import S3_ERRORS, DamagedInTransit, told, transient
from garment_sweeps.shards.uri import S3Location
from garment_uv.errors import UserError
from garment_uv.samples.shards import file_digest

MULTIPART_BYTES = 16 * 2**20
"""Files above this go up in parts of this size (S3 allows 10,000 parts of at least 5 MiB)."""
ATTEMPTS = 6
"""Tries of one request, with a growing random pause between them, where boto3's own setting (`max_attempts` in its
config file, or AWS_MAX_ATTEMPTS) names no other number."""
LONGEST_PAUSE_S = 8.0

_CHECKSUM = "sha256"
"""Name under which the metadata of what is uploaded here keep its sha256."""
_TRANSFER = TransferConfig(
    multipart_threshold=MULTIPART_BYTES, multipart_chunksize=MULTIPART_BYTES, max_concurrency=4
)
_READ = 2**20

Answer = TypeVar("Answer")


class S3Store:
    """Objects below one location. Small enough to be sent to another process, where it connects anew.

    Credentials and endpoint come from boto3's own chain; `AWS_ENDPOINT_URL_S3` names another server than AWS.
    Checksum headers that only newer servers know are left off, so that any S3-compatible server will do;
    instead every upload is read back and its sha256 compared. That doubles the traffic of a write, once per
    dataset, and holds for every server, whatever it promises.
    """

    def __init__(self, location: S3Location) -> None:
        self.location = location
        self._made: Any = None

    def __getstate__(self) -> dict:
        return {"location": self.location, "_made": None}

    def upload(self, name: str, path: Path, only_if_new: bool = False, read_back: bool = True) -> None:
        """Stores a file, in parts when it is large, and reads it back: size and sha256 must be the file's.

        The sha256 is kept as the object's metadata too. `only_if_new` (small files, one request) refuses to
        replace another object, on servers that know If-None-Match. Without `read_back` it is for who reads it to
        check it. UserError when it cannot be written.
        """
        size, sha256 = file_digest(path)
        extra = {"Metadata": {_CHECKSUM: sha256}}
        key = self.location.key(name)

        def send_and_check() -> None:
            if only_if_new:
                self._put_new(name, path.read_bytes(), sha256, extra)
            else:
                self._client.upload_file(
                    str(path), self.location.bucket, key, ExtraArgs=extra, Config=_TRANSFER
                )
            found = self._digest(name) if read_back else (size, sha256)
            if found != (size, sha256):
                raise DamagedInTransit(
                    f"what comes back is not what was sent: {found[0]} of {size} bytes, or another sha256"
                )

        self._try(f"write {name}", send_and_check)

    def read(self, name: str, limit: int = 2**28) -> bytes:
        """A small object's bytes, checked where it was uploaded here; raises Missing, and UserError over `limit`."""

        def fetch() -> bytes:
            answer = self._get(name)
            with body_of(answer) as body:
                if answer["ContentLength"] > limit:
                    raise UserError(
                        f"{self.location}/{name} has {answer['ContentLength']} bytes, at most {limit} wanted"
                    )
                data = body.read()
            wanted = answer.get("Metadata", {}).get(_CHECKSUM)
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
            with open(path, "wb") as file, body_of(self._get(name, **wanted)) as body:
                while block := body.read(_READ):
                    file.write(block)

        self._try(f"read {name}", fetch)

    def download_large(self, name: str, path: Path, size: int) -> tuple[int, str]:
        """Writes an object of `size` bytes to a file, in parallel parts: bytes found and their sha256, to be compared.

        Raises Missing, and OSError when the local disk refuses.
        """
        self.connect()
        return read_ranges(lambda **wanted: self._get(name, **wanted), self._retried(f"read {name}"), path, size)

    def digest(self, name: str) -> tuple[int, str]:
        """Bytes and sha256 of an object, read in full; raises Missing."""
        return self._try(f"read {name}", lambda: self._digest(name))

    def put(self, name: str, data: bytes) -> None:
        """Stores a few bytes, in one request; `read` checks them."""
        place = {"Bucket": self.location.bucket, "Key": self.location.key(name)}
        extra = {"Metadata": {_CHECKSUM: hashlib.sha256(data).hexdigest()}}
        self._try(f"write {name}", lambda: self._client.put_object(**place, Body=data, **extra))

    def names(self) -> Iterator[str]:
        """Names of all objects below the location, in the store's order."""
        return (name for name, _, _ in self.listing())

    def listing(self) -> Iterator[tuple[str, int, str]]:
        """(name, bytes, tag) of all objects below the location, in the store's order, a thousand a request."""
        prefix = self.location.key("")
        place = {"Bucket": self.location.bucket, "Prefix": prefix}
        while True:
            page = self._try("list what is", lambda place=dict(place): self._client.list_objects_v2(**place))
            for item in page.get("Contents", []):
                if name := item["Key"].removeprefix(prefix):
                    yield name, item["Size"], item.get("ETag", "")
            if not page.get("IsTruncated"):
                return
            place["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, name: str) -> None:
        """Removes an object; one that is not there is no error."""
        key = self.location.key(name)
        self._try(f"delete {name}", lambda: self._client.delete_object(Bucket=self.location.bucket, Key=key))

    def connect(self) -> None:
        """Makes the client, which threads may share, before several of them would."""
        _ = self._client

    def _put_new(self, name: str, data: bytes, sha256: str, extra: dict) -> None:
        """Puts an object that must not be there; one with these very bytes is an earlier try's."""
        key = self.location.key(name)
        try:
            self._client.put_object(Bucket=self.location.bucket, Key=key, Body=data, IfNoneMatch="*", **extra)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 412 or self._digest(name)[1] != sha256:
                raise

    def _get(self, name: str, **wanted: str) -> dict[str, Any]:
        return self._client.get_object(Bucket=self.location.bucket, Key=self.location.key(name), **wanted)

    def _digest(self, name: str) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        with body_of(self._get(name)) as body:
            while block := body.read(_READ):
                digest.update(block)
                size += len(block)
        return size, digest.hexdigest()

    @cached_property
    def _attempts(self) -> int:
        try:
            named = botocore.session.get_session().get_config_variable("max_attempts")
        except ValueError as error:
            raise UserError(f"boto3's max_attempts is no number ({error}); correct AWS_MAX_ATTEMPTS") from None
        return ATTEMPTS if named is None else max(1, named)

    @property
    def _client(self) -> Any:
        if self._made is None:
            config = Config(
                connect_timeout=5,
                read_timeout=60,
                retries={"total_max_attempts": 1, "mode": "standard"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            try:
                self._made = boto3.session.Session().client("s3", config=config)
            except ValueError as error:
                raise UserError(f"cannot reach S3: {error}; correct AWS_ENDPOINT_URL_S3") from None
        return self._made

    def _try(self, doing: str, call: Callable[[], Answer]) -> Answer:
        return self._retried(doing)(call)

    def _retried(self, doing: str) -> Callable[[Callable[[], Answer]], Answer]:
        """What makes calls until one succeeds or no try is left, and then raises one line."""

        def run(call: Callable[[], Answer]) -> Answer:
            try:
                return Retrying(
                    stop=stop_after_attempt(self._attempts),
                    wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_S),
                    retry=retry_if_exception(transient),
                    reraise=True,
                )(call)
            except S3_ERRORS as error:
                endpoint = self._made.meta.endpoint_url if self._made is not None else "the S3 endpoint"
                raise told(error, doing, self.location, endpoint) from None

        return run

