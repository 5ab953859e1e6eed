"""Each answer of a store becomes one line with its mend, and only what may pass is tried again."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)

from garment_sweeps.storage.s3_errors import DamagedInTransit, Missing, transient, user_error_of
from garment_sweeps.storage.uri import S3Location
from garment_uv.errors import UserError


def answer(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code, "Message": "two\nlines"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    "error, words, again",
    [
        (answer("NoSuchBucket", 404), "there is no bucket 'b' at E", False),
        (answer("SignatureDoesNotMatch", 403), "refuses the credentials", False),
        (answer("InvalidAccessKeyId", 403), "refuses the credentials", False),
        (answer("ExpiredToken", 400), "refuses the credentials", False),
        (answer("AccessDenied", 403), "denies access", False),
        (answer("403", 403), "denies access", False),
        (answer("ConditionalRequestConflict", 409), "answered ConditionalRequestConflict", True),
        (answer("SlowDown", 503), "answered SlowDown", True),
        (answer("", 500), "answered 500", True),
        (answer("BadDigest", 400), "answered BadDigest", True),
        (answer("EntityTooLarge", 400), "answered EntityTooLarge", False),
        (EndpointConnectionError(endpoint_url="E"), "unreachable", True),
        (ConnectTimeoutError(endpoint_url="E"), "unreachable", True),
        (ReadTimeoutError(endpoint_url="E"), "unreachable", True),
        (NoCredentialsError(), "AWS_ACCESS_KEY_ID", False),
        (ProfileNotFound(profile="p"), "check the AWS settings", False),
        (DamagedInTransit("not what was sent"), "not what was sent", True),
    ],
)
def test_each_answer(error, words, again):
    said = user_error_of(error, "write x", S3Location("b", "p"), "E")
    assert isinstance(said, UserError)
    assert str(said).startswith("cannot write x at s3://b/p: ") and words in str(said) and "\n" not in str(said)
    assert transient(error) is again


@pytest.mark.parametrize("code", ["NoSuchKey", "404"])
def test_an_absent_object_is_missing(code):
    assert isinstance(user_error_of(answer(code, 404), "read x", S3Location("b", "p"), "E"), Missing)
