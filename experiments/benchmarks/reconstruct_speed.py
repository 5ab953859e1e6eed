"""Seconds that `garment reconstruct` takes for a picture, once its model is loaded, at full size.

    garment data benchmark --out .garment/open192 --size 256 --workers 2
    python experiments/benchmarks/reconstruct_speed.py

Pictures and bodies are samples of the benchmark set. The networks are of full size (the defaults) and untrained, but
see a Dress wherever they look, the garment of most vertices. Per form: seconds a picture until the meshes are there,
and until .glb and .png are written. 'loaded' is what a folder or a video costs; 'loaded anew' loads model and body for
every picture, as one command for each does (without Python's own start); 'program' is the exported model, loaded.

'switches' are how often the kernel took a processor away from this process while the meshes were made: its threads wait
for each other, so that one which has to give way to another program holds up both. A longest picture with many more of
them than the median one was disturbed, and says nothing of the model.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from garment_uv.classes import CLASS_IDS
from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile
from garment_uv.inference.export import export_model
from garment_uv.inference.reconstructor import Reconstructor
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.outputs import write_files
from garment_uv.samples.sample import Sample
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.training.model_file import TrainedOn, save_model
from garment_uv.training.trial import published_architecture
from garment_uv.viewing.reconstruct import files_of, reconstruct

GOAL_S = 2.0
COLUMNS = (
    "form", "pictures", "median_s", "longest_s", "median_with_files_s", "times_loaded",
    "median_switches", "switches_of_longest",
)  # fmt: skip


def main() -> int:
    """Print and write `experiments/results/reconstruct_speed.csv`; 1 where the dataset cannot be read."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from experiments.benchmarks.conditions import conditions, write_csv

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=".garment/open192/256", help="the benchmark set, 256 texels")
    parser.add_argument("--pictures", type=int, default=12, help="of the split 'test', evenly spaced")
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    try:
        source = FolderSource(chosen.data)
        samples = list(iterate_samples(source, "test", chosen.pictures))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    if len(samples) < 2:
        print(f"--pictures must be at least 2, was {chosen.pictures}: the first one is not counted", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as work:
        model = make_model(source, Path(work) / "model")
        loaded, program = Reconstructor(model), Path(work) / "program"
        gap = export_model(model, program)
        exported = Reconstructor(program)
        forms: dict[str, Callable[[], Reconstructor]] = {
            "loaded": lambda: loaded,
            "program": lambda: exported,
            "loaded anew": lambda: Reconstructor(model),
        }
        found = {form: measure(samples, make, Path(work) / "out") for form, make in forms.items()}
    base, rows = statistics.median(found["loaded"][0]), []
    for form, (made, written, switches) in found.items():
        median = statistics.median(made)
        seconds = [f"{value:.3f}" for value in (median, max(made), statistics.median(written))]
        disturbed = [round(statistics.median(switches)), switches[made.index(max(made))]]
        rows.append([form, len(made), *seconds, f"{median / base:.2f}", *disturbed])
    about = (
        f"{conditions(0)}; {chosen.threads} threads; dataset {source.manifest.digest()}; the program's displacements "
        f"within {gap:.1e} m of the model's"
    )
    write_csv("reconstruct_speed", about, COLUMNS, rows)
    print(about)
    for row in (COLUMNS, *rows):
        print("".join(f"{cell!s:>22}" for cell in row))
    reached = statistics.median(found["loaded"][1])
    print(f"{reached:.2f} s a picture with its files, the goal is {GOAL_S} s: {GOAL_S / reached:.1f} times as fast")
    return 0


def make_model(source: FolderSource, folder: Path) -> Path:
    """Full-size networks that see a Dress everywhere, for the dataset's body and maps."""
    manifest = source.manifest
    config = published_architecture().with_values({"generator.unwrap_image": True})
    torch.manual_seed(0)
    generator = GarmentGenerator(config.generator)
    with torch.no_grad():
        generator.segment_head.last.bias[CLASS_IDS["Dress"]] = 50.0
    trained_on = TrainedOn(
        dataset_version=manifest.digest(),
        body_model=manifest.body.name,
        body_digest=manifest.body.body_digest,
        subdivisions=manifest.subdivisions,
        image_size=manifest.image_size,
    )
    save_model(folder, generator, config, source.atlas(), trained_on, 0)
    return folder


def measure(
    samples: list[Sample], make: Callable[[], Reconstructor], out: Path
) -> tuple[list[float], list[float], list[int]]:
    """Seconds until the meshes and until the files, and switches, of each sample after the first, which warms up."""
    made, written, switches = [], [], []
    for sample in samples:
        body = BodyFile.of_frame(sample.body, "anny")
        begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        result = reconstruct(make(), sample.image, body)
        made.append(time.perf_counter() - begun)
        switches.append(resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before)
        write_files(files_of(result, out / "picture.glb", sample.key, estimated=False))
        written.append(time.perf_counter() - begun)
    return made[1:], written[1:], switches[1:]


if __name__ == "__main__":
    sys.exit(main())
