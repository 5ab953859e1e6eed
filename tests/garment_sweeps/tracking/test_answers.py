"""Which errors of MLflow's client pass, and which come again for ever."""

import io

import pytest
import requests
from botocore.exceptions import ClientError
from mlflow.exceptions import MlflowException, RestException
from mlflow.protos import databricks_pb2
from mlflow.utils.rest_utils import verify_rest_response

from garment_sweeps.tracking.answers import insisted, is_away, is_refused, stumbled


def answered(status: int, text: str) -> Exception:
    """What MLflow's client raises at such an answer."""
    response = requests.Response()
    response.status_code, response.raw = status, io.BytesIO(text.encode())
    with pytest.raises(MlflowException) as caught:
        verify_rest_response(response, "/api/2.0/mlflow/runs/log-batch")
    return caught.value


def own(code: str, message: str = "why") -> Exception:
    return RestException({"error_code": code, "message": message})


def of_a_file(status: int, text: str = "") -> Exception:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(f"{status} for url. Response text: {text}", response=response)


def from_s3(code: str) -> Exception:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "PutObject")


DATABASE = "{} (Background on this error at: https://sqlalche.me/e/20/x)"


@pytest.mark.parametrize(
    "error",
    [
        own("INVALID_PARAMETER_VALUE"), own("BAD_REQUEST"), own("RESOURCE_DOES_NOT_EXIST"),
        MlflowException("in a local store", error_code=databricks_pb2.INVALID_PARAMETER_VALUE),
        own("BAD_REQUEST", DATABASE.format("(psycopg2.errors.StringDataRightTruncation) value too long")),
        own("BAD_REQUEST", DATABASE.format("(sqlite3.IntegrityError) FOREIGN KEY constraint failed")),
        answered(400, "<html>"), answered(413, "<html>too large"), answered(414, ""), answered(422, "{}"[:0]),
        answered(431, "x"), of_a_file(413), of_a_file(400), of_a_file(404, '{"error_code": "RESOURCE_DOES_NOT_EXIST"}'),
        from_s3("EntityTooLarge"), FileNotFoundError("of the record"),
    ],
)  # fmt: skip
def test_what_is_refused_for_good(error):
    assert is_refused(error) and not is_away(error)


@pytest.mark.parametrize(
    "error",
    [
        own("UNAUTHENTICATED"), own("PERMISSION_DENIED"), own("RESOURCE_CONFLICT"), own("REQUEST_LIMIT_EXCEEDED"),
        own("TEMPORARILY_UNAVAILABLE"), own("INTERNAL_ERROR"), own("INVALID_STATE"),
        own("BAD_REQUEST", DATABASE.format("QueuePool limit of size 5 overflow 10 reached")),
        own("BAD_REQUEST", DATABASE.format("(psycopg2.DatabaseError) server closed the connection unexpectedly")),
        answered(401, "x"), answered(403, "x"), answered(404, "default backend"), answered(408, "x"),
        answered(409, "x"), answered(425, "x"), answered(429, "x"), answered(500, "x"), answered(502, "x"),
        answered(503, "x"), of_a_file(401), of_a_file(403), of_a_file(404, "nobody here"), of_a_file(503),
        from_s3("AccessDenied"), from_s3("SlowDown"), from_s3("ExpiredToken"), from_s3("BadDigest"),
        requests.ConnectionError("refused"), requests.Timeout("slow"), ConnectionResetError("cut"),
        OSError(28, "No space left on device"), PermissionError(13, "Permission denied"),
        MlflowException("API request to http://h failed with exception: timed out"),
    ],
)  # fmt: skip
def test_what_passes_or_can_be_mended(error):
    assert is_away(error) and not is_refused(error)


def test_an_error_of_our_own_is_neither():
    assert not is_away(KeyError("x")) and not is_refused(KeyError("x"))


def test_a_server_that_fails_at_one_request_is_told_from_one_that_is_away():
    assert stumbled(own("INTERNAL_ERROR")) and stumbled(answered(500, "x"))
    many = "Max retries exceeded (Caused by ResponseError('too many 500 error responses'))"
    assert stumbled(MlflowException(f"API request to http://h failed with exception {many}"))
    assert not stumbled(MlflowException("API request to http://h failed with exception refused"))
    assert not stumbled(own("TEMPORARILY_UNAVAILABLE")) and not stumbled(ConnectionError("x"))


def test_a_refusal_counts_when_it_is_repeated(monkeypatch):
    monkeypatch.setattr("garment_sweeps.tracking.answers.SETTLE_S", 0.0)
    answers = [own("BAD_REQUEST"), own("BAD_REQUEST"), None]

    def ask() -> str:
        error = answers.pop(0)
        if error is not None:
            raise error
        return "taken"

    assert insisted(ask) == "taken"
    answers += [own("BAD_REQUEST")] * 3
    with pytest.raises(RestException):
        insisted(ask)
    answers += [own("INTERNAL_ERROR"), None]
    with pytest.raises(RestException):
        insisted(ask)
    assert answers == [None]
