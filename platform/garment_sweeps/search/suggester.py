"""The next config to try: what was planned first, then the sampler's, never one that was tried already."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment
from garment_sweeps.search.sampler import make_sampler
from garment_sweeps.search.seen import SeenStudy
from garment_sweeps.search.warm_start import known_trials
from garment_sweeps.study.catch_up import PASSED_OVER, begin
from garment_sweeps.study.history import History, Record
from garment_sweeps.study.spec import HeadStart
from garment_sweeps.study.study import trial_name
from garment_uv.config import digest_of
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig

ATTEMPTS = 30
"""Questions for one trial, while the sampler answers with configs that were tried already."""
Announce = Callable[..., None]


@dataclass(frozen=True)
class Suggestion:
    """A trial to run, its values by config path, and what the decision rested on."""

    record: Record
    values: dict[str, Any]
    inputs: dict[str, Any]

    @property
    def name(self) -> str:
        """Of the trial."""
        return self.record.name

    def trial(self) -> dict[str, Any]:
        """What the trial's process is told of itself."""
        return {"id": self.record.name, "number": self.record.number}


class Suggester:
    """Asks the experiment's sampler, and random values where it insists on what was tried already."""

    def __init__(self, experiment: Experiment, history: History, start: HeadStart) -> None:
        self._experiment = experiment
        self._base = experiment.base.flat()
        self._history = history
        self._planned = start.planned
        objectives = 1 + len(experiment.also_minimise)
        self._seen = SeenStudy(make_sampler(experiment.sampler, experiment.seed, experiment.startup_trials), objectives)
        rest = "grid" if all(parameter.finite for parameter in experiment.space.parameters) else "random"
        self._anything = SeenStudy(make_sampler(rest, experiment.seed, 0), objectives)
        for trial in known_trials(experiment, start.known):
            self._seen.add_known(**trial)
        self._tried: dict[str, str] = {}
        for record in history.records:
            self._pass_over(record.attrs.get(PASSED_OVER, ()))
            self._seen.add(record)
            self._anything.add(record)
            self._tried.setdefault(self._digest(record.suggested(experiment)), record.name)

    def next(self, announce: Announce = lambda **suggestion: None) -> Suggestion | None:
        """A new trial, in the history as running; None where every config of the space was tried.

        `announce` hears of it before the history does: `trial` (its name), `values`, `inputs`, and what the history
        is told and does not follow from these: `params`, `system_attrs` and `passed_over`.
        """
        number = len(self._history)
        duplicates: list[str] = []
        passed_over: list[dict[str, Any]] = []
        for attempt in range(2 * ATTEMPTS):
            planned = self._planned[number] if attempt == 0 and number < len(self._planned) else None
            study = self._seen if attempt < ATTEMPTS else self._anything
            asked = study.ask(number, attempt, planned)
            values = self._experiment.space.suggest(asked, self._base)
            digest = self._digest(values)
            if digest in self._tried:
                passed_over.append(study.discard(asked))
                duplicates.append(self._tried[digest])
                continue
            inputs = self._inputs(planned, duplicates)
            frozen = study.accept(number, asked)
            drawn = {"params": dict(frozen.params), "system_attrs": dict(frozen.system_attrs)}
            name = trial_name(number)
            announce(trial=name, values=values, inputs=inputs, **drawn, passed_over=passed_over)
            self._tried[digest] = name
            record = begin(self._history, self._experiment, **drawn, passed_over=passed_over)
            (self._anything if study is self._seen else self._seen).add(record)
            return Suggestion(record, values, inputs)
        return None

    def reported(self, record: Record, epoch: int, value: float) -> None:
        """An epoch of a trial has its value, mm."""
        self._seen.report(record.number, epoch, value)

    def ended(self, record: Record) -> None:
        """A trial has ended."""
        self._seen.end(record)

    def _pass_over(self, passed_over: Sequence[dict[str, Any]]) -> None:
        """What an earlier session did not take: it counts as asked, so that the next answers are the same."""
        for attempt, params in enumerate(passed_over):
            study = self._seen if attempt < ATTEMPTS else self._anything
            study.add_discarded(params, self._experiment.space.distributions(params, self._base))

    def _inputs(self, planned: dict | None, duplicates: list[str]) -> dict[str, Any]:
        states = [record.state for record in self._history.records]
        counts = {state.name.lower(): states.count(state) for state in TrialState if state in states}
        source = "planned" if planned is not None and not duplicates else self._experiment.sampler
        return {"source": source, "known": counts, "duplicates": duplicates}

    def _digest(self, values: dict[str, Any]) -> str:
        try:
            return canonical_digest(self._experiment.base, values)
        except UserError:
            return repr(sorted(values.items()))  # no config at all; it will be told as infeasible


def canonical_digest(base: TrialConfig, values: dict[str, Any]) -> str:
    """Digest of what a trial of these values trains: the resolved config without the fields that play no part.

    So two choices are one config that differ in inactive parameters alone, as the groups of branches not grouped.
    """
    plain = json.loads(json.dumps(base.with_values(values).plain()))
    loss, generator = plain["loss"], plain["generator"]
    local = generator["local"]
    if local["mode"] == "none":  # no local path, and so no class features either
        generator["local"] = {"mode": "none"}
        generator.pop("residual_blocks")
        loss.pop("classification")
    elif local["mode"] != "grouped":
        local.pop("groups")
    if not loss["adversarial"] and not loss["feature_matching"]:  # the discriminator is not trained
        plain.pop("discriminator")
        plain["training"]["optimiser"].pop("discriminator_lr")
    return digest_of(plain)
