"""Trials that change in mid-training: population based training lets one go on from another's weights.

A trial's Tune config says under 'trial' which config paths may change (`CHANGES`) and what did (`SCHEDULE`, see
`garment_sweeps.search.schedulers.Hooks.on_exploit`). Its lineage counts the changes. A checkpoint says of which lineage
it is, so that after a crash no checkpoint from before a change is taken for one after it.
"""

from dataclasses import dataclass
from typing import Any

from garment_sweeps.tracking.runs import SEARCHED
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.progress import progress_in

CHANGES = "changes"
SCHEDULE = "schedule"


@dataclass(frozen=True)
class Lineage:
    """What a trial's config says of it; nothing changes without population based training."""

    changes: tuple[str, ...] = ()
    """Config paths that may change."""
    schedule: tuple[dict[str, Any], ...] = ()
    """What changed, newest last."""

    @classmethod
    def of(cls, trial: dict[str, Any]) -> "Lineage":
        """From the part of a trial's Tune config that says who it is."""
        return cls(tuple(trial.get(CHANGES, ())), tuple(trial.get(SCHEDULE, ())))

    @property
    def count(self) -> int:
        """How often the trial went on from another's weights."""
        return len(self.schedule)

    @property
    def copied(self) -> str | None:
        """Path in the storage of the checkpoint that it goes on from, as long as it has none of its own after that."""
        return self.schedule[-1].get("checkpoint") if self.schedule else None

    def release(self, store: TrialStore) -> None:
        """The trial has a checkpoint of its own after the last change: what was kept for it is needed no more."""
        for number, entry in enumerate(self.schedule, start=1):
            if entry.get("checkpoint"):
                store.no_longer_for(entry["checkpoint"], _keeper(store.trial_id, number))

    def values(self, suggested: dict[str, Any]) -> dict[str, Any]:
        """Path to value of everything searched, as it is now."""
        return dict(self.schedule[-1]["values"]) if self.schedule else suggested

    def metrics(self, suggested: dict[str, Any]) -> dict[str, float]:
        """What may change, as it is now, for the trial's curves: those of its values that are numbers."""
        now = self.values(suggested)
        numbers = {path: now[path] for path in self.changes if isinstance(now.get(path), int | float)}
        return {f"{SEARCHED}{path}": float(value) for path, value in numbers.items()}


def copied_checkpoint(context: TrialContext, source: str, trial: str, lineage: int) -> dict[str, Any]:
    """Keeps the newest whole checkpoint of the trial named `source` for another, until that has one of its own.

    Returns:
        `checkpoint`, its path in the storage, and `source_epoch`, of which it is; nothing where there is none.
    """
    store = TrialStore.open(context.storage, context.sweep, source, context.session)
    for path in store.checkpoints():
        epoch = (progress_in(store.filesystem, path) or {}).get("epoch")
        if epoch is not None:
            store.keep_for(path, _keeper(trial, lineage))
            return {"checkpoint": path, "source_epoch": int(epoch)}
    return {}


def _keeper(trial: str, lineage: int) -> str:
    return f"{trial}.{lineage}"
