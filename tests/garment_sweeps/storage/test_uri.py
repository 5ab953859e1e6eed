"""Dataset URIs."""

from pathlib import Path

import pytest

from garment_sweeps.storage.uri import S3Location, parse_uri
from garment_uv.errors import UserError


@pytest.mark.parametrize(
    "uri, place",
    [
        (".garment/dataset", Path(".garment/dataset")),
        ("/data/set", Path("/data/set")),
        ("file:///data/a%20set", Path("/data/a set")),
        ("s3://bucket/a/b", S3Location("bucket", "a/b")),
        ("s3://bucket/a/b/", S3Location("bucket", "a/b")),
        ("s3://bucket", S3Location("bucket", "")),
    ],
)
def test_what_is_allowed(uri, place):
    assert parse_uri(uri) == place


def test_keys_below_a_location():
    assert S3Location("b", "p/q").key("train/x") == "p/q/train/x"
    assert S3Location("b", "").key("train/x") == "train/x"
    assert (str(S3Location("b", "p")), str(S3Location("b", ""))) == ("s3://b/p", "s3://b")


@pytest.mark.parametrize(
    "uri",
    ["", "  ", "gs://bucket/x", "http://host/x", "s3:/bucket/x", "s3:bucket", "S3X://b/x", "s3://", "s3:///x",
     "s3://b/x", "s3://bucket/a//b", "s3://bucket/../x", "file://host/x", "s3://buck et/x"],
)  # fmt: skip
def test_what_is_refused_in_one_line(uri):
    with pytest.raises(UserError) as told:
        parse_uri(uri)
    assert "\n" not in str(told.value)
