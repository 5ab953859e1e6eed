"""The stop that holds a sweep to its budget."""

import time
from collections.abc import Callable
from typing import Any

from garment_sweeps.budget.ledger import Ledger
from garment_sweeps.experiment import Budget

OVERRUN = 0.05
"""Part of a limit by which epochs that take longer than foreseen may exceed it, before everything is ended at once."""
ROUNDING_S = 1e-6
"""Differences of sums below this are none."""
LOOK_S = 1.0
"""Seconds between looks at the clock for that."""


class BudgetStop:
    """Lets no trial begin an epoch for which there is no budget left, so that all end at a checkpoint and within it.

    Every epoch that is begun is set aside: as long as the trial's longest so far, or as the longest start of any
    trial, set-up included, where the trial has reported none yet. An epoch is begun where what is spent and what is
    set aside for the other running trials leave room for it. Of a sweep's very first epochs only earlier sweeps can
    tell; where there are none, nothing is set aside for them, and they alone can overrun. Should an epoch take much
    longer than any before it, everything is ended at once where the limit is exceeded by `OVERRUN`, and by one start
    of a trial at least.

    Trials that it ended are remembered: they were cut short and not judged, so the search leaves them to be resumed.

    Args:
        gpus: GPUs, or share of one, that a trial holds, or devices that it counts for; 0 counts as 1.
        spent: device-seconds of each trial in earlier sessions, by the trial's name.
        record: takes events for the decision log: kind and body.
    """

    def __init__(
        self,
        budget: Budget,
        gpus: float = 0.0,
        spent: dict[str, float] | None = None,
        record: Callable[..., None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget = budget
        self.ledger = Ledger(spent, clock)
        self.share = gpus or 1.0
        """Devices that a trial counts for."""
        self._record = record or (lambda kind, **body: None)
        self._clock = clock
        self._began = self._looked_at = clock()
        self._set_aside: dict[str, float] = {}
        self._finals = (0.0, 0.0)
        self._complete = False
        self._stopped: set[str] = set()
        self._all = False
        self._why = ""

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Counts the trial's seconds and says whether it must end now."""
        name = result["config"]["trial"]["id"]
        self.ledger.result(name, result)
        self._set_aside.pop(name, None)
        if result.get("done"):
            self._complete = self._complete or not (result.get("infeasible") or result.get("failed"))
            return False
        needed = self.ledger.next_epoch(name)
        limit = self._broken(needed)
        if not limit:
            self._set_aside[name] = needed
            return False
        self._stopped.add(trial_id)
        self._tell(limit, trial=name, epoch=self.ledger.account(name).epochs, needed_seconds=needed)
        return True

    def stop_all(self) -> bool:
        """Whether the limit is exceeded although no epoch was begun that should have done so."""
        now = self._clock()
        if self._all or now - self._looked_at < LOOK_S:
            return self._all
        self._looked_at = now
        used = {
            "gpu_hours": (self._gpu_limit(), self.ledger.seconds + self.ledger.unreported()),
            "wall_hours": (self._wall_limit(), now - self._began),
        }
        slack = self.ledger.worst_start()
        for limit, (allowed, seconds) in used.items():
            if slack and allowed is not None and seconds > allowed + max(OVERRUN * allowed, slack):
                self._all = True
                self._tell(limit, trial="all", epoch=0, needed_seconds=0.0)
        return self._all

    def begin(self, name: str) -> None:
        """Sets the trial's next epoch aside: it is given out, or starts again after a crash."""
        self._set_aside[name] = self.ledger.worst_start()

    def release(self, name: str) -> None:
        """Sets nothing aside for the trial any more: it has ended."""
        self._set_aside.pop(name, None)

    def pause(self, name: str) -> None:
        """The trial waits and holds nothing until it is begun again."""
        self.release(name)
        self.ledger.left(name, ended=False)

    def full(self) -> bool:
        """Whether no new trial may begin now; it may later, as long as others run and `exhausted` is not true."""
        return bool(self._all or self._broken(self.ledger.worst_start()))

    def exhausted(self) -> bool:
        """Whether not even one epoch of a new trial fits, if all that is running ended now."""
        if self._all:
            return True
        limit = self._broken(self.ledger.worst_start(), alone=True)
        if limit and not self._why:
            self._tell(limit, trial="", epoch=0, needed_seconds=self.ledger.worst_start())
        return bool(limit)

    def keep_for_finals(self, epochs: float, share: float, complete: bool) -> None:
        """Leaves budget for so many `epochs` of repeats, at most that `share` of each limit.

        Nothing is kept before the first trial is `complete`, in an earlier session or in this one.
        """
        self._finals = (epochs, share)
        self._complete = self._complete or complete

    def begin_finals(self) -> None:
        """From now on what was kept may be spent."""
        self._finals = (0.0, 0.0)
        self._set_aside.clear()

    def gpu_hours(self) -> float:
        """Spent so far, earlier sessions included."""
        return self.ledger.seconds * self.share / 3600.0

    def wall_hours(self) -> float:
        """Since this session began."""
        return (self._clock() - self._began) / 3600.0

    def stopped(self, trial_id: str) -> bool:
        """Whether the budget, and not the scheduler, ended Tune's trial of that id."""
        return self._all or trial_id in self._stopped

    def lost(self, name: str) -> None:
        """The trial's process crashed: what it had not reported is spent all the same."""
        seconds = self.ledger.crashed(name)
        if seconds:
            self._record("budget", what="lost", trial=name, seconds=seconds)

    def settle(self, logged: dict[str, float]) -> None:
        """Records what was counted here and is not in the log, whose seconds by trial are `logged`.

        An epoch is counted when it is reported, and logged when it is judged: where everything is ended in between, its
        seconds are spent all the same.
        """
        for name, account in self.ledger.accounts.items():
            seconds = account.seconds - logged.get(name, 0.0)
            if seconds > ROUNDING_S:
                self._record("budget", what="lost", trial=name, seconds=seconds)

    def why(self) -> str:
        """The limit that ended trials or kept them from beginning, in words; empty while none did."""
        return self._why

    def _broken(self, needed: float, alone: bool = False) -> str:
        """The limit that so many more seconds of one trial would break, or empty."""
        others = 0.0 if alone else sum(self._set_aside.values())
        gpu, wall, passed = self._gpu_limit(), self._wall_limit(), self._clock() - self._began
        if gpu is not None and (self.ledger.seconds >= gpu or self.ledger.seconds + others + needed > gpu):
            return "gpu_hours"
        if wall is not None and (passed >= wall or passed + needed > wall):
            return "wall_hours"
        return ""

    def _gpu_limit(self) -> float | None:
        """Device-seconds that may be spent now."""
        hours = self.budget.gpu_hours
        return None if hours is None else self._without_finals(hours * 3600.0 / self.share, 1)

    def _wall_limit(self) -> float | None:
        """Seconds of wall time that may pass."""
        hours = self.budget.wall_hours
        return None if hours is None else self._without_finals(hours * 3600.0, max(1, len(self._set_aside)))

    def _without_finals(self, seconds: float, at_once: int) -> float:
        epochs, share = self._finals
        if not epochs or not self._complete:
            return seconds
        return seconds - min(share * seconds, epochs * (self.ledger.epoch_seconds() or 0.0) / at_once)

    def _tell(self, limit: str, **body: Any) -> None:
        gpu = limit == "gpu_hours"
        hours, unit = getattr(self.budget, limit), "GPU-hours" if gpu else "hours"
        spent = self.gpu_hours() if gpu else self.wall_hours()
        kept = hours - (self._gpu_limit() * self.share if gpu else self._wall_limit()) / 3600.0  # type: ignore[operator]
        finals = f", {kept:.3g} kept for the finals" if kept > 0 else ""
        self._why = f"budget of {hours:.3g} {unit}: {spent:.3g} spent{finals}, and another epoch would not have fitted"
        aside = sum(self._set_aside.values())
        about = {"limit": limit, "spent_hours": spent, "kept_hours": kept, "set_aside_seconds": aside}
        self._record("budget", what="stop", **about, **body)
