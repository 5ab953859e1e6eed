"""What body noise is worth in millimetres, what it costs, and that the true garment survives it.

    garment data benchmark --out .garment/open192 --size 128 --workers 2
    OMP_NUM_THREADS=1 python experiments/benchmarks/body_noise.py

Per size of noise: mean error of the joints and of the body's surface, S2S of the true maps on the noisy bodies (which
should stay at the floor that registration leaves), S2S of garments that are carried along by the noisy body, and the
processor time to perturb a sample, most of which is posing the body.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from garment_uv.body import BodyParameters
from garment_uv.errors import UserError
from garment_uv.metrics.evaluate import evaluate_sample
from garment_uv.samples.config import AS_ESTIMATED, BodyNoiseConfig
from garment_uv.samples.other_body import BodyNoise, BodyPoser
from garment_uv.samples.sample import FrameBody, Sample
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.uv.sampling import read_vertices

COLUMNS = (
    "noise", "pose_degrees", "shape", "joints_mm", "surface_mm", "true_map_s2s_mm", "carried_s2s_mm",
    "processor_ms_a_sample",
)  # fmt: skip
SIZES: dict[str, BodyNoiseConfig] = {
    "none": BodyNoiseConfig(),
    "4 degrees": BodyNoiseConfig(pose_degrees=4),
    "6 degrees, shape": BodyNoiseConfig(pose_degrees=6, shape=0.5),
    "as estimated": AS_ESTIMATED,
    "10 degrees, shape": BodyNoiseConfig(pose_degrees=10, shape=0.5),
    "shape alone": BodyNoiseConfig(shape=0.5),
}


def main() -> int:
    """Print and write `experiments/results/body_noise.csv`; 1 where the dataset cannot be read."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from experiments.benchmarks.conditions import conditions, write_csv

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=".garment/open192/128", help="the benchmark set")
    parser.add_argument("--samples", type=int, default=36, help="of the split 'val', evenly spaced")
    chosen = parser.parse_args()
    try:
        source = FolderSource(chosen.data)
        samples = list(iterate_samples(source, "val", chosen.samples))
        poser = BodyPoser.of_dataset(source)
        rows = [measure(name, noise, source, samples, poser) for name, noise in SIZES.items()]
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    about = f"{conditions(0)}; {len(samples)} samples of dataset {source.manifest.digest()}"
    path = write_csv("body_noise", about, COLUMNS, rows)
    print(about, *(", ".join(map(str, row)) for row in (COLUMNS, *rows)), f"wrote {path}", sep="\n")
    return 0


def measure(name: str, config: BodyNoiseConfig, source: FolderSource, samples: list[Sample], poser: BodyPoser) -> tuple:
    """One line of the table, seed 0."""
    atlas, noise = source.atlas(), BodyNoise(config, source, seed=0)
    noise(samples[0])
    joints, surface, true, carried, seconds = [], [], [], [], []
    for sample in samples:
        began = time.process_time()
        seen = noise(sample)
        seconds.append(time.process_time() - began)
        apart = _joints(poser, seen.body) - _joints(poser, sample.body)
        joints.append(np.linalg.norm(apart[1:], axis=1).mean())
        surface.append(np.linalg.norm(seen.body_vertices - sample.body_vertices, axis=1).mean())
        true.append(_s2s_mm(atlas, seen, seen.displacement_uv))
        carried.append(_s2s_mm(atlas, seen, sample.displacement_uv))
    means = [1000 * statistics.mean(joints), 1000 * statistics.mean(surface)]
    means += [statistics.mean(true), statistics.mean(carried), 1000 * statistics.median(seconds)]
    return (name, config.pose_degrees, config.shape, *(f"{value:.2f}" for value in means))


def _joints(poser: BodyPoser, body: FrameBody) -> np.ndarray:
    return poser.model.joints(BodyParameters(body.gender, body.shape, body.pose))


def _s2s_mm(atlas, sample: Sample, displacement_uv: np.ndarray) -> float:
    scores = evaluate_sample(atlas, sample, read_vertices(atlas, displacement_uv))
    return statistics.mean(score.s2s.mean_mm for score in scores)


if __name__ == "__main__":
    sys.exit(main())
