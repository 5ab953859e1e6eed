"""What preparing the full CLOTH3D++ would cost, from measured rates: core-hours, bytes and requests.

    python experiments/benchmarks/preparation_cost.py [--sequences 6] [--short 12] [--long 120] [--seed 0]

The same made-up sequences are prepared at the default sizes with few and with many frames, from S3 to S3 (a server of
the tests on loopback) in one process: the difference is what a frame costs, the rest what a sequence costs. Core-hours
are processor time, so that other work on the machine weighs little; requests and bytes are counted where they are
sent; evaluation splits carry the raw meshes too, which these do not. Writes `experiments/results/preparation_cost.csv`.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import boto3
from botocore.httpsession import URLLib3Session

from experiments.benchmarks.conditions import conditions, write_csv
from garment_sweeps.storage import open_sink
from garment_sweeps.storage.s3_raw import open_raw
from garment_uv.body import load_body
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.prepare import prepare
from tests.servers.s3 import s3_server

SEQUENCES, FRAMES = 8_000, 2_000_000
"""Of CLOTH3D++, as published: over 8,000 sequences and over two million frames."""
BUCKET = "cost"
KINDS = ("GET", "PUT", "LIST")


class Measured:
    """What one preparation took."""

    def __init__(self, raw: Path, uri: str, frames: int) -> None:
        client = boto3.client("s3")
        for path in raw.rglob("*"):
            if path.is_file():
                client.upload_file(str(path), BUCKET, f"raw{frames}/{path.relative_to(raw).as_posix()}")
        self.raw_bytes = sum(path.stat().st_size for path in raw.rglob("*") if path.is_file())
        body = load_body("anny")
        requests: Counter[str] = Counter()
        send = URLLib3Session.send

        def counted(session: URLLib3Session, request):
            kind = "LIST" if "list-type=2" in request.url else request.method
            requests[kind] += 1
            return send(session, request)

        with mock.patch.object(URLLib3Session, "send", counted):
            start = time.process_time()
            made = prepare(open_raw(f"s3://{BUCKET}/raw{frames}"), open_sink(uri), body, PrepareOptions())
            self.seconds = time.process_time() - start
        self.requests = requests
        self.frames = sum(shard.samples for shard in made.shards)
        self.shards = len(made.shards)
        self.bytes = sum(shard.bytes for shard in made.shards)
        self.sequences = len(made.sequences)


def slope(few: Measured, many: Measured, of) -> tuple[float, float]:
    """(a sequence's share, a frame's share) of a quantity."""
    each = (of(many) - of(few)) / (many.frames - few.frames)
    return max(0.0, of(few) - each * few.frames) / few.sequences, each


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=6)
    parser.add_argument("--short", type=int, default=12, help="frames of the few")
    parser.add_argument("--long", type=int, default=120, help="frames of the many")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="garment-cost-")))
        server = stack.enter_context(s3_server())
        stack.enter_context(mock.patch.dict(os.environ, server.environment))
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        measured = []
        for frames in (1, options.short, options.long):  # the first warms up what is compiled once
            raw = folder / f"raw{frames}"
            synthesize(raw, options.sequences, frames, options.seed, {"train": 1.0})
            measured.append(Measured(raw, f"s3://{BUCKET}/set{len(measured)}", frames))
            print(f"{frames} frames: {measured[-1].seconds:.1f} s, {dict(measured[-1].requests)}", flush=True)
    _, few, many = measured
    rows = []
    for name, of, unit, scale in (
        ("processor time", lambda m: m.seconds, "core-hours", 3600),
        ("raw bytes read", lambda m: m.raw_bytes, "TB", 1e12),
        ("shards' bytes written", lambda m: m.bytes, "TB", 1e12),
        *((f"{kind} requests", lambda m, kind=kind: m.requests[kind], "million", 1e6) for kind in KINDS),
        ("POST and DELETE requests", lambda m: m.requests["POST"] + m.requests["DELETE"], "million", 1e6),
    ):
        sequence, frame = slope(few, many, of)
        whole = (sequence * SEQUENCES + frame * FRAMES) / scale
        rows.append((name, round(sequence, 4), round(frame, 6), round(whole, 4), unit))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    rows.append(("peak memory of the process", "", "", round(peak), "MiB"))
    about = conditions(options.seed)
    print(about)
    columns = ("what", "a sequence", "a frame", f"{SEQUENCES} sequences of {FRAMES} frames in all", "unit")
    for row in (columns, *rows):
        print("  ".join(f"{value!s:>26}" for value in row))
    print(write_csv("preparation_cost", about, columns, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
