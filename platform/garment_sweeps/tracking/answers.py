"""What an error of MLflow's client means: MLflow is away and may take the same later, or it will never take it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tenacity

from garment_uv.errors import UserError

TRIES = 3
"""A refusal counts when it was repeated so often: what two processes write at the same moment is refused to one too."""
SETTLE_S = 1.0
"""Between these tries, and after MLflow was away: the time for what it had accepted before to become visible."""

REFUSED = {400, 405, 406, 410, 411, 413, 414, 415, 422, 431, 451}
"""HTTP statuses that say that the request itself is at fault. Not among them, since they pass or can be mended:

401, 403 and 407 (login and rights), 408, 425, 429 and all from 500 on (the server's state), 409 and 423 (somebody else
is writing). 404 is only for MLflow itself to say: a proxy says it as well while there is no server behind it.
"""
GONE = ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND")
"""How MLflow itself says 404, as of a run that was removed for good."""
S3_REFUSED = {"EntityTooLarge", "KeyTooLongError"}
"""What a store of artifacts will never take; its other refusals are of keys, rights, clocks and damage on the way."""

_STATUS = re.compile(r"failed with error code (\d{3})\b")
_S3_CODE = re.compile(r"\((\w+)\) when calling the ")
_STUMBLED = re.compile(r"too many 500 error responses|failed with error code 500\b")
_FROM_DATABASE = re.compile(r"sqlalche\.me/e/")
_DATA_AT_FAULT = re.compile(r"\([\w.]*(IntegrityError|DataError|Violation|Truncation|OutOfRange|InvalidText\w+)\)")
_LOGIN = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403}


def is_away(error: BaseException) -> bool:
    """Whether MLflow, its database or its store of artifacts could not be reached, or did not want to just now."""
    known = isinstance(error, OSError) or _library(error) in ("mlflow", "requests", "sqlalchemy", "boto3", "botocore")
    return known and not is_refused(error)


def is_of_mlflow(error: BaseException) -> bool:
    """Whether MLflow's client raised it, or the line to MLflow did."""
    return isinstance(error, OSError) or _library(error) == "mlflow"


def is_refused(error: BaseException) -> bool:
    """Whether the same request will never be taken, however often it is made."""
    if type(error) in (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return True  # of what was to be sent
    text = str(error)
    if found := _S3_CODE.search(text):
        return found[1] in S3_REFUSED
    status = _status(error)
    if status == 404:
        return any(word in text for word in GONE)
    if status == 400 and _FROM_DATABASE.search(text):  # MLflow passes on what its database said, whatever that was
        return _DATA_AT_FAULT.search(text) is not None
    return status in REFUSED


def stumbled(error: BaseException) -> bool:
    """Whether MLflow is there and failed at this very request: others may fare better."""
    if getattr(error, "error_code", None) != "INTERNAL_ERROR":
        return False
    return _STUMBLED.search(str(error)) is not None or not str(error).startswith("API request to ")


def insisted(call: Callable[[], Any]) -> Any:
    """The call's answer; a refusal is raised when it was repeated `TRIES` times."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_refused),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_fixed(SETTLE_S),
        reraise=True,
    )(call)


def login_refused(error: BaseException) -> int | None:
    """401 where the server does not know this user, 403 where the user may not do that, None for any other error."""
    code = getattr(getattr(error, "response", None), "status_code", None)
    code = code or _LOGIN.get(getattr(error, "error_code", ""))
    return code if code in _LOGIN.values() else None


@contextmanager
def may_write(uri: str, what: str) -> Iterator[None]:
    """UserError where the server at `uri` lets this user only read; `what` says for what more is needed."""
    try:
        yield
    except Exception as error:  # artifacts are refused by another library's exception than runs and models
        if login_refused(error) != 403:
            raise
        raise UserError(
            f"MLflow at {uri} lets this user only read, and {what} needs the permission EDIT; ask its admin, or set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to a user's who has it"
        ) from None


def _library(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _status(error: BaseException) -> int | None:
    """The HTTP status with which MLflow answered, or would have; None for other errors."""
    response = getattr(error, "response", None)
    if (code := getattr(response, "status_code", None)) is not None:
        return code
    if not hasattr(error, "get_http_status_code"):
        return None
    status = _STATUS.search(str(error))  # MLflow's client knows not all of them by a name
    return int(status[1]) if status else error.get_http_status_code()
