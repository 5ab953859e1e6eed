"""One S3 endpoint through boto3: a client for all threads, uploads that carry their MD5, and bounded retries."""

import base64
import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from garment_sweeps.storage.s3_errors import S3_ERRORS, transient, user_error_of
from garment_sweeps.storage.uri import S3Location
from garment_uv.errors import UserError

ATTEMPTS = 6
"""Tries of one request, with a growing random pause between them, where boto3's own setting (`max_attempts` in its
config file, or AWS_MAX_ATTEMPTS) names no other number."""
LONGEST_PAUSE_S = 8.0

_DEFINITIONS = botocore.loaders.create_loader()
"""boto3's descriptions of AWS, read once a process: they are most of what a new client costs."""
_READ = 2**20

Returned = TypeVar("Returned")


class S3Connection:
    """Credentials come from boto3's own chain; so does the endpoint, where none is given.

    Every request with a body carries its MD5, the one checksum that all servers know: S3 refuses what was damaged on
    its way, and does not store it. Small enough to be sent to another process, where it connects anew.
    """

    def __init__(self, endpoint: str = "") -> None:
        self._endpoint = endpoint
        self._made: Any = None

    def __getstate__(self) -> dict:
        return {"_endpoint": self._endpoint, "_made": None}

    @property
    def client(self) -> Any:
        """boto3's client, which threads may share once it is made."""
        if self._made is None:
            config = Config(
                connect_timeout=5,
                read_timeout=60,
                retries={"total_max_attempts": 1, "mode": "standard"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            session = botocore.session.get_session()
            session.register_component("data_loader", _DEFINITIONS)
            try:
                connected = boto3.session.Session(botocore_session=session)
                client = connected.client("s3", config=config, endpoint_url=self._endpoint or None)
            except ValueError as error:
                raise UserError(f"cannot reach S3: {error}; correct AWS_ENDPOINT_URL_S3") from None
            client.meta.events.register("before-call.s3", _add_md5)
            self._made = client
        return self._made

    def retried(self, doing: str, location: S3Location, call: Callable[[], Returned]) -> Returned:
        """Makes a call again until it succeeds or no try is left, and then raises one line, or Missing."""
        try:
            return Retrying(
                stop=stop_after_attempt(self._attempts),
                wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_S),
                retry=retry_if_exception(transient),
                reraise=True,
            )(call)
        except S3_ERRORS as error:
            endpoint = self._made.meta.endpoint_url if self._made is not None else "the S3 endpoint"
            raise user_error_of(error, doing, location, endpoint) from None

    @cached_property
    def _attempts(self) -> int:
        try:
            named = botocore.session.get_session().get_config_variable("max_attempts")
        except ValueError as error:
            raise UserError(f"boto3's max_attempts is no number ({error}); correct AWS_MAX_ATTEMPTS") from None
        return ATTEMPTS if named is None else max(1, named)


def _add_md5(params: dict[str, Any], **_: Any) -> None:
    """Gives a request that is about to be signed the MD5 of its body, bytes or an open file."""
    body = params.get("body")
    if not body:
        return
    digest = hashlib.md5(usedforsecurity=False)
    if isinstance(body, bytes | bytearray):
        digest.update(body)
    else:
        start = body.tell()
        while block := body.read(_READ):
            digest.update(block)
        body.seek(start)
    params["headers"]["Content-MD5"] = base64.b64encode(digest.digest()).decode()
