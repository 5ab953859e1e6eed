"""Tells the budget what Tune does with trials between their results."""

from typing import Any

from ray.tune import Callback

from garment_sweeps.budget.stop import BudgetStop


class BudgetWatch(Callback):
    """Tune's callback in the driver: starts, crashes and ends of trials reach the `BudgetStop`."""

    def __init__(self, stop: BudgetStop) -> None:
        self._stop = stop

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trial holds its devices from now on."""
        name = _name(trial)
        self._stop.ledger.started(name)
        self._stop.begin(name)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trial's process is gone; another one will go on."""
        self._stop.lost(_name(trial))
        self._stop.begin(_name(trial))

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trial ends, or was cut short."""
        self._left(trial, ended=not self._stop.stopped(trial.trial_id))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Tune gives the trial up."""
        self._stop.lost(_name(trial))
        self._left(trial, ended=True)

    def __getstate__(self) -> dict[str, Any]:
        """Nothing of it belongs into Tune's snapshot."""
        return {}

    def _left(self, trial: Any, ended: bool) -> None:
        self._stop.release(_name(trial))
        self._stop.ledger.left(_name(trial), ended)


def _name(trial: Any) -> str:
    return trial.config["trial"]["id"]
