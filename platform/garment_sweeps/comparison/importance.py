"""Which searched parameters decide whether a trial is among the best, by the objective and for each garment class.

Optuna's conditional PED-ANOVA: how far the distribution of a parameter among the best trials differs from that among
all of them (Watanabe, Bansal and Hutter, IJCAI 2023, arXiv:2304.10255; with conditions arXiv:2601.20800). Unlike fANOVA
it needs only an order of the trials, so that stopped ones count too: they stand behind all that were trained to their
end, as on the leaderboard. Ones that diverged are left out.

A parameter that does nothing gets a share as well, since few trials never spread evenly. What such a parameter gets is
measured: the trials' order is shuffled, and the 95th percentile of the importance that each parameter then has is
given, as a share of the importance that all have in truth.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from garment_sweeps.comparison.rows import Row
from garment_sweeps.tracking.record import HEADLINE
from garment_sweeps.tracking.runs import SEARCHED
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.errors import UserError

if TYPE_CHECKING:
    import optuna

    from garment_sweeps.experiment.space import Space

FEWEST = 20
"""Trials below which nothing is said."""
BEST_SHARE = 0.1
FEWEST_BEST = 5
"""Trials that count as the best: a tenth of all, and at least so many, as Optuna recommends."""
SHUFFLES = 20
CHANCE = 0.95


@dataclass(frozen=True)
class Importance:
    """Shares that add up to 1 in each column."""

    parameters: tuple[str, ...]
    """Config paths, the most important for the objective first."""
    shares: dict[str, dict[str, float]]
    """By column, the objective first, then 'all' and the classes, and parameter."""
    chance: dict[str, dict[str, float]]
    """What a parameter that does nothing may get, by column and parameter; may be more than 1 where nothing matters."""
    trials: int
    best: int
    """How many of them count as the best."""

    @property
    def objective(self) -> str:
        """The column of the sweep's objective."""
        return next(iter(self.shares))


def importance(rows: Sequence[Row], space: "Space", objective: str = HEADLINE) -> Importance:
    """The importance of what was searched among a sweep's trials; UserError where there is too little of either."""
    measured = [row for row in rows if row.outcome in ("complete", "pruned") and objective in row.metrics]
    if len(space.parameters) < 2:
        raise UserError("fewer than two parameters were searched")
    if len(measured) < FEWEST:
        raise UserError(f"{len(measured)} trials were measured; below {FEWEST} shares would be chance")
    best = max(FEWEST_BEST, round(BEST_SHARE * len(measured)))
    metrics = dict.fromkeys((objective, HEADLINE, *(f"s2s/{name}" for name in GARMENT_CLASSES)))
    measured_in_all = [metric for metric in metrics if all(metric in row.metrics for row in measured)]
    columns = {metric.removeprefix("s2s/"): metric for metric in measured_in_all}
    study = _study(measured, columns, space)
    by_column = {
        name: _importances(study, best / len(measured), lambda trial, name=name: trial.user_attrs[name])
        for name in columns
    }
    sums = {name: sum(values.values()) or 1.0 for name, values in by_column.items()}
    by_chance = _by_chance(study, best / len(measured))
    shares = {name: {path: value / sums[name] for path, value in values.items()} for name, values in by_column.items()}
    chance = {name: {path: value / sums[name] for path, value in by_chance.items()} for name in by_column}
    first = shares[next(iter(columns))]
    order = tuple(sorted(first, key=lambda path: (-first[path], path)))
    return Importance(order, shares, chance, len(measured), best)


def space_of(text: str) -> "Space":
    """The space as a sweep's run holds it; UserError where it was cut off."""
    from garment_sweeps.experiment.space import Space

    try:
        return Space.from_plain({"parameters": json.loads(text)})
    except ValueError:
        raise UserError("the sweep's run does not hold its whole space") from None


def _study(rows: list[Row], columns: dict[str, str], space: "Space") -> "optuna.Study":
    """A study in memory whose trials hold their place in each column's order."""
    import optuna
    from optuna.trial import create_trial

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    kinds = {parameter.path: _distribution(parameter) for parameter in space.parameters}
    places = {
        name: {row.name: place for place, row in enumerate(sorted(rows, key=lambda row: _order(row, metric)))}
        for name, metric in columns.items()
    }
    study = optuna.create_study()
    for row in rows:
        values = {path: _value(row, path, kind) for path, kind in kinds.items() if SEARCHED + path in row.params}
        values = {path: value for path, value in values.items() if _inside(kinds[path], value)}
        study.add_trial(
            create_trial(
                params=values,
                distributions={path: kinds[path] for path in values},
                value=float(places[next(iter(columns))][row.name]),
                user_attrs={name: places[name][row.name] for name in columns},
            )
        )
    return study


def _order(row: Row, metric: str) -> tuple:
    return row.outcome != "complete", row.metrics[metric], row.name


def _distribution(parameter: Any) -> "optuna.distributions.BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if parameter.kind == "choice":
        return CategoricalDistribution([json.dumps(option, sort_keys=True) for option in parameter.options])
    kind = IntDistribution if parameter.kind == "integer" else FloatDistribution
    return kind(parameter.low, parameter.high, log=parameter.log)


def _value(row: Row, path: str, kind: Any) -> Any:
    text = row.params[path]
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return json.dumps(value, sort_keys=True) if hasattr(kind, "choices") else value


def _inside(kind: Any, value: Any) -> bool:
    """Whether a value lies in its range: population based training may leave it."""
    return value in kind.choices if hasattr(kind, "choices") else kind.low <= value <= kind.high


def _by_chance(study: "optuna.Study", quantile: float) -> dict[str, float]:
    """The importance of each parameter, in 19 of 20 shuffles at most, where the trials' order means nothing."""
    import numpy as np

    random = np.random.default_rng(0)
    numbers = [trial.number for trial in study.get_trials(deepcopy=False)]
    drawn: dict[str, list[float]] = {}
    for _ in range(SHUFFLES):
        order = dict(zip(numbers, random.permutation(len(numbers)), strict=True))
        for path, value in _importances(study, quantile, lambda trial, order=order: float(order[trial.number])).items():
            drawn.setdefault(path, []).append(value)
    return {path: float(np.quantile(values, CHANCE)) for path, values in drawn.items()}


def _importances(study: "optuna.Study", quantile: float, target) -> dict[str, float]:
    import warnings

    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = PedAnovaImportanceEvaluator(target_quantile=quantile)
        found = get_param_importances(study, evaluator=evaluator, target=target, normalize=False)
    return {path: float(value) for path, value in found.items()}
