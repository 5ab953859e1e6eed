"""Performances as raw sequences: what a raw folder would give, without the folder; and drawn anew where they fail."""

from dataclasses import replace

import numpy as np
import pytest

from garment_uv.body import load_body
from garment_uv.datasets.cloth3d.sequence import Sequence
from garment_uv.datasets.cloth3d.writer import write_sequence
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.perform import perform
from garment_uv.datasets.open.performed import DRAWS, PerformedRaw, PerformedSequence
from garment_uv.datasets.open.performer import OpenPerformer
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.errors import UserError
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sink import FolderSink
from garment_uv.samples.source import FolderSource, iterate_samples

PLANS = [
    SequencePlan("val", 1, 8, ("Dress",), "turn", 2),
    SequencePlan("train", 0, 8, ("Tshirt", "Trousers"), "walk", 2),
]
OPTIONS = PrepareOptions(
    map_size=64,
    image_size=64,
    subdivisions=0,
    layout="crowded",
    fill="least_norm",
    floor_frames=1,
    evaluation_splits=("val",),
)


class Given:
    """A performer whose performances are known; `failing` first draws of each plan cannot be simulated."""

    digest = "given"

    def __init__(self, performances, failing: int = 0) -> None:
        self._performances, self._failing = performances, failing

    def perform(self, plan):
        if plan.seed < 8 + 2**31 * self._failing:
            raise CannotSimulate(f"strain of draw {plan.seed}")
        return self._performances[plan.folder]

    def known_by(self, plan):
        return (f"subject {plan.seed}",)


def as_files_hold(performance):
    """Float16 frames and rest vertices of seven digits: all that files lose."""
    digits = np.vectorize(lambda value: float(f"{value:.7g}"))
    garments = {
        name: item._replace(rest=digits(item.rest), frames=item.frames.astype(np.float16).astype(np.float32))
        for name, item in performance.garments.items()
    }
    rounded = replace(performance, garments=garments)
    object.__setattr__(rounded, "pictures", performance.pictures)  # taken before anything is written
    return rounded


@pytest.fixture(scope="module")
def performances(stage):
    return {plan.folder: perform(stage, plan) for plan in PLANS}


@pytest.fixture(scope="module")
def from_files(performances, tmp_path_factory):
    """The dataset of the same sequences as a raw folder."""
    folder = tmp_path_factory.mktemp("files")
    for place, done in performances.items():
        write_sequence(folder / "raw" / place, done.info, done.garments, done.pictures(), textures=done.textures)
    manifest = prepare(folder / "raw", FolderSink(folder / "set"), load_body("anny"), OPTIONS)
    return folder, manifest


def test_a_performance_is_prepared_to_the_bytes_of_its_files_but_for_their_rounding(performances, from_files, tmp_path):
    folder, wanted = from_files
    rounded = {place: as_files_hold(done) for place, done in performances.items()}
    raw = PerformedRaw("given", PLANS, Given(rounded))
    direct = prepare(raw, FolderSink(tmp_path / "set"), load_body("anny"), OPTIONS)
    for shard in wanted.shards:
        assert (tmp_path / "set" / shard.key).read_bytes() == (folder / "set" / shard.key).read_bytes()
    entries = tuple(entry.model_copy(update={"known_by": ()}) for entry in direct.sequences)
    assert entries == wanted.sequences and direct.shards == wanted.shards

    prepare(
        PerformedRaw("given", PLANS, Given(performances)), FolderSink(tmp_path / "fine"), load_body("anny"), OPTIONS
    )
    for split in ("train", "val"):
        pairs = zip(
            *(iterate_samples(FolderSource(place), split) for place in (folder / "set", tmp_path / "fine")), strict=True
        )
        for coarse, fine in pairs:
            assert np.array_equal(coarse.image, fine.image) and np.array_equal(coarse.mask, fine.mask)
            off = np.abs(coarse.displacement_uv - fine.displacement_uv)
            assert off.max() < 2e-3, "float16 is good to 0.5 mm at 1 m"


def test_a_performed_sequence_is_what_its_files_are(performances, from_files):
    folder, _ = from_files
    filed = Sequence.open(folder / "raw" / PLANS[0].folder)
    made = PerformedSequence(performances[PLANS[0].folder])
    body = load_body("anny")
    assert made.frame_indices == filed.frame_indices and list(made.faces) == list(filed.faces)
    one, other = made.frame(1), filed.frame(1)
    for name in made.faces:
        assert np.array_equal(made.faces[name], filed.faces[name])
        np.testing.assert_allclose(made.rest_garments(body)[name], filed.rest_garments(body)[name], atol=1e-6)
        np.testing.assert_allclose(one.garments[name], other.garments[name], atol=5e-4)
    assert np.array_equal(one.rgb, other.rgb) and np.array_equal(one.alpha, other.alpha)
    assert np.array_equal(one.body.pose, other.body.pose) and np.array_equal(one.body.shape, other.body.shape)
    assert np.array_equal(one.camera, other.camera) and one.zrot == other.zrot
    filed.close()


def test_what_cannot_be_simulated_is_drawn_anew_and_said(performances):
    raw = PerformedRaw("given", PLANS, Given(performances, failing=1))
    train = raw.sequences()[0]
    with raw.open(train) as found:
        sequence = found.read()
    assert sequence.note == "drawn 2 times: strain of draw 8" and sequence.known_by == (f"subject {8 + 2**31}",)
    never = PerformedRaw("given", PLANS, Given(performances, failing=DRAWS))
    with (
        never.open(train) as found,
        pytest.raises(UserError, match="given/train/00000: drawn 3 times, and none") as said,
    ):
        found.read()
    assert "\n" not in str(said.value)


def test_a_sequence_left_out_is_listed_with_its_reason(performances, tmp_path):
    class One(Given):
        def perform(self, plan):
            if plan.split == "val":
                raise CannotSimulate("Dress: crossed itself")
            return super().perform(plan)

    raw = PerformedRaw("given", PLANS, One(performances))
    manifest = prepare(raw, FolderSink(tmp_path / "set"), load_body("anny"), OPTIONS)
    assert [entry.sequence for entry in manifest.sequences] == ["00000"]
    (gone,) = Manifest.load(tmp_path / "set" / "manifest.json").left_out
    assert (gone.split, gone.sequence) == ("val", "00001") and "crossed itself" in gone.reason


def test_sequences_are_in_the_order_of_folders_and_known_by_what_they_are_made_of(performances):
    raw = PerformedRaw("given", PLANS, Given(performances))
    assert [item.key for item in raw.sequences()] == ["train-00000", "val-00001"]
    other = PerformedRaw("given", [replace(plan, motion="jump") for plan in PLANS], Given(performances))
    assert all(a.fingerprint != b.fingerprint for a, b in zip(raw.sequences(), other.sequences(), strict=True))


def test_raw_sequences_are_kept_where_that_is_asked(performances, tmp_path):
    raw = PerformedRaw("given", PLANS, Given(performances), tmp_path / "raw")
    for item in raw.sequences() * 2:
        with raw.open(item) as found:
            found.read()
    kept = Sequence.open(tmp_path / "raw" / "train" / "00000")
    assert kept.frame_indices == (0, 1)
    kept.close()
    assert not list(tmp_path.rglob("*.mkv"))


def test_a_subject_and_a_cut_are_known_by_marks_that_nobody_else_has():
    performer = OpenPerformer("procedural")
    assert performer.known_by(PLANS[1]) == performer.known_by(PLANS[1])
    marks = [mark for number in range(20) for mark in performer.known_by(replace(PLANS[1], number=number))]
    assert len(marks) == 60 and len(set(marks)) == 60
    assert {mark.partition(" ")[0] for mark in marks} == {"subject", "cut"}
    assert OpenPerformer("simulated").digest != performer.digest
