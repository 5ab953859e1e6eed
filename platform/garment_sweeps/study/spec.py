"""What a sweep was begun with and knew, as its log keeps it, and what may change when it is resumed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from garment_sweeps.experiment import Budget, Experiment
from garment_sweeps.study.decisions import Event
from garment_uv.config import Config
from garment_uv.errors import UserError

FREE = ("description", "trials", "max_concurrent", "checkpoint_every", "base.training.processes")
FREE_GROUPS = ("finals.", "resources.")
"""Fields of an experiment, and beginnings of their paths, that change no result of a trial."""

Changes = dict[str, tuple[Any, Any]]
"""Field to its old and its new value."""


@dataclass(frozen=True)
class HeadStart:
    """What earlier sweeps give a new one."""

    known: tuple[dict[str, Any], ...] = ()
    """Trials whose results count as this sweep's own: {'values': by config path, 'results': [...], 'from': name}, and
    of a sweep with constraints 'violations', how far each was exceeded."""
    planned: tuple[dict[str, Any], ...] = ()
    """Configs to be tried first, as the space encodes them."""


NOTHING_KNOWN = HeadStart()


@dataclass(frozen=True)
class SweepRequest:
    """What a caller asks of a sweep; what is None or empty is left as it is, or to the experiment."""

    experiment: Experiment | None = None
    """None, with `otherwise`, for the one that the sweep was begun with."""
    trials: int | None = None
    """How many in all, instead of the experiment's number, or of what the sweep had before."""
    budget: Budget | None = None
    """Limits beside the number of trials."""
    warm_start: tuple[str, ...] = ()
    """Names of earlier sweeps whose results or best configs give this one a head start."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """Changes to the base config, path to value; those of before need not be repeated."""
    otherwise: Callable[[], Experiment] | None = None
    """Gives the experiment where there is no sweep to go on with."""
    name: str = ""
    """Of the sweep; the experiment's name by default."""
    resume: bool = False
    """Go on with the sweep of that name if there is one; without it a taken name is refused."""
    overwrite: bool = False
    """Remove what bears the name, and begin."""
    accept_code: bool = False
    """Go on although the sweep was last run by other code."""
    experiment_file: Path | None = None
    """From which the experiment was loaded; MLflow keeps its text."""


class SweepSpec(Config):
    """All that a sweep was begun with."""

    experiment: Experiment
    """Its overrides included."""
    trials: int = Field(ge=1)
    """Of the search in all."""
    budget: Budget = Budget()
    warm_start: tuple[str, ...] = ()
    """Names of earlier sweeps."""
    overrides: dict[str, Any] = {}
    """What `--set` changed in the experiment's base config, path to value."""

    @classmethod
    def new(cls, request: SweepRequest) -> "SweepSpec":
        """Of a sweep that begins."""
        experiment = request.experiment or request.otherwise()  # type: ignore[misc]
        return cls(
            experiment=experiment,
            trials=request.trials or experiment.trials,
            budget=request.budget or Budget(),
            warm_start=request.warm_start,
            overrides=request.overrides,
        )

    @classmethod
    def logged(cls, events: Iterable[Event]) -> "SweepSpec | None":
        """As the newest session of a log had it; None where none began. Older logs know less of it."""
        begun = [event for event in events if event["kind"] == "begin"]
        if not begun:
            return None
        return cls(**{name: begun[-1][name] for name in cls.model_fields if name in begun[-1]})

    def resumed(self, sweep: str, request: SweepRequest) -> tuple["SweepSpec", Changes]:
        """The same sweep with what is given now, and what that changes.

        Raises:
            UserError: a given value would change the results of trials, or is a smaller number of trials or budget;
                it names each such field with its old and its new value.
        """
        overrides = {**self.overrides, **request.overrides}
        experiment = overridden(request.experiment or self.experiment, overrides)
        changes = changes_of(self.experiment, experiment)
        planned = changes.pop("trials", None)
        trials = request.trials or (experiment.trials if planned else self.trials)
        before = self.budget.plain()
        limits = {name: value for name, value in (request.budget or Budget()).plain().items() if value is not None}
        pairs = {"trials": (self.trials, trials), **{f"budget.{name}": (before[name], limits[name]) for name in limits}}
        if request.warm_start:
            pairs["warm_start"] = (list(self.warm_start), list(request.warm_start))
        changes |= {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        refused = {path: pair for path, pair in changes.items() if not _allowed(path, *pair)}
        if refused:
            raise UserError(
                f"sweep {sweep!r} was begun with other values: {in_words(refused)}; leave them out to go on with it, "
                "or begin another sweep under another --name (a resumed sweep takes more trials and more budget only)"
            )
        update = {"experiment": experiment, "trials": trials, "budget": Budget(**{**before, **limits})}
        return SweepSpec(**{**dict(self), **update}), changes

    def words(self) -> str:
        """One line for the terminal."""
        finals = self.experiment.finals
        limits = [f"{value:g} {name.replace('gpu_hours', 'GPU-hours').replace('wall_hours', 'hours a session')}"
                  for name, value in self.budget.plain().items() if value is not None]  # fmt: skip
        parts = [
            f"{self.trials} trials of {self.experiment.epochs} epochs",
            f"budget {' and '.join(limits) or 'unlimited'}",
            f"finals of {finals.finalists} with {finals.seeds} seeds",
        ]
        parts += [f"{path}={value}" for path, value in self.overrides.items()]
        parts += [f"warm start from {', '.join(self.warm_start)}"] if self.warm_start else []
        return "; ".join(parts)


def fields_of(experiment: Experiment) -> dict[str, Any]:
    """Dotted path to value of every field; each searched parameter is a field 'space.PATH'."""
    flat = experiment.flat()
    flat.pop("space.parameters", None)
    return {**flat, **{f"space.{p.path}": p.plain() for p in experiment.space.parameters}}


def changes_of(before: Experiment, now: Experiment) -> Changes:
    """The fields in which they differ."""
    old, new = fields_of(before), fields_of(now)
    pairs = {path: (old.get(path), new.get(path)) for path in {**old, **new}}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


def is_free(path: str) -> bool:
    """Whether the field of that path changes no result of a trial."""
    return path in FREE or path.startswith(FREE_GROUPS)


def in_words(changes: Changes) -> str:
    """Each field with its old and its new value."""
    shown = {path: ["none" if value is None else str(value) for value in pair] for path, pair in changes.items()}
    return "; ".join(f"{path} was {old}, now {new}" for path, (old, new) in shown.items())


def _allowed(path: str, old: Any, new: Any) -> bool:
    if path == "trials" or path.startswith("budget."):
        return old is None or new > old
    return is_free(path)


def overridden(experiment: Experiment, overrides: dict[str, Any]) -> Experiment:
    """The experiment with these changes to its base config, path to value."""
    if not overrides:
        return experiment
    return Experiment(**{**experiment.plain(), "base": experiment.base.with_values(overrides).plain()})
