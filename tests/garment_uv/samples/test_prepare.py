"""Raw sequences to a dataset, on the open body: what comes out is what went in, and what is broken is left out."""

import shutil

import numpy as np
import pytest

from garment_uv.body import load_body
from garment_uv.datasets.cloth3d.camera import crop, turned
from garment_uv.datasets.cloth3d.pointcache import PointCache, write_pointcache
from garment_uv.datasets.cloth3d.sequence import Sequence
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.errors import UserError
from garment_uv.metrics.evaluate import evaluate_sample
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sink import FolderSink
from garment_uv.samples.source import FolderSource, iterate_samples
from garment_uv.uv.sampling import read_vertices

OPTIONS = PrepareOptions(
    map_size=64, image_size=64, subdivisions=0, layout="crowded", samples_per_shard=2, floor_frames=2
)
FRAMES = 3


@pytest.fixture(scope="module")
def body():
    return load_body("anny")


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Three whole sequences and, among the training ones, four broken copies."""
    folder = tmp_path_factory.mktemp("raw")
    paths = synthesize(folder, 3, FRAMES, seed=3)
    whole = next(path for path in paths if path.parent.name == "train")
    for name, damage in (("00010", cut_motion), ("00011", lose_info), ("00012", fly_away), ("00013", not_a_number)):
        broken = shutil.copytree(whole, folder / "train" / name)
        for path in broken.glob(f"{whole.name}*.mkv"):
            path.rename(path.with_name(path.name.replace(whole.name, name)))
        damage(broken, next(broken.glob("*.pc16")))
    return folder


def cut_motion(folder, motion):
    motion.write_bytes(motion.read_bytes()[:-1000])


def lose_info(folder, motion):
    (folder / "info.mat").unlink()


def fly_away(folder, motion):
    moved = PointCache.open(motion).all().astype(np.float32)
    moved[1, :, 2] += 0.9
    write_pointcache(motion, moved)


def not_a_number(folder, motion):
    motion.write_bytes(motion.read_bytes()[:-2] + np.float16(np.nan).tobytes())


@pytest.fixture(scope="module")
def prepared(raw, body, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared") / "set"
    progress = []
    manifest = prepare(raw, FolderSink(folder), body, OPTIONS, progress=lambda *done: progress.append(done))
    assert progress == [(done, 7) for done in range(1, 8)]
    return folder, manifest


def test_whole_sequences_are_in_the_manifest(prepared, raw, body):
    folder, manifest = prepared
    assert Manifest.load(folder / "manifest.json") == manifest
    assert (manifest.body.name, manifest.body.body_digest) == ("anny", body.digest)
    assert FolderSource(folder).atlas().digest == manifest.atlas.atlas_digest
    assert len(manifest.sequences) == 3
    for entry in manifest.sequences:
        assert entry.frames == FRAMES and (raw / entry.split / entry.sequence).is_dir()
        assert set(entry.floor_s2s_mm) == set(entry.garments)
        assert all(0 < floor < 15 for floor in entry.floor_s2s_mm.values()), "a coarse body and map"
    total = sum(manifest.num_samples(split) for split in manifest.splits)
    assert total == 3 * FRAMES and all(shard.samples <= 2 for shard in manifest.shards)


def test_broken_sequences_are_left_out_with_their_reason(prepared):
    _, manifest = prepared
    reasons = {entry.sequence: entry.reason for entry in manifest.left_out}
    assert list(reasons) == ["00010", "00011", "00012", "00013"]
    assert ".pc16" in reasons["00010"]
    assert "info.mat" in reasons["00011"]
    assert "frame 1: displacement: largest value" in reasons["00012"] and "00012" in reasons["00012"]
    assert ".pc16" in reasons["00013"]


def test_samples_are_the_frames(prepared, raw, body):
    folder, _ = prepared
    source = FolderSource(folder)
    atlas = source.atlas()
    (sample, *_), sequence = list(iterate_samples(source, "val")), None
    sequence = Sequence.open(raw / "val" / sample.sequence.removeprefix("val-"))
    frame = sequence.frame(0)
    assert set(sample.garments) == set(sequence.garments)
    for name, garment in sample.garments.items():
        assert np.array_equal(garment.faces, sequence.garments[name].faces)
        np.testing.assert_allclose(garment.vertices, turned(frame.garments[name], frame.zrot), atol=1e-6)
    np.testing.assert_allclose(sample.body.camera, frame.camera, atol=1e-6)
    assert np.array_equal(sample.body.pose, frame.body.pose) and sample.body.zrot == frame.zrot
    wanted = crop(frame.rgb, frame.camera, 64).astype(int)
    assert np.abs(sample.image.astype(int) - wanted).mean() < 3

    posed = turned(body.pose(frame.body), frame.zrot)
    distances = np.linalg.norm(sample.body_vertices[::50, None] - posed[None], axis=2).min(axis=1)
    assert distances.max() < 1e-4, "without subdivision every vertex is one of the body's"
    read = read_vertices(atlas, sample.body_uv)
    assert np.quantile(np.abs(read - sample.body_vertices), 0.9) < 3e-3, "64 texels: some vertices share one"

    displacement = read_vertices(atlas, sample.displacement_uv)
    for score in evaluate_sample(atlas, sample, displacement):
        assert not score.missing and score.s2s.mean_mm < 15
    worn = sample.vertex_classes > 0
    assert np.linalg.norm(displacement[worn], axis=1).mean() < 0.2
    assert set(np.unique(sample.segments)) == {0, *np.unique(sample.vertex_classes[worn])}


def test_training_samples_carry_no_meshes(prepared):
    folder, _ = prepared
    assert not any(sample.garments for sample in iterate_samples(FolderSource(folder), "train"))


def test_processes_give_the_same_bytes(prepared, raw, body, tmp_path):
    folder, manifest = prepared
    again = prepare(raw, FolderSink(tmp_path / "set"), body, OPTIONS, workers=2)
    assert again == manifest
    for name in ("manifest.json", "atlas.npz", *(shard.key for shard in manifest.shards)):
        assert (tmp_path / "set" / name).read_bytes() == (folder / name).read_bytes()


def test_a_stride_takes_every_second_frame(raw, body, tmp_path):
    one = tmp_path / "raw" / "test"
    one.mkdir(parents=True)
    shutil.copytree(next(path for path in (raw / "test").iterdir()), one / "00000")
    for path in list((one / "00000").glob("*.mkv")):
        path.rename(path.with_name("00000_segm.mkv" if "_segm" in path.name else "00000.mkv"))
    options = OPTIONS.with_values({"every": 2, "image_format": "png", "fill": "none", "floor_frames": 0})
    manifest = prepare(tmp_path / "raw", FolderSink(tmp_path / "set"), body, options)
    keys = [sample.key for sample in iterate_samples(FolderSource(tmp_path / "set"), "test")]
    assert keys == ["test-00000-0000", "test-00000-0002"]
    assert (manifest.every, manifest.fill, manifest.image_format) == (2, "none", "png")
    assert manifest.sequences[0].floor_s2s_mm == {}


def test_nothing_is_left_when_nothing_can_be_used(raw, body, tmp_path):
    shutil.copytree(raw / "train" / "00011", tmp_path / "raw" / "train" / "00011")
    with pytest.raises(UserError, match="none of 1 sequences could be prepared; the first: .*info.mat"):
        prepare(tmp_path / "raw", FolderSink(tmp_path / "set"), body, OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_wrong_requests_are_refused(raw, body, tmp_path):
    with pytest.raises(UserError, match="holds no sequence"):
        prepare(tmp_path, FolderSink(tmp_path / "set"), body, OPTIONS)
    with pytest.raises(UserError, match="--workers"):
        prepare(raw, FolderSink(tmp_path / "set"), body, OPTIONS, workers=0)
    with pytest.raises(UserError, match="map_size"):
        OPTIONS.with_values({"map_size": 31})
    shutil.copytree(raw / "val", tmp_path / "raw" / "my-split")
    with pytest.raises(UserError, match="my-split: a split's name takes letters"):
        prepare(tmp_path / "raw", FolderSink(tmp_path / "set"), body, OPTIONS)
    assert not (tmp_path / "set").exists()
