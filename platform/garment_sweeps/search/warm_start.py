"""Earlier sweeps as a head start: their results where they can be compared, their best configs where they cannot."""

import json
import math
from typing import TYPE_CHECKING, Any

from garment_sweeps.experiment import Experiment
from garment_sweeps.study.outcome import completed, costs_of
from garment_sweeps.study.spec import HeadStart
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.record import as_param
from garment_sweeps.tracking.runs import SEARCHED, find_sweep, last_params, trials_of
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import Run

BEST = 5
"""Configs of an earlier sweep that are tried first where its results cannot be taken over."""
INCOMPARABLE = ("data.uri", "training.threads", "training.device", "evaluation.meshes", "data.workers", "seed")
"""Fields that change no error in earnest: where the dataset lies (its version counts), and on what it was trained."""


def head_start(experiment: Experiment, sweeps: list[str], dataset_version: str) -> HeadStart:
    """Reads the complete trials of earlier sweeps from MLflow.

    A trial counts as known where its config, with this experiment's space taken out, is this experiment's base: then
    its results are what this sweep would have measured. Others, of other spaces, epochs or data, give their best few
    configs: values that this space holds are taken, missing ones come from the base.

    Raises:
        UserError: a sweep is not tracked, or nothing of it fits this space.
    """
    client = tracking_client()
    known, planned = [], []
    for sweep in sweeps:
        runs = [run for run in trials_of(client, find_sweep(client, sweep)) if _complete(run)]
        same = [run for run in runs if _comparable(run, experiment, dataset_version)]
        known += [entry for run in same if (entry := _known(run, experiment, sweep)) is not None]
        others = sorted((run for run in runs if run not in same), key=lambda run: _error_mm(run, experiment))
        configs = [values for run in others if (values := _planned(run, experiment)) is not None]
        planned += [values for index, values in enumerate(configs) if values not in configs[:index]][:BEST]
        if not same and not configs:
            raise UserError(f"no complete trial of sweep {sweep!r} fits the space of {experiment.name}; leave it out")
    return HeadStart(tuple(known), tuple(planned))


def known_trials(experiment: Experiment, known: list[dict[str, Any]] | tuple) -> list[dict[str, Any]]:
    """Known trials as the sampler takes them: params, distributions, values and violations."""
    answer, space, base = [], experiment.space, experiment.base.flat()
    for entry in known:
        params = space.encode(entry["values"], base)
        results = {"values": tuple(entry["results"]), "violations": entry.get("violations")}
        answer.append({"params": params, "distributions": space.distributions(params, base), **results})
    return answer


def _complete(run: "Run") -> bool:
    return run.data.tags.get(tags.OUTCOME) == "complete" and "garment.repeat_of" not in run.data.tags


def _comparable(run: "Run", experiment: Experiment, dataset_version: str) -> bool:
    searched = {parameter.path for parameter in experiment.space.parameters}
    if run.data.params.get("dataset_version", "") != dataset_version or _searched_elsewhere(run, experiment):
        return False
    if last_params(run) != run.data.params:  # no one config has this result: some of it changed in mid-training
        return False
    fixed = {path: as_param(value) for path, value in experiment.base.flat().items() if path not in INCOMPARABLE}
    alike = all(run.data.params.get(path, value) == value for path, value in fixed.items() if path not in searched)
    return alike and all(path in run.data.params for path in searched)


def _searched_elsewhere(run: "Run", experiment: Experiment) -> bool:
    """Whether the other space changed a field that this one keeps at another value."""
    base = experiment.base.flat()
    searched = {parameter.path for parameter in experiment.space.parameters}
    searched_there = [name.removeprefix(SEARCHED) for name in run.data.params if name.startswith(SEARCHED)]
    return any(
        path not in searched and run.data.params.get(path) != as_param(base.get(path)) for path in searched_there
    )


def _known(run: "Run", experiment: Experiment, sweep: str) -> dict[str, Any] | None:
    values = _values(run, experiment)
    try:
        experiment.space.encode(values, experiment.base.flat())
    except ValueError:
        return None
    outcome = completed(_error_mm(run, experiment), costs_of(run.data.metrics), experiment)
    if outcome.values is None:
        return None
    known = {"values": values, "results": list(outcome.values), "from": f"{sweep}/{run.info.run_name}"}
    return {**known, "violations": outcome.violations} if outcome.violations else known


def _planned(run: "Run", experiment: Experiment) -> dict[str, Any] | None:
    values = _values(run, experiment)
    base = experiment.base.flat()
    try:
        return experiment.space.encode(values, base) or None
    except ValueError:
        pass
    kept = {path: value for path, value in values.items() if _fits(experiment, path, value)}
    try:
        return experiment.space.encode(kept, base) if kept else None
    except ValueError:
        return None


def _fits(experiment: Experiment, path: str, value: Any) -> bool:
    parameter = next(p for p in experiment.space.parameters if p.path == path)
    try:
        parameter.encode(value)
    except (ValueError, TypeError):
        return False
    return True


def _values(run: "Run", experiment: Experiment) -> dict[str, Any]:
    values, params = {}, last_params(run)
    for path in (parameter.path for parameter in experiment.space.parameters if parameter.path in params):
        try:
            values[path] = json.loads(params[path])
        except json.JSONDecodeError:
            values[path] = params[path]
    return values


def _error_mm(run: "Run", experiment: Experiment) -> float:
    """What this experiment makes small, of a run of another one; infinite where it was not measured there."""
    return run.data.metrics.get(experiment.metric, math.inf)
