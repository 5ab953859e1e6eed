"""Batches: the right numbers, in an order of (seed, epoch) alone, whoever decodes them."""

import dataclasses
import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.samples import loader as loader_module
from garment_uv.samples.batch import collate
from garment_uv.samples.batch_plan import SHUFFLE_SHARDS, Division, Portion, epoch_order
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.uv.fill import fill
from tests.garment_uv.samples.made import made_sample, write_folder
from tests.servers.server import lives


@pytest.fixture
def source(dataset):
    return FolderSource(dataset)


def keys(batches) -> list[str]:
    return [key for batch in batches for key in batch.keys]


def same(one, other) -> bool:
    return all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
        for a, b in ((getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    )


def test_a_batch_holds_the_samples(source, atlas):
    batch = next(SampleLoader(source, "train", batch_size=2, shuffle=False).batches(0))
    assert batch.keys == ["train-00001-0000", "train-00001-0001"] and len(batch) == 2
    shapes = {
        "image": (2, 3, 40, 40), "body_uv": (2, 3, 32, 32), "displacement_uv": (2, 3, 32, 32),
        "segments": (2, 32, 32), "vertex_classes": (2, 72), "body_vertices": (2, 72, 3), "camera": (2, 3),
    }  # fmt: skip
    for name, shape in shapes.items():
        value = getattr(batch, name)
        assert value.shape == shape
        assert value.dtype == (torch.int64 if name in ("segments", "vertex_classes") else torch.float32)
    assert batch.topology == ["default", "default"]
    assert batch.mask.shape == batch.parsing.shape == (2, 40, 40)
    for i in range(2):
        sample = made_sample(atlas, frame=i)
        assert np.abs(batch.displacement_uv[i].numpy() - sample.displacement_uv).max() < 1e-5
        assert np.abs(batch.body_vertices[i].numpy() - sample.body_vertices).max() < 3e-5
        for name in ("segments", "mask", "parsing"):
            assert np.array_equal(getattr(batch, name)[i].numpy(), getattr(sample, name))
        image = (batch.image[i].permute(1, 2, 0).numpy() + 1) * 127.5
        assert np.abs(image - sample.image).mean() < 2
    assert -1 <= batch.image.min() and batch.image.max() <= 1
    assert same(batch, batch.to("cpu"))


def test_batches_are_those_of_samples_decoded_one_by_one(source):
    plain = SampleLoader(source, "train", batch_size=3, seed=5)
    one_by_one = {sample.key: sample for sample in iterate_samples(source, "train")}
    for batch in plain.batches(1):
        assert same(batch, collate([one_by_one[key] for key in batch.keys]))


@pytest.mark.parametrize("workers", [0, 1])
def test_processes_read_their_portions_of_the_same_batches(source, monkeypatch, workers):
    whole = list(SampleLoader(source, "train", batch_size=4, seed=5).batches(2))  # of 4 and of 3 samples
    read, decode = [], loader_module.read_stored
    monkeypatch.setattr(loader_module, "read_stored", lambda key, *rest: read.append(key) or decode(key, *rest))
    portions = []
    for rank in range(2):
        loader = SampleLoader(source, "train", 4, seed=5, workers=workers, division=Division(rank, 2))
        portions.append(list(loader.batches(2)))
        loader.close()
    for together, first, second in zip(whole, *portions, strict=True):
        assert first.keys + second.keys == together.keys
        assert first.whole == second.whole == together.whole == len(together)
        drawn = torch.rand(len(together))
        assert torch.equal(torch.cat([part.portion.of(drawn) for part in (first, second)]), drawn)
        assert torch.equal(torch.cat([first.image, second.image]), together.image)
    if not workers:
        assert sorted(read) == sorted(keys(whole))  # each sample by one process alone


def test_a_process_without_a_sample_of_its_own_holds_one_that_does_not_count(source):
    loader = SampleLoader(source, "train", batch_size=6, shuffle=False, division=Division(0, 3))
    first, last = loader.batches(0)
    assert first.portion == Portion(whole=6, first=0, size=2)
    assert last.portion == Portion(whole=1, first=0, size=1, counts=False) and len(last) == 1
    assert [Division(rank, 3).portion(1).counts for rank in range(3)] == [False, False, True]


def test_the_order_is_of_seed_and_epoch_alone(source):
    loader = SampleLoader(source, "train", batch_size=3, seed=5)
    assert len(loader) == 3 and loader.num_samples == 7
    first = keys(loader.batches(4))
    assert sorted(first) == [f"train-00001-{i:04d}" for i in range(7)]
    torch.manual_seed(1), np.random.seed(1)
    again = SampleLoader(source, "train", batch_size=3, seed=5)
    assert keys(again.batches(4)) == first
    assert keys(loader.batches(5)) != first
    assert keys(SampleLoader(source, "train", batch_size=3, seed=6).batches(4)) != first
    state = torch.get_rng_state()
    keys(loader.batches(0))
    assert torch.equal(torch.get_rng_state(), state)


def test_worker_processes_give_the_same_batches(source):
    alone = SampleLoader(source, "train", batch_size=2, seed=3)
    loader = SampleLoader(source, "train", batch_size=2, seed=3, workers=2)
    state = torch.get_rng_state()
    try:
        next(loader.batches(7))  # an epoch left early does not leak into the next
        for epoch in (0, 1):
            for one, other in zip(alone.batches(epoch), loader.batches(epoch), strict=True):
                assert same(one, other)
    finally:
        loader.close()
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_epoch_can_be_left_at_any_batch(source, workers):
    whole = list(SampleLoader(source, "train", batch_size=2, seed=3).batches(4))
    loader = SampleLoader(source, "train", batch_size=2, seed=3, workers=workers)
    for start, stop in ((1, 3), (0, 1), (2, 2)):
        part = list(loader.batches(4, start, stop))
        assert len(part) == stop - start
        assert all(same(one, other) for one, other in zip(whole[start:stop], part, strict=True))
    loader.close()


@pytest.mark.parametrize("workers", [0, 1])
def test_an_epoch_is_gone_on_with_from_any_batch(source, monkeypatch, workers):
    whole = list(SampleLoader(source, "train", batch_size=2, seed=3).batches(4))
    decoded, decode = [], loader_module.read_stored
    monkeypatch.setattr(loader_module, "read_stored", lambda key, *rest: decoded.append(key) or decode(key, *rest))
    for processes in (1, 2):
        parts = []
        for rank in range(processes):
            loader = SampleLoader(source, "train", 2, seed=3, workers=workers, division=Division(rank, processes))
            parts.append(list(loader.batches(4, start=2)))
            assert [len(rest) for rest in (list(loader.batches(4, start=n)) for n in (3, 4, 9))] == [1, 0, 0]
            loader.close()
        assert [[key for part in together for key in part.keys] for together in zip(*parts, strict=True)] == [
            whole[2].keys, whole[3].keys * processes,
        ]  # fmt: skip
    assert same(parts[0][0], whole[2]) or processes == 2
    assert set(decoded) <= {*whole[2].keys, *whole[3].keys}


@pytest.mark.parametrize("workers", [0, 2])
def test_openings_of_shards_are_counted_whichever_process_opens_them(source, workers):
    source.use.take()
    loader = SampleLoader(source, "train", batch_size=2, seed=3, workers=workers)
    assert len(list(loader.batches(0))) == 4
    used = source.use.take()
    assert (3 if workers == 0 else 2) <= used.opened <= 3 * max(1, workers)
    assert used.fetched == 0 and used.wait_s > 0
    loader.close()
    assert source.use.take().opened == 0


@pytest.mark.parametrize("begun", [0, 1])
def test_workers_end_when_their_trial_is_killed(dataset, begun):
    """Whether they read already or still start: of two, one may be so far when the first batch comes."""
    code = f"""
import multiprocessing, sys, threading, time
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.source import FolderSource

def read():
    for batch in SampleLoader(FolderSource({str(dataset)!r}), "train", batch_size=1, workers=2).batches(0):
        read_one.set()
        time.sleep(3600)

if __name__ == "__main__":
    read_one = threading.Event()
    threading.Thread(target=read, daemon=True).start()
    while len(multiprocessing.active_children()) < 2 or ({begun} and not read_one.is_set()):
        time.sleep(0.01)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(3600)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as trial:
        workers = [psutil.Process(int(pid)) for pid in trial.stdout.readline().split()]
        assert len(workers) == 2
        trial.kill()
    end = time.monotonic() + 600
    while any(map(lives, workers)) and time.monotonic() < end:
        time.sleep(0.1)
    left = [worker for worker in workers if lives(worker)]
    for worker in left:
        worker.kill()
    assert left == []


def test_incomplete_batches_can_be_dropped(source):
    whole = SampleLoader(source, "train", batch_size=3, drop_last=True)
    assert len(whole) == 2 and [len(batch) for batch in whole.batches(0)] == [3, 3]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("sizes", [[5], [3, 1, 4], [2] * 40])
def test_every_sample_is_visited_once(sizes, shuffle):
    order = epoch_order(sizes, 1, 2, shuffle)
    assert sorted(order) == [(shard, i) for shard, size in enumerate(sizes) for i in range(size)]
    opened = [shard for shard, _ in order]
    for start in range(0, len(sizes), SHUFFLE_SHARDS):
        window = opened[2 * start : 2 * (start + SHUFFLE_SHARDS)]
        assert len(set(window)) <= SHUFFLE_SHARDS


@pytest.mark.parametrize("method", ["none", "barycentric", "telea", "least_norm"])
def test_targets_are_filled_anew(source, atlas, method):
    batch = next(SampleLoader(source, "train", batch_size=1, shuffle=False, fill=method).batches(0))
    sample = made_sample(atlas)
    mask = sample.vertex_classes > 0
    rng = np.random.default_rng([1, 0])
    rng.uniform(-1, 1, (72, 3))
    values = rng.uniform(-0.1, 0.1, (72, 3))
    wanted = fill(atlas, np.where(mask[:, None], values, 0), mask, method)
    assert np.abs(batch.displacement_uv[0].numpy() - wanted).max() < 5e-3
    assert np.abs(batch.body_uv[0].numpy() - sample.body_uv).max() < 3e-5
    kept = batch.displacement_vertices[0].numpy()
    assert kept.shape == (72, 3) and np.abs(kept - values)[mask].max() < 5e-3
    plain = next(SampleLoader(source, "train", batch_size=1, shuffle=False).batches(0))
    assert plain.displacement_vertices is None


def test_an_unknown_fill_or_split_or_size_is_refused(source):
    with pytest.raises(UserError, match="unknown fill"):
        next(SampleLoader(source, "train", 1, fill="magic").batches(0))
    with pytest.raises(UserError, match="no split 'test'; it has train, val"):
        SampleLoader(source, "test", 1)
    with pytest.raises(UserError, match="batch size"):
        SampleLoader(source, "train", 0)


def test_no_more_than_a_window_of_shards_is_open(tmp_path):
    write_folder(tmp_path / "set", tmp_path / "scratch", train=24, val=1, per_shard=1)
    loader = SampleLoader(FolderSource(tmp_path / "set"), "train", batch_size=1)
    before = len(os.listdir("/proc/self/fd"))
    most = max(len(os.listdir("/proc/self/fd")) for _ in loader.batches(0)) - before
    assert most <= SHUFFLE_SHARDS + 1
    loader.close()
    assert len(os.listdir("/proc/self/fd")) <= before
