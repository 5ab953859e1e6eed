"""A sweep's driver as a process of its own, for tests that kill it: `python drive.py EXPERIMENT.json`."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from garment_sweeps.experiment import Experiment
from garment_sweeps.search.repeat_searcher import RepeatSearcher
from garment_sweeps.search.searcher import StudySearcher
from garment_sweeps.study import copies
from garment_uv.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
HOLD_S = 600.0
"""How long a driver waits for whoever kills it, at most."""


def main() -> int:
    """What `garment sweep --resume` does, for an experiment from a file; a UserError is one line and status 1."""
    parser = argparse.ArgumentParser()
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--tabulated", type=float, metavar="SECONDS", help="no training: epochs that last so long")
    parser.add_argument("--untracked", action="store_true", help="without MLflow")
    parser.add_argument("--hold-at", type=int, metavar="EPOCHS", help="hear of no more epochs before --until is there")
    parser.add_argument("--hold-repeats", action="store_true", help="count the epochs of the finals for that")
    parser.add_argument("--until", type=Path, metavar="FILE")
    parser.add_argument("--hold-while", type=Path, metavar="FILE", help="hear of no epochs as long as it is there")
    parser.add_argument("--copy-every", type=float, metavar="SECONDS", default=copies.EVERY_S)
    options = parser.parse_args()
    experiment = Experiment.from_plain(json.loads(options.experiment.read_text()))
    sys.path.append(str(ROOT))
    from tests.garment_sweeps.sweeping import run_sweep
    from tests.servers.light_nodes import light_nodes

    work = "train" if options.tabulated is None else "tabulated"
    try:
        with ExitStack() as holding:
            holding.enter_context(mock.patch.object(copies, "EVERY_S", options.copy_every))
            if options.hold_at is not None:
                holding.enter_context(hold_at(options.hold_at, options.until.exists, options.hold_repeats))
            if options.hold_while is not None:
                holding.enter_context(hold_at(0, lambda: not options.hold_while.exists(), options.hold_repeats))
            holding.enter_context(light_nodes())  # where it starts a Ray of its own
            report = run_sweep(
                experiment,
                resume=True,
                work=work,
                seconds_per_epoch=options.tabulated or 0.0,
                tracked=not options.untracked,
            )
    except UserError as error:
        print(f"garment: {error}", file=sys.stderr)
        return 1
    print(report)
    return 0


@contextmanager
def hold_at(epochs: int, until: Callable[[], bool], repeats: bool = False) -> Iterator[None]:
    """While inside, a driver of this process that knows of so many epochs hears of no further one until `until`.

    So what is to happen in mid-sweep does, however late it comes; where it comes in time the driver never waits.
    Nothing else stands still: the lease is kept, writes reach the database, trials go on with the epoch they are in.

    Args:
        epochs: reported by all trials of the sweep, or by all repeats of its finalists.
        until: what it waits for has happened.
        repeats: count the epochs of the finals instead of those of the search.
    """
    kind = RepeatSearcher if repeats else StudySearcher
    record = kind._record

    def told(searcher) -> int:
        records = searcher._known.known() if repeats else searcher._history.records
        return sum(len(each.curve) for each in records)

    def held(searcher, *about) -> None:
        end = time.monotonic() + HOLD_S
        while told(searcher) >= epochs and not until() and time.monotonic() < end:
            time.sleep(0.05)
        record(searcher, *about)

    with mock.patch.object(kind, "_record", held):
        yield


if __name__ == "__main__":
    sys.exit(main())
