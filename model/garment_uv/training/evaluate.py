"""S2S of a generator on one split, against the raw simulated meshes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch

from garment_uv.config.trial import TrialConfig
from garment_uv.errors import Infeasible, UserError
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.evaluate import GarmentScore, evaluate_meshes
from garment_uv.metrics.meshes import garment_meshes
from garment_uv.metrics.s2s import Mesh
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.reconstruction.meshes import push_out
from garment_uv.samples.batch import collate
from garment_uv.samples.sample import Sample
from garment_uv.samples.source import DatasetSource, iterate_samples, sample_positions
from garment_uv.training.device import resolve_device
from garment_uv.training.model_file import load_model
from garment_uv.training.parallel import ALONE, Processes
from garment_uv.training.predict import Predictor, SegmentSource, predicted_topology
from garment_uv.uv.atlas import Atlas


@dataclass(frozen=True)
class EvaluatedSample:
    """One sample and what the model makes of it."""

    sample: Sample
    meshes: dict[str, Mesh]
    """Predicted garments by class: vertices [N, 3] metres, faces [F, 3]."""
    scores: list[GarmentScore]


class Evaluator:
    """Runs a generator over samples of a split and scores its meshes. The generator's mode is put back."""

    def __init__(
        self,
        generator: GarmentGenerator,
        atlas: Atlas,
        source: DatasetSource,
        batch_size: int,
        out_of_body: bool = False,
        processes: Processes = ALONE,
    ) -> None:
        self._predict = Predictor(generator, atlas)
        self._atlas = atlas
        self._source = source
        self._batch_size = batch_size
        self._out_of_body = out_of_body
        self._processes = processes

    def table(self, split: str, segments: SegmentSource, max_samples: int = 0) -> S2STable:
        """S2S over `max_samples` evenly spaced samples of `split` (0: all); UserError without raw meshes.

        Of several processes each evaluates its share of the samples, and all get the table of all samples.
        """
        positions = sample_positions(self._source, split, max_samples)
        own = self._processes.division.own_chunks(positions, self._batch_size)

        def own_scores() -> list[tuple[int, list[GarmentScore]]]:
            evaluated = self._evaluated(split, segments, own)
            return [(int(position), item.scores) for position, item in zip(own, evaluated, strict=True)]

        scored = chain.from_iterable(self._processes.together(own_scores))
        in_stored_order = sorted(scored, key=lambda both: both[0])
        return S2STable.from_scores(score for _, scores in in_stored_order for score in scores)

    def samples(self, split: str, segments: SegmentSource, max_samples: int = 0) -> Iterator[EvaluatedSample]:
        """Each sample with its predicted meshes and their scores, in stored order."""
        yield from self._evaluated(split, segments, sample_positions(self._source, split, max_samples))

    def _evaluated(self, split: str, segments: SegmentSource, positions: np.ndarray) -> Iterator[EvaluatedSample]:
        for chunk in _batched(iterate_samples(self._source, split, positions=positions), self._batch_size):
            predicted = self._predict(collate(chunk), segments)
            if not np.isfinite(predicted.vertices).all():
                raise Infeasible("the generator predicts vertices that are not finite")
            both = zip(predicted.vertices, predicted.vertex_classes, strict=True)
            for sample, (vertices, classes) in zip(chunk, both, strict=True):
                yield self._score(sample, vertices, classes, segments)

    def _score(
        self, sample: Sample, vertices: np.ndarray, classes: np.ndarray, segments: SegmentSource
    ) -> EvaluatedSample:
        topology = sample.topology if segments == "given" else predicted_topology(classes)
        if self._out_of_body:
            vertices = push_out(vertices, sample.body_vertices, self._atlas.faces["default"])
        meshes = garment_meshes(self._atlas, vertices, classes, topology)
        true = {name: (garment.vertices, garment.faces) for name, garment in sample.garments.items()}
        body = (sample.body_vertices, self._atlas.faces[sample.topology])
        scores = evaluate_meshes(meshes, true, body, _warp_device(self._predict.device)) if true else []
        return EvaluatedSample(sample, meshes, scores)


def evaluate_model(
    folder: Path,
    source: DatasetSource,
    split: str,
    segments: SegmentSource = "given",
    max_samples: int = 0,
    device: str = "auto",
) -> S2STable:
    """S2S of a model folder or checkpoint on a split; UserError when the dataset has another atlas."""
    generator, config, atlas = load_model(folder)
    if source.manifest.atlas.atlas_digest != atlas.digest:
        raise UserError(
            f"the model {folder} was trained on atlas {atlas.digest}, the dataset {source.uri} has "
            f"{source.manifest.atlas.atlas_digest}: evaluate on a dataset of the same body and map size"
        )
    generator.to(resolve_device(device))
    evaluator = Evaluator(generator, atlas, source, evaluation_batch(config), config.evaluation.push_out)
    return evaluator.table(split, segments, max_samples)


def evaluation_batch(config: TrialConfig) -> int:
    """Samples at a time, the same while training and when a saved model is evaluated again."""
    return min(config.training.batch_size, 8)


def _batched(samples: Iterable[Sample], size: int) -> Iterator[list[Sample]]:
    iterator = iter(samples)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _warp_device(device: torch.device) -> str:
    return "cpu" if device.type == "cpu" else f"cuda:{device.index or 0}"
