"""The gates of one candidate: opened in stages, so that nothing is trusted before the stage that vouches for it."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from garment_sweeps.comparison.leaderboard import leaderboard
from garment_sweeps.comparison.measure import Measure, measure_of
from garment_sweeps.promotion import gates
from garment_sweeps.promotion.champion import CHAMPION, version_of_alias
from garment_sweeps.promotion.examine import Examined, examine, paired_difference
from garment_sweeps.promotion.gates import Gate, GatesConfig
from garment_sweeps.settings.environment import find_home
from garment_sweeps.settings.names import dataset_uri
from garment_sweeps.storage import open_source
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.model_artifact import download_model, fetch_model, weights_sha256
from garment_sweeps.tracking.types import MlflowClient, ModelVersion, Run
from garment_uv.errors import Infeasible, UserError
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.baselines import baseline_tables
from garment_uv.samples.source import DatasetSource

if TYPE_CHECKING:
    from garment_sweeps.comparison.rows import Row

TEST_SPLIT = "test"
TEST_TAG = "garment.test_s2s_mm"
"""On a trial's run, from its first promotion on, and on its version: its sweep's objective on the test split."""
TO_BEAT = ("body_as_garment", "class_mean_displacement")
"""Baselines that a champion must beat; the leaderboard shows a harder one beside them."""


@dataclass(frozen=True)
class Candidate:
    """The best complete trial of a sweep, and the dataset at its URI."""

    sweep: str
    trial: "Row"
    run: Run
    source: DatasetSource
    measure: Measure
    """What its sweep makes small."""

    @property
    def dataset(self) -> str:
        """Version of the dataset that it was trained on."""
        return self.run.data.tags.get(tags.DATASET) or self.run.data.params.get("dataset_version", "")

    @property
    def sha256(self) -> str:
        """Of the weights, as the trial logged it."""
        return self.run.data.tags.get(tags.MODEL_SHA256, "")


@dataclass(frozen=True)
class Evidence:
    """What the gates found of a candidate."""

    candidate: Candidate
    gates: tuple[Gate, ...]
    """In the order in which they were opened; those after the first closed stage are not there."""
    champion: str | None
    """Version number of the champion that was compared with, None where there is none."""
    test: S2STable | None = None
    """S2S on the test split, given segments as in the sweep; None where the model was not run."""
    test_predicted: S2STable | None = None
    """The same with the model's own segments: from image and body alone."""

    @property
    def passed(self) -> bool:
        """Whether every gate is met."""
        return all(gate.passed for gate in self.gates)

    @property
    def error_mm(self) -> float | None:
        """What its sweep makes small, on the test split; None where the model was not run."""
        measure = self.candidate.measure
        table = self.test if measure.segments == "given" else self.test_predicted
        return None if table is None else measure.of_table(table)


def find_candidate(client: MlflowClient, sweep: str) -> Candidate:
    """The sweep's best; UserError where the sweep is unknown, no trial is complete, or the dataset is gone."""
    board = leaderboard(sweep)
    best = board.best
    if best is None:
        raise UserError(f"sweep {sweep!r} has no complete trial to promote; go on with `garment sweep --resume`")
    run = client.get_run(best.run_id)
    source = open_source(dataset_uri(run.data.params["data.uri"], find_home()))
    return Candidate(sweep, best, run, source, measure_of(board.objective))


def gather_evidence(client: MlflowClient, candidate: Candidate, config: GatesConfig, supersede: bool) -> Evidence:
    """Opens the gates: dataset and file first, then the model is run, then it is compared.

    With `supersede` a champion that cannot be run on this dataset (another body or map size, damaged files) does not
    stand in the way.
    """
    version = version_of_alias(client, CHAMPION)
    champion = None if version is None else str(version.version)
    with TemporaryDirectory() as temporary:
        folder = download_model(client, candidate.run.info.run_id, Path(temporary) / "candidate")
        first = (
            gates.same_dataset(candidate.dataset, candidate.source.manifest.digest()),
            gates.same_file(candidate.sha256, weights_sha256(folder)),
        )
        if not all(gate.passed for gate in first):
            return Evidence(candidate, first, champion)
        try:
            validation, test, predicted = _run(folder, candidate, config.stretch)
        except Infeasible as error:
            return Evidence(candidate, (*first, gates.finite(str(error))), champion)
        measure = candidate.measure
        measured = test if measure.segments == "given" else predicted
        error_mm = measure.of_table(measured.table)
        logged, again = candidate.trial.metrics[measure.metric], measure.of_table(validation)
        results = [*first, gates.finite(""), gates.reproduces("validation", measure, logged, again, config)]
        if (earlier := candidate.run.data.tags.get(TEST_TAG)) is not None:
            results.append(gates.reproduces("test", measure, float(earlier), error_mm, config))
        baselines = baseline_tables(candidate.source, TEST_SPLIT)
        results += [gates.beats(name, measure, error_mm, measure.of_table(baselines[name])) for name in TO_BEAT]
        results += _against(client, version, candidate, measured, config, supersede)
        results += gates.sound_meshes(test.faults + predicted.faults, config)
    return Evidence(candidate, tuple(results), champion, test.table, predicted.table)


def _run(folder: Path, candidate: Candidate, stretch: float) -> tuple[S2STable, Examined, Examined]:
    """The model again as its trial measured it, and on the test split with given and with its own segments."""
    from garment_uv.training.evaluate import evaluate_model

    params, source = candidate.run.data.params, candidate.source
    split, segments = params.get("evaluation.split", "val"), params.get("evaluation.segments", "given")
    segments = "predicted" if candidate.measure.segments == "predicted" else segments
    validation = evaluate_model(folder, source, split, segments, int(params.get("evaluation.max_samples", 0)))  # type: ignore[arg-type]
    test, predicted = (examine(folder, source, TEST_SPLIT, kind, stretch) for kind in ("given", "predicted"))
    return validation, test, predicted


def _against(
    client: MlflowClient,
    version: ModelVersion | None,
    candidate: Candidate,
    measured: Examined,
    config: GatesConfig,
    supersede: bool,
) -> list[Gate]:
    """The gates that need a champion: it is run on the same samples, whatever dataset version it was trained on."""
    if version is None:
        return [gates.not_compared("there is no champion yet", True)]
    if version.tags.get(tags.MODEL_SHA256) == candidate.sha256:
        return [gates.not_compared("it is the champion itself", True)]
    try:
        with TemporaryDirectory() as folder:
            model = fetch_model(client, str(version.run_id), Path(folder) / "champion")
            other = examine(model, candidate.source, TEST_SPLIT, candidate.measure.segments, config.stretch)
    except (UserError, Infeasible) as error:
        mend = "superseded" if supersede else "--supersede replaces it all the same"
        return [gates.not_compared(f"version {version.version} cannot be run here ({error}): {mend}", supersede)]
    pair, measure = (measured.scores, other.scores), candidate.measure
    difference = paired_difference(*pair, measure, config.level, config.resamples, config.bootstrap_seed)
    return [
        gates.beats_champion(difference, measure, config),
        gates.no_class_worse(measured.table, other.table, config),
    ]
