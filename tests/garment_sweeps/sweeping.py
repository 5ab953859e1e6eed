"""A sweep in one call, as the tests make it."""

from typing import Any

from garment_sweeps.api import run
from garment_sweeps.driver.report import SweepReport
from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.environment import Settings
from garment_sweeps.study.spec import SweepRequest
from tests.tabulated import tabulated


def run_sweep(
    experiment: Experiment,
    settings: Settings | None = None,
    work: str = "train",
    seconds_per_epoch: float = 0.0,
    tracked: bool = True,
    **request: Any,
) -> SweepReport:
    """Runs a sweep whose trials train, or are 'tabulated'; what else is given is what a caller asks of a sweep."""
    open_work = tabulated(seconds_per_epoch) if work == "tabulated" else None
    return run(experiment, SweepRequest(**request), settings, open_work, tracked)
