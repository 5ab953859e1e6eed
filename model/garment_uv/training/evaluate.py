"""S2S of a generator on one split, against the raw simulated meshes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch

from garment_uv.errors import Infeasible, UserError
from garment_uv.geometry.normals import push_out
from garment_uv.geometry.s2s import Mesh
from garment_uv.metrics.aggregate import GarmentScore, S2STable
from garment_uv.metrics.evaluate import evaluate_meshes, garment_meshes
from garment_uv.metrics.sanity import MeshCounts, count_faults
from garment_uv.metrics.scores_file import SampleScore
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.samples.batch import collate
from garment_uv.samples.other_body import placement_error
from garment_uv.samples.sample import Sample
from garment_uv.samples.source import DatasetSource, iterate_samples, sample_positions
from garment_uv.training.device import resolve_device
from garment_uv.training.model_file import load_model
from garment_uv.training.parallel import ALONE, Processes
from garment_uv.training.predict import Predictor, SegmentSource, predicted_topology
from garment_uv.training.trial import TrialConfig
from garment_uv.uv.atlas import Atlas


@dataclass(frozen=True)
class EvaluatedSample:
    """One sample and what the model makes of it."""

    sample: Sample
    meshes: dict[str, Mesh]
    """Predicted garments by class: vertices [N, 3] metres, faces [F, 3]."""
    scores: list[GarmentScore]
    """Root-relative: predicted garments around the root of the body that was seen, true ones around theirs."""
    placed: list[GarmentScore] = field(default_factory=list)
    """In the room: the seen body's error of placement counts too. Empty where the body's own was seen."""
    seen: Sample | None = None
    """The sample as the network saw it, where another body was seen."""
    faults: MeshCounts = MeshCounts()
    """What is wrong with the meshes, where that was asked for."""

    @property
    def sample_scores(self) -> list[SampleScore]:
        """The root-relative scores, with the sample's key."""
        return [SampleScore.of(self.sample.key, score) for score in self.scores]


@dataclass(frozen=True)
class BodyTables:
    """S2S on one kind of body."""

    root_relative: S2STable
    """The headline, as everywhere: an error of placement moves nothing."""
    placed: S2STable
    """With the error of placement counted in; the same on given bodies."""


class Evaluator:
    """Runs a generator over samples of a split and scores its meshes. The generator's mode is put back.

    `swap_body`, where given, gives the body that the network sees instead of the sample's own; scores are against the
    sample's own garments all the same. With `stretch` the meshes' faults are counted too (see `metrics.sanity`).
    """

    def __init__(
        self,
        generator: GarmentGenerator,
        atlas: Atlas,
        source: DatasetSource,
        batch_size: int,
        out_of_body: bool = False,
        processes: Processes = ALONE,
        swap_body: Callable[[Sample], Sample] | None = None,
        stretch: float | None = None,
    ) -> None:
        self._predict, self._atlas, self._source = Predictor(generator, atlas), atlas, source
        self._batch_size, self._out_of_body, self._processes = batch_size, out_of_body, processes
        self._swap_body, self._stretch = swap_body, stretch

    def table(self, split: str, segments: SegmentSource, max_samples: int = 0) -> S2STable:
        """S2S over `max_samples` evenly spaced samples of `split` (0: all); UserError without raw meshes."""
        return S2STable.from_scores(item.score for item in self.scores(split, segments, max_samples))

    def scores(self, split: str, segments: SegmentSource, max_samples: int = 0) -> list[SampleScore]:
        """The score of every garment of these samples, in stored order; several processes share the samples."""
        positions = sample_positions(self._source, split, max_samples)
        own = self._processes.division.own_chunks(positions, self._batch_size)

        def own_scores() -> list[tuple[int, list[SampleScore]]]:
            evaluated = self._evaluated(split, segments, own)
            return [(int(position), item.sample_scores) for position, item in zip(own, evaluated, strict=True)]

        scored = chain.from_iterable(self._processes.together(own_scores))
        in_stored_order = sorted(scored, key=lambda both: both[0])
        return [score for _, scores in in_stored_order for score in scores]

    def tables(self, split: str, segments: SegmentSource, max_samples: int = 0) -> BodyTables:
        """S2S root-relative, and with the placement of the body counted in."""
        scores: list[GarmentScore] = []
        placed: list[GarmentScore] = []
        for item in self.samples(split, segments, max_samples):
            scores += item.scores
            placed += item.placed or item.scores
        return BodyTables(S2STable.from_scores(scores), S2STable.from_scores(placed))

    def samples(self, split: str, segments: SegmentSource, max_samples: int = 0) -> Iterator[EvaluatedSample]:
        """Each sample with its predicted meshes and their scores, in stored order."""
        yield from self._evaluated(split, segments, sample_positions(self._source, split, max_samples))

    def _evaluated(self, split: str, segments: SegmentSource, positions: np.ndarray) -> Iterator[EvaluatedSample]:
        for chunk in _batched(iterate_samples(self._source, split, positions=positions), self._batch_size):
            shown = [self._swap_body(sample) for sample in chunk] if self._swap_body else chunk
            predicted = self._predict(collate(shown), segments)
            if not np.isfinite(predicted.vertices).all():
                raise Infeasible("the generator predicts vertices that are not finite")
            both = zip(predicted.vertices, predicted.vertex_classes, strict=True)
            for sample, seen, (vertices, classes) in zip(chunk, shown, both, strict=True):
                yield self._score(sample, seen, vertices, classes, segments)

    def _score(
        self, sample: Sample, seen: Sample, vertices: np.ndarray, classes: np.ndarray, segments: SegmentSource
    ) -> EvaluatedSample:
        topology = sample.topology if segments == "given" else predicted_topology(classes)
        if self._out_of_body:
            vertices = push_out(vertices, seen.body_vertices, self._atlas.faces["default"])
        meshes = garment_meshes(self._atlas, vertices, classes, topology)
        true = {name: (garment.vertices, garment.faces) for name, garment in sample.garments.items()}
        body = (seen.body_vertices, self._atlas.faces[sample.topology])
        device = _warp_device(self._predict.device)
        scores = evaluate_meshes(meshes, true, body, device) if true else []
        faults = MeshCounts()
        if self._stretch is not None:
            faults = count_faults(self._atlas, topology, seen.body_vertices, vertices, classes, self._stretch)
        if seen is sample:
            return EvaluatedSample(sample, meshes, scores, faults=faults)
        step = placement_error(seen, sample)
        moved = {name: (points + step, faces) for name, (points, faces) in meshes.items()}
        placed = evaluate_meshes(moved, true, (body[0] + step, body[1]), device) if true else []
        return EvaluatedSample(sample, meshes, scores, placed, seen, faults)


def evaluate_model(
    folder: Path,
    source: DatasetSource,
    split: str,
    segments: SegmentSource = "given",
    max_samples: int = 0,
    device: str = "auto",
) -> S2STable:
    """S2S of a model folder or checkpoint on a split; UserError when the dataset has another atlas."""
    return saved_evaluator(folder, source, device).table(split, segments, max_samples)


def saved_evaluator(
    folder: Path,
    source: DatasetSource,
    device: str = "auto",
    swap_body: Callable[[Sample], Sample] | None = None,
    stretch: float | None = None,
) -> Evaluator:
    """The evaluator of a model folder or checkpoint; UserError when the dataset has another atlas."""
    generator, config, atlas = load_model(folder)
    if source.manifest.atlas.atlas_digest != atlas.digest:
        raise UserError(
            f"the model {folder} was trained on atlas {atlas.digest}, the dataset {source.uri} has "
            f"{source.manifest.atlas.atlas_digest}: evaluate on a dataset of the same body and map size"
        )
    generator.to(resolve_device(device))
    size, out_of_body = evaluation_batch(config), config.evaluation.push_out
    return Evaluator(generator, atlas, source, size, out_of_body, swap_body=swap_body, stretch=stretch)


def evaluation_batch(config: TrialConfig) -> int:
    """Samples at a time, the same while training and when a saved model is evaluated again."""
    return min(config.training.batch_size, 8)


def _batched(samples: Iterable[Sample], size: int) -> Iterator[list[Sample]]:
    iterator = iter(samples)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _warp_device(device: torch.device) -> str:
    return "cpu" if device.type == "cpu" else f"cuda:{device.index or 0}"
