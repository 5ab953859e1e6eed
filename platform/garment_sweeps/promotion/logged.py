"""A promotion in the decision log of its sweep: who was examined, by which gates, and what came of it."""

import sys
from dataclasses import asdict
from typing import Any

from garment_sweeps.promotion.gates import Gate
from garment_sweeps.settings.environment import Settings
from garment_sweeps.study.decisions import DecisionLog, write_file
from garment_sweeps.study.journal import DirectJournal
from garment_sweeps.study.lease import sweep_lease
from garment_sweeps.study.state import log_file
from garment_sweeps.study.study import open_storage, study_exists
from garment_uv.errors import UserError


def log_promotion(sweep: str, trial: str, gates: tuple[Gate, ...], version: str | None) -> None:
    """Appends a 'champion' event; a training that was no sweep has no log, and none is begun for it.

    A promotion does not fail for want of its log: where a driver is running the sweep, or the study's database does
    not answer, that is said on stderr. The registered version has the gates as well.
    """
    settings = Settings.from_environment()
    decision = "promoted" if all(gate.passed for gate in gates) else "refused"
    inputs: dict[str, Any] = {"gates": [asdict(gate) for gate in gates]}
    try:
        storage = open_storage(settings.study_url)
        if not study_exists(storage, sweep):
            return
        with sweep_lease(storage.engine, sweep) as lease:
            log = DecisionLog(sweep, DirectJournal(), storage.engine, lease.guard)
            log.append("champion", trial=trial, decision=decision, version=version, inputs=inputs)
            write_file(log.read(), log_file(settings.home, sweep))
    except UserError as error:
        print(f"garment: the decision log lacks this promotion: {error}", file=sys.stderr)
