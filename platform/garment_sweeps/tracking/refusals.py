"""What an MLflow server that knows its users refuses, said so that one can mend it."""

from collections.abc import Iterator
from contextlib import contextmanager

from garment_uv.errors import UserError

_STATUS = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403}


@contextmanager
def may_write(uri: str, what: str) -> Iterator[None]:
    """UserError where the server at `uri` lets this user only read; `what` says for what more is needed."""
    try:
        yield
    except Exception as error:  # artifacts are refused by another library's exception than runs and models
        if refused_with(error) != 403:
            raise
        raise UserError(
            f"MLflow at {uri} lets this user only read, and {what} needs the permission EDIT; ask its admin, or set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to a user's who has it"
        ) from None


def refused_with(error: BaseException) -> int | None:
    """401 where the server does not know this user, 403 where the user may not do that, None for any other error."""
    code = getattr(getattr(error, "response", None), "status_code", None) or _STATUS.get(
        getattr(error, "error_code", "")
    )
    return code if code in _STATUS.values() else None
