"""Promotes the best checkpoint of a sweep: evaluated again, held to its gates, registered, made champion."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from garment_sweeps.promotion.champion import CHAMPION, MODEL_NAME, changing_champion, crown, register
from garment_sweeps.promotion.evidence import Candidate, Evidence, find_candidate, gather_evidence
from garment_sweeps.promotion.gates import Gate, GatesConfig
from garment_sweeps.promotion.record import keep_inference_model, log_promotion, record_on_run, record_on_version
from garment_sweeps.tracking import tracking_client

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Promotion:
    """What was examined and what came of it."""

    evidence: Evidence
    version: str | None = None
    """Registered version, or None where a gate failed or nothing was to be done."""

    @property
    def candidate(self) -> Candidate:
        """What was examined."""
        return self.evidence.candidate

    @property
    def trial(self) -> str:
        """Its name among the trials."""
        return self.candidate.trial.name

    @property
    def gates(self) -> tuple[Gate, ...]:
        """All gates that were opened."""
        return self.evidence.gates

    @property
    def passed(self) -> bool:
        """Whether every gate is met."""
        return self.evidence.passed

    def summary(self) -> str:
        """What came of it, for a terminal."""
        place = f"{MODEL_NAME} version {self.version} is the {CHAMPION}" if self.version else "nothing was changed"
        tables = {"given segments": self.evidence.test, "from image and body alone": self.evidence.test_predicted}
        shown = [f"S2S on the test split, {name}\n{table.text()}\n" for name, table in tables.items() if table]
        return "\n".join([*shown, place])

    def table(self) -> "Table":
        """The gate table."""
        from rich.table import Table

        table = Table(title=f"{self.candidate.sweep}: {self.trial}", title_justify="left")
        for name in ("gate", "demand", "found", ""):
            table.add_column(name)
        for gate in self.gates:
            table.add_row(gate.name, gate.demand, gate.found, "passed" if gate.passed else "FAILED")
        return table


def promote(
    sweep: str, dry_run: bool = False, why: str = "", supersede: bool = False, config: GatesConfig | None = None
) -> Promotion:
    """Examines the sweep's best complete trial and, all gates passed, makes its model the champion.

    The same weights promoted twice are one version. Refused or not, the evidence stays with the trial's run. Two
    promotions at once: the second one is refused and changes nothing.

    Args:
        sweep: its name.
        dry_run: write nothing, and take no turn.
        why: what is said of the promotion; by default which sweep it was the best of.
        supersede: whether a champion that cannot be run on this dataset may be replaced.
        config: the gates' limits.

    Raises:
        UserError: the sweep is unknown, no trial is complete, the model or the dataset is gone, another promotion is
            under way.
    """
    client = tracking_client()
    with nullcontext() if dry_run else changing_champion() as lease:
        candidate = find_candidate(client, sweep)
        evidence = gather_evidence(client, candidate, config or GatesConfig(), supersede)
        if dry_run:
            return Promotion(evidence)
        if not why:
            error_mm = evidence.error_mm
            measured = "" if error_mm is None else f", test {candidate.measure.words} {error_mm:.2f} mm"
            why = f"best trial of sweep {sweep}: {candidate.trial.name}{measured}"
        record_on_run(client, evidence, why)
        version = None
        if evidence.passed:
            lease.check()  # type: ignore[union-attr]
            registered = register(client, candidate.run.info.run_id, candidate.sha256, why)
            version = str(registered.version)
            keep_inference_model(client, version, str(registered.run_id))
            record_on_version(client, version, evidence, why)
            crown(client, version, why, evidence.champion)
    log_promotion(evidence, version)
    return Promotion(evidence, version)
