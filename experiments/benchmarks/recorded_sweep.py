"""A sweep's record in MLflow as a real one leaves it, without training: names, parameters, curves, tags and artifacts.

Everything goes through the code by which trials are tracked: the config of every trial is drawn from the space of the
experiment `loss_weights`, its epochs are `EpochReport`s, a rule like ASHA's stops most of them, and the best keep
scores and galleries. What is made up is S2S: a curve whose floor depends on three of the seven weights, for skirts and
dresses on one of them more. Predictions are the true body-topology garments of the open benchmark set, moved by a
smooth displacement of that size.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna

from experiments.loss_weights import experiment as loss_weights
from garment_sweeps.study.study import trial_name
from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.model_artifact import GALLERY_ARTIFACT, SCORES_ARTIFACT
from garment_sweeps.tracking.record import Ending, Start, TrialKey, TrialRecord, identity_of, now_ms, start_of
from garment_sweeps.tracking.runs import SEARCHED
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.geometry.s2s import S2S
from garment_uv.metrics.aggregate import GarmentScore, S2STable
from garment_uv.metrics.evaluate import sample_meshes
from garment_uv.metrics.scores_file import SampleScore, write_scores
from garment_uv.samples.source import FolderSource, iterate_samples, sample_positions
from garment_uv.training.evaluate import EvaluatedSample
from garment_uv.training.report import Best, EpochReport
from garment_uv.uv.sampling import read_vertices
from garment_uv.viewing.gallery import write_gallery

EPOCHS = 27
RUNGS = (3, 9)
"""Epochs at which the worse two thirds are stopped."""
COST = "seconds_per_image"
LOSSES = ("uv", "mesh", "normal", "laplacian", "edge", "adversarial", "feature_matching", "classification", "total")


@dataclass
class Made:
    """One trial before it is recorded."""

    name: str
    values: dict[str, float]
    floors: dict[str, float]
    """S2S in mm after all epochs, by class."""
    epochs: int = EPOCHS

    @property
    def outcome(self) -> str:
        """'complete', or 'pruned' where it was stopped."""
        return "complete" if self.epochs == EPOCHS else "pruned"

    def s2s(self, garment: str, epoch: int) -> float:
        """The curve of a class, mm."""
        return self.floors[garment] + 70.0 * math.exp(-0.35 * epoch)


def make_trials(count: int, seed: int) -> list[Made]:
    """Trials of random values, stopped at the rungs; the best first."""
    made, space, base = [], loss_weights().space, loss_weights().base.flat()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    random = np.random.default_rng(seed)
    for number in range(count):
        values = space.suggest(study.ask(), base)
        off = {path.rpartition(".")[2]: abs(math.log10(value)) for path, value in values.items()}
        floor = 9.0 + 2.2 * off["normal"] + 1.6 * off["mesh"] + 0.8 * off["adversarial"] + random.normal(0, 0.5)
        wide = 1.5 * off["laplacian"]
        floors = {
            name: floor * (0.8 + 0.08 * place) + (wide if name in ("Skirt", "Dress") else 0.0)
            for place, name in enumerate(GARMENT_CLASSES)
        }
        made.append(Made(trial_name(number), values, floors))
    made.sort(key=lambda trial: sum(trial.floors.values()))
    for place, trial in enumerate(made):
        trial.epochs = EPOCHS if place < count / 9 else RUNGS[1] if place < count / 3 else RUNGS[0]
    return made


def record_sweep(name: str, trials: list[Made], galleries: int, dataset: Path, samples: int, folder: Path) -> None:
    """Records them all, the best `galleries` with meshes of so many samples of the dataset's `val`."""
    experiment = loss_weights()
    description = {
        "description": experiment.description,
        "space": experiment.space.plain()["parameters"],
        "trials": len(trials),
        "also_minimise": [COST],
        "metric": experiment.metric,
    }
    sweep = SweepRun.start(experiment.name, name, description)
    sweep.log_baselines({"class_mean_displacement": _table({c: 24.0 for c in GARMENT_CLASSES}).to_dict()})
    source = FolderSource(dataset)
    garments = {sample.key: list(sample.garments) for sample in iterate_samples(source, "val")}
    shown = list(iterate_samples(source, "val", positions=sample_positions(source, "val", samples)))
    for place, trial in enumerate(trials):
        scores = _scores(trial, garments) if trial.outcome == "complete" else []
        record = _record(sweep, name, trial, place, scores)
        if scores:
            record.folders[SCORES_ARTIFACT] = folder / trial.name / SCORES_ARTIFACT
            write_scores(scores, record.folders[SCORES_ARTIFACT])
        if place < galleries:
            record.folders[GALLERY_ARTIFACT] = folder / trial.name / GALLERY_ARTIFACT
            write_gallery(
                _predicted(trial, shown, source.atlas()), source.atlas(), record.folders[GALLERY_ARTIFACT], ""
            )
        Delivery(lambda: sweep.client, record)()
    sweep.log_summary({"trials_complete": sum(trial.outcome == "complete" for trial in trials)})
    sweep.end("complete")


def _record(sweep: SweepRun, name: str, trial: Made, place: int, scores: list[SampleScore]) -> TrialRecord:
    config = loss_weights().base.with_values(trial.values)
    searched = {f"{SEARCHED}{path}": value for path, value in trial.values.items()}
    extra = {"dataset_version": "made", "trial_number": int(trial.name[1:]), **searched}
    identity = identity_of(TrialKey(name, sweep.experiment_id, sweep.run_id, trial.name), config, extra)
    start = start_of(1, {tags.NODE: "made"}) if place == 0 else Start(number=1, tags={tags.NODE: "made"})
    record = TrialRecord(identity, start)
    for epoch in range(1, trial.epochs + 1):
        table = _table({garment: trial.s2s(garment, epoch) for garment in GARMENT_CLASSES})
        if scores and epoch == trial.epochs:
            table = S2STable.from_scores(item.score for item in scores)
        losses = {loss: 0.05 + math.exp(-0.3 * epoch) for loss in LOSSES}
        best = Best(epoch=epoch, s2s_mm=table.all.mean_mm)
        record.add_epoch(epoch, EpochReport(epoch, losses, table, table, best, 1.0, 60.0).metrics())
    costs = {f"costs/{COST}": 0.004 + 0.0002 * (place % 17) + 0.02 / (1 + place)}
    record.ending = Ending(outcome=trial.outcome, at_ms=now_ms(), metrics=costs if trial.outcome == "complete" else {})
    return record


def _table(s2s_mm: dict[str, float]) -> S2STable:
    return S2STable.from_scores(GarmentScore(name, S2S(0.9 * mm, 1.1 * mm)) for name, mm in s2s_mm.items())


def _scores(trial: Made, garments: dict[str, list[str]]) -> list[SampleScore]:
    """Of all garments, by sample; each is as hard for all trials, and in the mean of its class as its curve says."""
    shared, own = np.random.default_rng(0), np.random.default_rng(int(trial.name[1:]))
    hard = {(key, name): shared.lognormal(0, 0.3) for key, names in garments.items() for name in names}
    mean = {name: np.mean([ease for (_, other), ease in hard.items() if other == name]) for _, name in hard}
    scores = []
    for (key, name), ease in hard.items():
        mm = trial.s2s(name, EPOCHS) * ease / mean[name] * own.normal(1, 0.05)
        scores.append(SampleScore(key, name, 0.9 * mm, 1.1 * mm))
    return scores


def _predicted(trial: Made, samples: list, atlas) -> list[EvaluatedSample]:
    """The samples' own garments, moved by a wave whose mean length is the trial's S2S."""
    random = np.random.default_rng(int(trial.name[1:]))
    items = []
    for sample in samples:
        waves, phases = random.normal(0, 5, (3, 3)), random.uniform(0, 6.3, 3)
        size = trial.s2s(next(iter(sample.garments)), EPOCHS) / 1000 * 1.3
        moved = size * np.sin(sample.body_vertices @ waves + phases)
        meshes = sample_meshes(atlas, sample, read_vertices(atlas, sample.displacement_uv) + moved)
        items.append(EvaluatedSample(sample, meshes, []))
    return items
