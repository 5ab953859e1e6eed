"""Makes the buckets that are not there yet; endpoint and keys come from boto3's own chain.

Usage: python make_buckets.py BUCKET [BUCKET ...]
"""

import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

PATIENT = Config(retries={"total_max_attempts": 10, "mode": "standard"})
"""A store that has just started answers some requests with an error."""


def make_buckets(names: list[str]) -> None:
    """Buckets of these names, private as every new bucket is."""
    client = boto3.client("s3", config=PATIENT)
    there = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    for name in names:
        if name in there:
            continue
        try:
            client.create_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
                raise
        print(f"bucket {name}", flush=True)


if __name__ == "__main__":
    make_buckets(sys.argv[1:])
