"""The warm loader against a floor of memory-mapped arrays and jpegs, and against webdataset reading the same shards.

Run by `python experiments/benchmarks/loader_speed.py --data DATASET`. Each round passes once over the training split in
four ways, which give the same tensors to the same consumer through torch's DataLoader with the same processes:

- *floor*: every array stands in one memory-mapped file, as it is stored (uint16 codes, uint8 classes), and pictures as
  jpeg; a batch is a slice of each, decoded at once, and its pictures decoded: no tar, no headers, no checks;
- *floor_decoded*: the same with the arrays as the batch holds them (float32, int64), which only have to be copied, but
  are two to eight times as many bytes;
- *ours*: `SampleLoader`, shuffled;
- *webdataset*: `webdataset` reads the shards in stored order, decodes pictures and arrays, and its samples are made
  into the same tensors.

Each way's first pass, with the start of its processes, is not counted. Exits 1 where a goal is missed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import simplejpeg
import torch
import webdataset
from torch.utils.data import DataLoader, Dataset

from experiments.benchmarks.conditions import conditions, write_csv
from garment_uv.samples.batch import Batch
from garment_uv.samples.codec import SampleFormat, read_stored
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import FolderSource, checked_index, sample_format
from garment_uv.uv.codec import decode_u16

FLOOR_GOAL, WEBDATASET_GOAL = 0.85, 1.5
ARRAYS = ("body_uv", "displacement_uv", "segments", "vertex_classes", "body_vertices", "camera")


class Floor(Dataset):
    """Batches from memory-mapped arrays and jpegs."""

    def __init__(self, folder: Path, batches: list[list[int]], told: list[tuple[str, str]], form: SampleFormat) -> None:
        self._folder, self._batches, self._told, self._form = folder, batches, told, form
        self._arrays: dict[str, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Batch:
        if self._arrays is None:
            names = (*ARRAYS, "jpegs", "ends")
            self._arrays = {
                name: np.load(self._folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names
            }
        chosen, arrays = self._batches[number], self._arrays
        pictures = []
        for each in chosen:
            jpeg = arrays["jpegs"][arrays["ends"][each] : arrays["ends"][each + 1]].tobytes()
            pictures.append(simplejpeg.decode_jpeg(jpeg))
        image = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous().float().div_(127.5).sub_(1.0)
        return Batch(
            keys=[self._told[each][0] for each in chosen],
            topology=[self._told[each][1] for each in chosen],
            image=image,
            **{name: torch.from_numpy(decoded(name, arrays[name][chosen], self._form)) for name in ARRAYS},
        )


def decoded(name: str, values: np.ndarray, form: SampleFormat) -> np.ndarray:
    """An array of a batch from what is stored; one that is decoded already as it is."""
    if values.dtype == np.uint16:
        return decode_u16(values, form.displacement_limit_m if name == "displacement_uv" else form.body_limit_m)
    return values.astype(np.int64) if values.dtype == np.uint8 else values


def main() -> int:
    """Prepares the three ways, lets them read in turns, and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".garment/open192/128"), help="a dataset in a folder")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="garment-loader-") as folder:
        source = FolderSource(options.data)
        ways = {
            "floor": floor(source, Path(folder, "stored"), options, lambda name, values, form: values),
            "floor_decoded": floor(source, Path(folder, "decoded"), options, decoded),
            "ours": ours(source, options),
            "webdataset": with_webdataset(source, options),
        }
        check_equal(ways)
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(options.rounds):
            for name in list(ways) if number % 2 else list(ways)[::-1]:
                began = time.perf_counter()
                samples = sum(len(batch) for batch in ways[name](number + 1))
                rates[name].append(samples / (time.perf_counter() - began))
    return report(options, source, rates)


def ours(source: FolderSource, options) -> Callable[[int], Iterator[Batch]]:
    """The loader that trials use."""
    return SampleLoader(source, "train", options.batch_size, seed=options.seed, workers=options.workers).batches


def floor(source: FolderSource, folder: Path, options, kept_as) -> Callable[[int], Iterator[Batch]]:
    """Writes what is stored, or what `kept_as` makes of it, to memory-mapped files, in the order of reading."""
    folder.mkdir()
    form, jpegs, told = sample_format(source.manifest), [], []
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in ARRAYS}
    for entry in source.manifest.split_shards("train"):
        with source.open_shard(entry) as path, open(path, "rb") as file:
            for item in checked_index(path, entry):
                members = item.read(file)
                stored = read_stored(item.key, members, form)
                jpegs.append(members["image.jpg"])
                told.append((item.key, stored.topology))
                for name in ARRAYS:
                    place = {"displacement_uv": "displacement"}.get(name, name)
                    values = stored.body.camera if name == "camera" else getattr(stored, place)
                    arrays[name].append(kept_as(name, values, form))
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", np.stack(values))
    np.save(folder / "ends.npy", np.cumsum([0, *map(len, jpegs)]))
    np.save(folder / "jpegs.npy", np.frombuffer(b"".join(jpegs), np.uint8))
    order = np.split(np.arange(len(told)), range(options.batch_size, len(told), options.batch_size))
    dataset = Floor(folder, [[int(each) for each in batch] for batch in order], told, form)
    reader = _torch_loader(dataset, options)
    return lambda epoch: iter(reader)


def with_webdataset(source: FolderSource, options) -> Callable[[int], Iterator[Batch]]:
    """The shards by webdataset's own pipeline, each sample decoded by it and made into our tensors."""
    form = sample_format(source.manifest)
    urls = [str(options.data / entry.key) for entry in source.manifest.split_shards("train")]
    dataset = webdataset.WebDataset(urls, shardshuffle=False).decode("rgb8")
    dataset = dataset.map(ToArrays(form.displacement_limit_m, form.body_limit_m))
    reader = _torch_loader(dataset.batched(options.batch_size, collation_fn=to_batch), options)
    return lambda epoch: iter(reader)


class ToArrays:
    """Of what webdataset decodes, the arrays of a batch."""

    def __init__(self, displacement_limit_m: float, body_limit_m: float) -> None:
        self._scales = {"displacement": displacement_limit_m / 32767, "body": body_limit_m / 32767}

    def __call__(self, item: dict) -> dict:
        def metres(name: str, scale: str) -> np.ndarray:
            return (item[name].astype(np.float32) - np.float32(32768)) * np.float32(self._scales[scale])

        return {
            "key": item["__key__"],
            "topology": item["json"]["topology"],
            "image": item["image.jpg"],
            "body_uv": metres("body.npy", "body"),
            "displacement_uv": metres("displacement.npy", "displacement"),
            "segments": item["segments.npy"].astype(np.int64),
            "vertex_classes": item["vertex_classes.npy"].astype(np.int64),
            "body_vertices": metres("body_vertices.npy", "body"),
            "camera": np.asarray(item["json"]["body"]["camera"], np.float32),
        }


def to_batch(items: list[dict]) -> Batch:
    """Stacks what `ToArrays` gave."""
    image = torch.from_numpy(np.stack([item["image"] for item in items])).permute(0, 3, 1, 2).contiguous()
    return Batch(
        keys=[item["key"] for item in items],
        topology=[item["topology"] for item in items],
        image=image.float().div_(127.5).sub_(1.0),
        **{name: torch.from_numpy(np.stack([item[name] for item in items])) for name in ARRAYS},
    )


def _torch_loader(dataset, options) -> DataLoader:
    started = {"multiprocessing_context": "spawn", "persistent_workers": True, "prefetch_factor": 2}
    return DataLoader(dataset, batch_size=None, num_workers=options.workers, **(started if options.workers else {}))


def check_equal(ways: dict[str, Callable[[int], Iterator[Batch]]]) -> None:
    """All give each sample of the split once, with the same numbers; RuntimeError otherwise."""
    found = {}
    for name, way in ways.items():
        found[name] = {
            key: [getattr(batch, field)[at] for field in ("image", *ARRAYS)]
            for batch in way(0)
            for at, key in enumerate(batch.keys)
        }
    for name, samples in found.items():
        if samples.keys() != found["ours"].keys():
            raise RuntimeError(f"{name} gives {len(samples)} samples, ours {len(found['ours'])}")
        for key, tensors in samples.items():
            for one, other in zip(tensors, found["ours"][key], strict=True):
                if one.dtype != other.dtype or not torch.allclose(one, other, rtol=1e-6, atol=1e-7):
                    raise RuntimeError(f"{name} gives another {key}")


def report(options, source: FolderSource, rates: dict[str, list[float]]) -> int:
    """Prints and keeps the figures, and says whether the goals are reached."""
    manifest = source.manifest
    what = f"{manifest.num_samples('train')} samples of {manifest.atlas.size} texels, {manifest.image_size} px"
    about = f"{what}, batches of {options.batch_size}, {options.workers} processes; {conditions(options.seed)}"
    print(about)
    others = [name for name in rates if name != "ours"]
    rows = [
        (
            number,
            *(round(rates[name][number], 1) for name in rates),
            *(round(rates["ours"][number] / rates[name][number], 3) for name in others),
        )
        for number in range(options.rounds)
    ]
    columns = ("round", *(f"{name}_per_s" for name in rates), *(f"ours_over_{name}" for name in others))
    write_csv(f"loader_speed_{manifest.atlas.size}", about, columns, rows)
    for column, values in zip(columns[1:], list(zip(*rows, strict=True))[1:], strict=True):
        print(f"{column:>22}: median {median(values):9.3f}, from {min(values):.3f} to {max(values):.3f}")
    *over_floors, over_webdataset = (median(values) for values in list(zip(*rows, strict=True))[-len(others) :])
    reached = min(over_floors) >= FLOOR_GOAL and over_webdataset >= WEBDATASET_GOAL
    print(f"{'reached' if reached else 'NOT REACHED'}: {FLOOR_GOAL} of both floors and {WEBDATASET_GOAL} x webdataset")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
