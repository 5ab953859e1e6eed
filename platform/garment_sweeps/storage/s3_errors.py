"""What S3 can answer instead of data, as one line with its mend; and which of it another try may cure."""

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

from garment_sweeps.storage.uri import S3Location
from garment_uv.errors import Unreachable, UserError

_NO_ANSWER = (ConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError)
_TRANSIENT_CODES = set(
    "InternalError SlowDown ServiceUnavailable RequestTimeout BadDigest ConditionalRequestConflict IncompleteBody "
    "OperationAborted XAmzContentSHA256Mismatch Throttling ThrottlingException RequestThrottled TooManyRequests "
    "429".split()
)
_NO_SUCH_KEY = {"404", "NoSuchKey", "NotFound"}
_WRONG_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"}


class Missing(Exception):
    """The object is not there."""


class Damaged(UserError):
    """However often it is read, the object is not what was stored under its name."""


class DamagedInTransit(Exception):
    """What the store gives back is not what was sent; tried again, then told as Damaged."""


S3_ERRORS = (BotoCoreError, ClientError, Boto3Error, DamagedInTransit)
"""All that a call of boto3 raises when it is the store or the settings that are at fault."""


def transient(error: BaseException) -> bool:
    """Whether another try may help: no answer, a server's fault, or damage on the way."""
    cause = _cause(error)
    if isinstance(cause, (*_NO_ANSWER, DamagedInTransit, ResponseParserError)):
        return True
    return isinstance(cause, ClientError) and (_status(cause) >= 500 or _code(cause) in _TRANSIENT_CODES)


def already_there(error: ClientError) -> bool:
    """Whether a write was refused since something is in its place."""
    return _status(error) == 412


def not_there(error: ClientError) -> bool:
    """Whether the object asked for is not there, while its bucket is."""
    return _code(error) in _NO_SUCH_KEY


def user_error_of(error: Exception, doing: str, location: S3Location, endpoint: str) -> UserError | Missing:
    """The error to raise: Missing when the object is not there, else a UserError that says how to mend it.

    Of its kinds, Unreachable and Damaged are those that callers may want to tell apart.
    """
    cause, server = _cause(error), f"S3 at {endpoint}"
    kind: type[UserError] = UserError
    if isinstance(cause, NoCredentialsError | PartialCredentialsError):
        said = "no S3 credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    elif isinstance(cause, _NO_ANSWER):
        kind = Unreachable
        said = f"{server} is unreachable ({type(cause).__name__}); check the network and AWS_ENDPOINT_URL_S3"
    elif isinstance(cause, ClientError):
        if not_there(cause):
            return Missing(f"cannot {doing} at {location}: it is not there")
        said = _answered(cause, location.bucket, endpoint)
    elif isinstance(cause, DamagedInTransit):
        kind, said = Damaged, f"{_line(cause)}; check the network and {endpoint}, or try again"
    else:
        said = f"{_line(cause)}; check the AWS settings and {endpoint}, or try again"
    return kind(f"cannot {doing} at {location}: {said}")


def _answered(error: ClientError, bucket: str, endpoint: str) -> str:
    code, status, server = _code(error), _status(error), f"S3 at {endpoint}"
    if code == "NoSuchBucket":
        return f"there is no bucket {bucket!r} at {endpoint}; create it or correct the URI"
    if code in _WRONG_KEYS:
        return f"{server} refuses the credentials ({code}); check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if status == 403:
        return f"{server} denies access; check the credentials and what they may do with the bucket"
    return f"{server} answered {code or status}: {_line(error)}; try again later"


def _cause(error: BaseException) -> BaseException:
    """What went wrong under boto3's own wrapper of transfers."""
    inner = error.__cause__ or error.__context__
    return inner if isinstance(error, Boto3Error) and isinstance(inner, BotoCoreError | ClientError) else error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
