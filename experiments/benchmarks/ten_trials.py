"""Ten trials started at once on one node: how often each shard is downloaded, and what each trial says of its cache.

Run by `python experiments/benchmarks/ten_trials.py`. Trials are processes of their own that train a small model with a
loader's process each, from a real S3-compatible server behind a proxy that counts requests. Exits 1 unless each shard
was downloaded once.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import boto3

from experiments.benchmarks.conditions import conditions, write_csv
from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.uri import S3Location
from garment_uv.samples.manifest import MANIFEST_KEY, Manifest
from tests.garment_uv.cylinder import small_config, write_dataset
from tests.servers.fault_proxy import fault_proxy
from tests.servers.s3 import s3_server

BUCKET, DATASET = "ten-trials", "set"
DATA = ("cache_hit_rate", "shards_fetched", "shard_wait_s", "loader_wait")
TRIAL = """
import json, sys
from pathlib import Path
from garment_sweeps.storage import open_source
from garment_uv.training.trial import TrialConfig
from garment_uv.training.run import train_to_end
config = TrialConfig.from_plain(json.loads(sys.argv[1]))
if __name__ == "__main__":
    train_to_end(config, open_source(config.data.uri), Path(sys.argv[2]), ())
"""
"""What each trial's process runs, given its config as JSON and its folder."""


def main() -> int:
    """Uploads a dataset, starts the trials, and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--samples", type=int, default=40, help="to train on, five to a shard")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with s3_server() as server, tempfile.TemporaryDirectory(prefix="garment-ten-") as name:
        os.environ |= server.environment | {"GARMENT_CACHE_DIR": f"{name}/cache", "OMP_NUM_THREADS": "1"}
        manifest = upload(options, Path(name))
        with fault_proxy(server.endpoint) as proxy:
            os.environ["AWS_ENDPOINT_URL_S3"] = proxy.endpoint
            curves = run_trials(options, Path(name))
    gets = {shard.key: proxy.asked["GET", f"/{BUCKET}/{DATASET}/{shard.key}"] for shard in manifest.shards}
    return report(options, server.kind, gets, curves)


def upload(options, folder: Path) -> Manifest:
    """A small dataset in the store."""
    dataset = write_dataset(folder / "dataset", train=options.samples)
    manifest = Manifest.load(dataset / MANIFEST_KEY)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    store = S3Store(S3Location(BUCKET, DATASET))
    for key in (*(shard.key for shard in manifest.shards), manifest.atlas.key, MANIFEST_KEY):
        store.upload(key, dataset / key)
    return manifest


def run_trials(options, folder: Path) -> list[list[dict[str, float]]]:
    """All trials at once, each with a seed of its own: their curves."""
    begun = []
    for number in range(options.trials):
        changes = {"data.uri": f"s3://{BUCKET}/{DATASET}", "data.workers": 1, "training.epochs": options.epochs}
        changes |= {"seed": options.seed + number, "training.threads": 1}
        config = json.dumps(small_config(**changes).plain())
        begun.append(subprocess.Popen([sys.executable, "-c", TRIAL, config, str(folder / f"t{number}")]))
    if any(process.wait() for process in begun):
        raise RuntimeError("a trial failed")
    curves = [(folder / f"t{number}" / "curve.jsonl").read_text() for number in range(options.trials)]
    return [[json.loads(line) for line in curve.splitlines()] for curve in curves]


def report(options, kind: str, gets: dict[str, int], curves: list[list[dict[str, float]]]) -> int:
    """Prints and keeps the figures, and says whether each shard came once."""
    about = f"{options.trials} trials, {len(gets)} shards from {kind}; {conditions(options.seed)}"
    rows = [
        (trial, int(epoch["epoch"]), *(round(epoch[f"data/{name}"], 4) for name in DATA))
        for trial, curve in enumerate(curves)
        for epoch in curve
    ]
    write_csv("ten_trials", about, ("trial", "epoch", *DATA), rows)
    print(about)
    print(f"GETs of each shard: {gets}")
    for epoch in range(options.epochs):
        of_epoch = [curve[epoch] for curve in curves]
        fetched = int(sum(values["data/shards_fetched"] for values in of_epoch))
        rates = [values["data/cache_hit_rate"] for values in of_epoch]
        waits = [values["data/shard_wait_s"] for values in of_epoch]
        print(
            f"epoch {epoch + 1}: {fetched} files fetched by all trials together; hit rates {min(rates):.3f} to "
            f"{max(rates):.3f}; waits for shards {min(waits):.3f} to {max(waits):.3f} s"
        )
    reached = set(gets.values()) == {1}
    print("reached: each shard was downloaded once" if reached else "NOT REACHED: a shard did not come once")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
