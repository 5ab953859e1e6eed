"""The decisions of a logged sweep's scheduler, taken again from what the log says had happened."""

from typing import Any

from garment_sweeps.experiment import Experiment
from garment_sweeps.search.schedulers.make import make_judge


class ReplayedDecisions:
    """A scheduler without Tune that follows a log, over all sessions of its sweep.

    Args:
        experiment: that the sweep was begun with.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._judge = make_judge(experiment)

    def follow(self, event: dict[str, Any]) -> dict[str, Any]:
        """Takes the next event of the log, of whatever kind, and returns what of it comes out otherwise.

        That is the `decision` of a result, and where a trial goes on from another's weights, from whose and with which
        values; each as (logged, repeated). An empty answer is agreement.
        """
        verdict = self._judge.feed(event)
        if verdict is None:
            return {}
        logged, repeated = event.get("exploits", {}), verdict.exploits
        pairs = {"decision": (event["decision"], verdict.decision)} if event["kind"] == "result" else {}
        for name in sorted(logged.keys() | repeated.keys()):
            pairs[f"exploit of {name}"] = (_copied(logged.get(name)), _copied(repeated.get(name)))  # type: ignore[assignment]
        return {what: pair for what, pair in pairs.items() if pair[0] != pair[1]}


def _copied(entry: dict[str, Any] | None) -> tuple[str, dict[str, Any]] | None:
    return (entry["from"], entry["values"]) if entry else None
