"""Promotes the best checkpoint of a sweep: evaluated again, held to its gates, registered, made champion."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from garment_sweeps.comparison.leaderboard import HEADLINE, leaderboard
from garment_sweeps.promotion.champion import CHAMPION, crown
from garment_sweeps.promotion.gates import Gate, beats, beats_champion, reproduces, same_dataset
from garment_sweeps.promotion.logged import log_promotion
from garment_sweeps.promotion.registry import MODEL_NAME, register, version_of_alias
from garment_sweeps.shards import open_source
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.model_artifact import fetch_model
from garment_uv.errors import UserError
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.baseline_tables import baseline_tables

if TYPE_CHECKING:
    from rich.table import Table

TEST_SPLIT = "test"
TEST_TAG = "garment.test_s2s_mm"
TO_BEAT = ("body_as_garment", "class_mean_displacement")
"""Baselines that a champion must beat; the leaderboard shows a harder one beside them."""


@dataclass(frozen=True)
class Promotion:
    """What was examined and what came of it."""

    sweep: str
    trial: str
    run_id: str
    gates: tuple[Gate, ...]
    test: S2STable
    """S2S on the test split, given segments as in the sweep."""
    test_predicted: S2STable
    """The same with the model's own segments: from image and body alone."""
    version: str | None
    """Registered version, or None where a gate failed or nothing was to be done."""

    @property
    def passed(self) -> bool:
        """Whether every gate is met."""
        return all(gate.passed for gate in self.gates)

    def summary(self) -> str:
        """What came of it, for a terminal."""
        place = f"{MODEL_NAME} version {self.version} is the {CHAMPION}" if self.version else "nothing was changed"
        return (
            f"S2S on the test split, given segments\n{self.test.text()}\n\n"
            f"S2S on the test split, from image and body alone\n{self.test_predicted.text()}\n\n{place}"
        )

    def table(self) -> "Table":
        """The gate table."""
        from rich.table import Table

        table = Table(title=f"{self.sweep}: {self.trial}", title_justify="left")
        for name in ("gate", "demand", "found", ""):
            table.add_column(name)
        for gate in self.gates:
            table.add_row(gate.name, gate.demand, gate.found, "passed" if gate.passed else "FAILED")
        return table


def promote(sweep: str, dry_run: bool = False) -> Promotion:
    """Examines the sweep's best complete trial and, all gates passed, makes its model the champion.

    The same weights promoted twice are one version. With `dry_run` nothing is written.

    Raises:
        UserError: the sweep is unknown, no trial is complete, the model or the dataset is gone or altered.
    """
    from garment_uv.training.evaluate import evaluate_model

    client = tracking_client()
    board = leaderboard(sweep)
    if board.best is None:
        raise UserError(f"sweep {sweep!r} has no complete trial to promote; go on with `garment sweep --resume`")
    best = board.best
    run = client.get_run(best.run_id)
    source = open_source(run.data.params["data.uri"])
    version_trained = run.data.tags.get(tags.DATASET) or run.data.params.get("dataset_version", "")
    with TemporaryDirectory() as temporary:
        folder = fetch_model(client, best.run_id, Path(temporary))
        split = run.data.params.get("evaluation.split", "val")
        segments = run.data.params.get("evaluation.segments", "given")
        again = evaluate_model(folder, source, split, segments, int(run.data.params.get("evaluation.max_samples", 0)))
        test = evaluate_model(folder, source, TEST_SPLIT, "given")
        test_predicted = evaluate_model(folder, source, TEST_SPLIT, "predicted")
    model_mm = test.all.mean_mm
    baselines = baseline_tables(source, TEST_SPLIT)
    gates = [
        same_dataset(version_trained, source.manifest.digest()),
        reproduces(best.metrics[HEADLINE], again.all.mean_mm),
        *(beats(name, model_mm, baselines[name].all.mean_mm) for name in TO_BEAT),
        beats_champion(model_mm, _champion_mm(client, run.data.tags.get(tags.MODEL_SHA256, ""), version_trained)),
    ]
    promotion = Promotion(sweep, best.name, best.run_id, tuple(gates), test, test_predicted, None)
    if dry_run:
        return promotion
    if not promotion.passed:
        log_promotion(sweep, best.name, promotion.gates, None)
        return promotion
    sha256 = run.data.tags[tags.MODEL_SHA256]
    version = str(register(client, best.run_id, sha256, f"best trial of sweep {sweep}").version)
    _describe(client, version, promotion, version_trained)
    log_promotion(sweep, best.name, promotion.gates, version)
    crown(client, version, f"best trial of sweep {sweep}: {best.name}, test S2S {model_mm:.2f} mm")
    return Promotion(sweep, best.name, best.run_id, tuple(gates), test, test_predicted, version)


def _champion_mm(client, sha256: str, dataset: str) -> float | None:
    """Test S2S of today's champion, where it is another model measured on the same dataset version."""
    champion = version_of_alias(client, CHAMPION)
    if champion is None or champion.tags.get(tags.MODEL_SHA256) == sha256:
        return None
    if champion.tags.get(tags.DATASET) != dataset:
        return None
    return float(champion.tags[TEST_TAG])


def _describe(client, version: str, promotion: Promotion, dataset: str) -> None:
    values = {
        tags.DATASET: dataset,
        tags.SWEEP: promotion.sweep,
        TEST_TAG: repr(promotion.test.all.mean_mm),
        "garment.test_s2s": json.dumps(promotion.test.to_dict()),
        "garment.test_s2s_predicted_segments": json.dumps(promotion.test_predicted.to_dict()),
        "garment.gates": json.dumps([asdict(gate) for gate in promotion.gates]),
    }
    for name, value in values.items():
        client.set_model_version_tag(MODEL_NAME, version, name, value)
