"""Class-balanced epochs: every class equally likely, by seed and epoch alone, told by the manifest alone."""

from collections import Counter

import numpy as np
import pytest

from garment_uv.errors import UserError
from garment_uv.samples.batch_plan import Division, class_balanced, epoch_order
from garment_uv.samples.loader import ALL, SampleLoader
from garment_uv.samples.manifest import Manifest, SequenceEntry
from garment_uv.samples.source import FolderSource
from tests.garment_uv.samples.made import write_folder

WORN = [("Top", "Trousers")] * 70 + [("Dress",)] * 20 + [("Top", "Skirt")] * 9 + [("Jumpsuit",)]


@pytest.fixture(scope="module")
def manifest(dataset):
    """100 samples of four sequences in shards of 40, 40 and 20."""
    plain = Manifest.load(dataset / "manifest.json")
    sequences = [
        SequenceEntry(split="train", sequence=f"{i:05d}", frames=frames, garments=garments, topology="default")
        for i, (garments, frames) in enumerate(Counter(WORN).items())
    ]
    shards = []
    for number, first in enumerate((0, 40, 80)):
        worn = WORN[first : first + 40]
        counts = Counter(name for garments in worn for name in garments)
        shard = plain.shards[0].plain() | {"key": f"train/shard-{number:06d}.tar", "samples": len(worn)}
        shards.append(shard | {"class_counts": dict(sorted(counts.items()))})
    return Manifest.from_plain(plain.plain() | {"shards": shards, "sequences": [s.plain() for s in sequences]})


def test_every_class_is_equally_likely(manifest):
    weights = class_balanced(manifest, "train")
    assert weights.shape == (100,) and np.isclose(weights.sum(), 1) and (weights > 0).all()
    # by hand: five classes; Top is worn by 79 samples, Trousers by 70
    assert np.isclose(weights[0], (1 / 79 + 1 / 70) / 5) and np.isclose(weights[99], 1 / 5)
    drawn: Counter[str] = Counter()
    for epoch in range(400):
        for shard, position in epoch_order([40, 40, 20], 3, epoch, True, weights):
            drawn.update(WORN[40 * shard + position])
    expected = {name: 0.0 for name in drawn}
    for garments, weight in zip(WORN, weights, strict=True):
        for name in garments:
            expected[name] += 40000 * weight
    for name, count in drawn.items():
        assert abs(count - expected[name]) < 5 * np.sqrt(expected[name]), name
    assert min(drawn.values()) > 8000 - 5 * np.sqrt(8000)  # a fifth of the draws names each class


def test_a_manifest_that_does_not_tell_is_refused(manifest, dataset):
    with pytest.raises(UserError, match="does not tell what the samples of train/shard-000000.tar wear"):
        class_balanced(Manifest.load(dataset / "manifest.json"), "train")
    swapped = manifest.plain()
    swapped["sequences"] = swapped["sequences"][::-1]
    with pytest.raises(UserError, match="set data.balance=none"):
        class_balanced(Manifest.from_plain(swapped), "train")


def test_batches_are_drawn_by_seed_and_epoch_and_divided_among_processes(tmp_path):
    write_folder(tmp_path / "set", tmp_path / "scratch", train=12, val=1, per_shard=5)
    weights = np.array([0.5] + [0.5 / 11] * 11)

    def keys(epoch: int, division: Division = ALL, seed: int = 1) -> list[list[str]]:
        source = FolderSource(tmp_path / "set")
        loader = SampleLoader(source, "train", 4, seed=seed, division=division, weights=weights)
        return [batch.keys for batch in loader.batches(epoch)]

    whole = keys(0)
    assert sum(map(len, whole)) == 12 and whole == keys(0)
    assert whole != keys(1) and whole != keys(0, seed=2)
    halves = zip(keys(0, Division(0, 2)), keys(0, Division(1, 2)), strict=True)
    assert [one + other for one, other in halves] == whole
    counts = Counter(key for epoch in range(40) for batch in keys(epoch) for key in batch)
    assert 160 < counts["train-00001-0000"] < 320  # 240 are expected of 480
