"""The decisions of a logged sweep's scheduler, taken again from what the log says had happened."""

from typing import Any

from garment_sweeps.search.schedulers.make import make_judge
from garment_sweeps.spaces import Experiment


class ReplayedDecisions:
    """A scheduler without Tune that follows a log, over all sessions of its sweep.

    Args:
        experiment: that the sweep was begun with.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._judge = make_judge(experiment)

    def follow(self, event: dict[str, Any]) -> dict[str, Any]:
        """Takes the next event of the log, of whatever kind, and returns what of it comes out otherwise.

        Of a `result` that is its `decision`, and of an exploit whom it copies (`from`) and the `values` that it takes,
        each as (logged, repeated). An empty answer is agreement.
        """
        verdict = self._judge.feed(event)
        if verdict is None or event["kind"] != "result":
            return {}
        logged, repeated = event.get("exploit") or {}, verdict.exploit or {}
        pairs = {"decision": (event["decision"], verdict.decision)}
        pairs |= {key: (logged.get(key), repeated.get(key)) for key in ("from", "values")}
        return {what: pair for what, pair in pairs.items() if pair[0] != pair[1]}
