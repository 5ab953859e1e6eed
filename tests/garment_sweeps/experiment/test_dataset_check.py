"""An experiment against its dataset's manifest: what no trial could be trained on or measured by is said at once."""

import pytest

from garment_sweeps.experiment import Choice, Experiment, Space
from garment_sweeps.experiment.dataset_check import check_against_dataset
from garment_uv.errors import UserError
from garment_uv.samples.manifest import AtlasEntry, BodyEntry, Manifest, SequenceEntry, ShardEntry
from garment_uv.training.trial import TrialConfig

WORN = (("Top", "Skirt"), ("Dress",), ("Jumpsuit",))
"""Of the validation split's sequences, ten frames each."""


def manifest(sequences: bool = True, counts: bool = True, size: int = 64) -> Manifest:
    shards = [("train", 20, {"Tshirt": 20}), ("val", 30, {"Top": 10, "Skirt": 10, "Dress": 10, "Jumpsuit": 10})]
    entry = {"frames": 10, "topology": "default"}
    return Manifest(
        body=BodyEntry(name="made", body_digest="0"),
        atlas=AtlasEntry(bytes=1, sha256="0" * 64, atlas_digest="0", size=size, num_vertices=9),
        image_size=64,
        displacement_limit_m=0.5,
        body_limit_m=1.5,
        fill="least_norm",
        subdivisions=0,
        every=1,
        evaluation_splits=("val",),
        shards=tuple(
            ShardEntry(split=s, key=s, bytes=1, sha256="0" * 64, samples=n, class_counts=c if counts else {})
            for s, n, c in shards
        ),
        sequences=tuple(SequenceEntry(split="val", sequence=f"{n}", garments=g, **entry) for n, g in enumerate(WORN))
        if sequences
        else (),
    )


def made(metric: str = "s2s/all", space: Space | None = None, **changes) -> Experiment:
    base = TrialConfig().with_values(changes)
    return Experiment(name="x", description="", base=base, space=space or Space(), metric=metric)


@pytest.mark.parametrize("sequences", [True, False])
def test_the_class_of_the_metric_must_be_worn_by_an_evaluated_sample(sequences):
    for metric in ("s2s/all", "s2s/macro", "s2s/Dress", "s2s_predicted/Skirt"):
        check_against_dataset(made(metric), manifest(sequences))
    with pytest.raises(UserError, match=r"'s2s/Tshirt' is measured on none .*split 'val'.*Dress \(10\)"):
        check_against_dataset(made("s2s/Tshirt"), manifest(sequences))  # worn in the training split alone


def test_of_a_few_evaluated_samples_one_must_wear_it():
    few = made("s2s/Dress", **{"evaluation.max_samples": 2})  # the first and the last
    with pytest.raises(UserError, match=r"2 of split 'val'\), which wear Top \(1\), Skirt \(1\), Jumpsuit \(1\)"):
        check_against_dataset(few, manifest())
    check_against_dataset(made("s2s/Dress", **{"evaluation.max_samples": 3}), manifest())


def test_a_manifest_that_names_no_classes_refuses_none():
    check_against_dataset(made("s2s/Tshirt"), manifest(sequences=False, counts=False))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"evaluation.split": "test"}, "no split 'test'"),
        ({"evaluation.split": "train"}, "carry no raw meshes"),
        ({"generator.global_downsamples": 4}, "maps of 64 texels do not fit global_downsamples=4"),
    ],
)
def test_a_base_that_the_dataset_cannot_train_or_measure_is_refused(changes, said):
    with pytest.raises(UserError, match=said):
        check_against_dataset(made(**changes), manifest())


def test_so_is_any_value_of_the_space():
    space = Space(parameters=(Choice(path="generator.global_downsamples", options=(2, 4)),))
    with pytest.raises(UserError, match="maps of 64 texels do not fit global_downsamples=4"):
        check_against_dataset(made(space=space), manifest())
    check_against_dataset(made(space=space), manifest(size=256))
