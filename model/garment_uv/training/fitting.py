"""Whether a config and a dataset fit together, and what a model must be told of its dataset."""

import numpy as np

from garment_uv.errors import UserError
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.source import DatasetSource, evenly_spaced
from garment_uv.training.config import EvaluationConfig
from garment_uv.training.model_file import TrainedOn
from garment_uv.training.parallel import Processes
from garment_uv.training.trial import TrialConfig

TRAIN_SPLIT = "train"


def trained_on(source: DatasetSource) -> TrainedOn:
    """What a model trained on this dataset must be told to read a picture."""
    manifest = source.manifest
    return TrainedOn(
        dataset_version=manifest.digest(),
        body_model=manifest.body.name,
        body_digest=manifest.body.body_digest,
        subdivisions=manifest.subdivisions,
        image_size=manifest.image_size,
    )


def check_processes(config: TrialConfig, processes: Processes) -> None:
    """UserError unless as many processes train as the config says."""
    wanted, there = config.training.processes, processes.division.processes
    if wanted != there:
        raise UserError(
            f"training.processes is {wanted}, but {there} was started here: start it by `garment train` or "
            "`garment sweep`, or set training.processes=1"
        )


def check_splits(config: TrialConfig, manifest: Manifest) -> None:
    """UserError unless there is a split to train on, and the one to evaluate on carries raw meshes."""
    split = config.evaluation.split
    manifest.split_shards(TRAIN_SPLIT)
    manifest.split_shards(split)
    if split not in manifest.evaluation_splits:
        given = ", ".join(manifest.evaluation_splits) or "none"
        raise UserError(
            f"evaluation.split is {split!r}, whose samples carry no raw meshes to measure against: the "
            f"dataset's evaluation splits are {given}"
        )


def worn_classes(manifest: Manifest, evaluation: EvaluationConfig) -> dict[str, int]:
    """In how many of the evaluated samples each garment class occurs; classes that occur in none are not named.

    A manifest whose sequences do not account for all samples of the split gives the counts of the whole split.
    """
    split = evaluation.split
    sequences = [entry for entry in manifest.sequences if entry.split == split]
    ends = np.cumsum([entry.frames for entry in sequences])
    total = manifest.num_samples(split)
    if not len(ends) or ends[-1] != total:
        return {name: count for name, count in manifest.class_counts(split).items() if count}
    counts: dict[str, int] = {}
    for number in np.searchsorted(ends, evenly_spaced(total, evaluation.max_samples), side="right"):
        for name in sequences[number].garments:
            counts[name] = counts.get(name, 0) + 1
    return counts
