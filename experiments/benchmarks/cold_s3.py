"""Cold shards from S3 through the node's cache, against boto3 alone reading the same bytes in parallel ranges.

Run by `python experiments/benchmarks/cold_s3.py`. The server is a real S3-compatible one on loopback. Each round reads
every shard twice, in an order that alternates: by boto3's ranged reads into memory, which are then thrown away, of as
many parts at a time as ours has; and by ours, to checked files in an empty cache. Both are connected before. Server
and client share the processors, which favours whoever does less: the sha256 and the file are in ours alone. Exits 1
where the goal is missed.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import boto3
import numpy as np
from botocore.config import Config

from experiments.benchmarks.conditions import conditions, write_csv
from garment_sweeps.storage.cache import NodeCache
from garment_sweeps.storage.ranges import PART_BYTES, PARTS_AT_ONCE
from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.uri import S3Location
from garment_uv.files import file_digest
from tests.servers.s3 import s3_server

GOAL = 0.8
BUCKET, READ = "cold-shards", 2**20


def main() -> int:
    """Uploads made-up shards, reads them in both ways, and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--mib", type=int, default=64, help="of a shard")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with s3_server() as server, tempfile.TemporaryDirectory(prefix="garment-cold-") as name:
        os.environ |= server.environment
        store = S3Store(S3Location(BUCKET, "set"))
        shards = upload(options, store, Path(name))
        ways = [partial(boto3_alone, connected()), partial(through_the_cache, store, Path(name))]
        rounds = []
        for number in range(-1, options.rounds):  # the first one is to warm up
            taken = {way: timed(way, shards) for way in (ways if number % 2 else reversed(ways))}
            if number >= 0:
                rounds.append([taken[way] for way in ways])
    return report(options, server.kind, shards, rounds)


def connected():
    """boto3's own client."""
    quiet = "when_required"
    return boto3.client("s3", config=Config(request_checksum_calculation=quiet, response_checksum_validation=quiet))


def upload(options, store: S3Store, folder: Path) -> dict[str, tuple[int, str]]:
    """Made-up shards of random bytes in the store: (bytes, sha256) by name."""
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    shards, rng = {}, np.random.default_rng(options.seed)
    for number in range(options.shards):
        path = folder / f"shard-{number:06d}.tar"
        path.write_bytes(rng.bytes(options.mib * 2**20))
        shards[path.name] = file_digest(path)
        store.upload(path.name, path, read_back=False)
        path.unlink()
    return shards


def boto3_alone(client, shards: dict[str, tuple[int, str]]) -> None:
    """Ranged reads of all shards, one after the other, into memory."""

    def read(name: str, start: int) -> int:
        body = client.get_object(Bucket=BUCKET, Key=f"set/{name}", Range=f"bytes={start}-{start + PART_BYTES - 1}")
        return sum(len(block) for block in iter(lambda: body["Body"].read(READ), b""))

    with ThreadPoolExecutor(PARTS_AT_ONCE) as threads:
        for name, (size, _) in shards.items():
            parts = range(0, size, PART_BYTES)
            if sum(threads.map(read, [name] * len(parts), parts)) != size:
                raise RuntimeError(f"{name} came short")


def through_the_cache(store: S3Store, folder: Path, shards: dict[str, tuple[int, str]]) -> None:
    """What a trial does: each shard to a checked file of an empty cache."""
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        cache = NodeCache(empty, 10**12)
        for name, (size, sha256) in shards.items():
            with cache.open(name, sha256, size, partial(store.download_large, name, size=size)):
                pass


def timed(way, shards: dict[str, tuple[int, str]]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    way(shards)
    return time.perf_counter() - began


def report(options, kind: str, shards: dict[str, tuple[int, str]], rounds: list[list[float]]) -> int:
    """Prints and keeps the figures, and says whether the goal is reached."""
    about = f"{options.shards} shards of {options.mib} MiB from {kind} on loopback; {conditions(options.seed)}"
    megabytes = sum(size for size, _ in shards.values()) / 1e6
    print(about)
    rows = [
        (number, round(megabytes / theirs, 1), round(megabytes / ours, 1), round(theirs / ours, 3))
        for number, (theirs, ours) in enumerate(rounds)
    ]
    columns = ("round", "boto3_mb_per_s", "ours_mb_per_s", "ours_over_boto3")
    write_csv("cold_s3", about, columns, rows)
    for name, column in zip(columns[1:], list(zip(*rows, strict=True))[1:], strict=True):
        print(f"{name:>16}: median {median(column):8.3f}, from {min(column):.3f} to {max(column):.3f}")
    ratio = median(row[3] for row in rows)
    print(f"{'reached' if ratio >= GOAL else 'NOT REACHED'}: {ratio:.3f} of boto3's own ranged reads (goal {GOAL})")
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
