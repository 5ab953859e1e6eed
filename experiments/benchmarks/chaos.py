"""A sweep of short tabulated trials while its parts are killed with kill -9 at a hundred random moments, its driver is
frozen twenty times, its database lost twice, and MLflow refuses one epoch for ever.

    python experiments/benchmarks/chaos.py [--kills 100] [--freezes 20] [--losses 2] [--refuse t00007 2] [--seed 0]

Everything is real: a Ray cluster of several nodes, PostgreSQL for the study, an MLflow server, Swift for checkpoints.
A killed driver is started again with --resume, a killed node is replaced by a new one, a killed server is started
again on its data; nobody cleans up. A frozen driver (SIGSTOP) goes on (SIGCONT) once another has taken the sweep over:
PostgreSQL and a proxy before MLflow note who writes, and it must write nothing more and end. A lost database is empty
when the next driver starts, and what that one restores is compared with what was lost, field by field. Afterwards
study, decision log and MLflow are compared with the table, trial by trial and epoch by epoch, and the study with that
of an undisturbed sweep. Exits 1 where anything is lost, doubled or different.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.benchmarks.conditions import conditions, write_csv
from tests.chaos.log import all_went_on_after
from tests.chaos.plan import FREEZE, LOSS, VICTIMS, plan_kills
from tests.chaos.run import Outcome, chaos_experiment, sweep_under_kills
from tests.chaos.stage import open_stage

COLUMNS = ("kill", "victim", "whom", "at_s", "epochs_before", "next_epoch_after_s", "all_trials_on_after_s")


def main() -> int:
    """Runs, writes `experiments/results/chaos.csv`, prints a summary."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and everything that was started is ended
    signal.signal(signal.SIGINT, signal.default_int_handler)
    victims = tuple(options.victims.split(","))
    experiment = chaos_experiment(options.trials, options.epochs, options.seed)
    epochs = options.trials * options.epochs
    kills = plan_kills(options.kills, victims, epochs, options.seed, options.freezes, options.losses)
    refused = (options.refuse[0], int(options.refuse[1]))
    folder = Path(options.folder or tempfile.mkdtemp(prefix="garment-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"logs and data in {folder}", flush=True)
    with open_stage(folder, victims, options.nodes, options.cpus, refused=refused) as stage:
        outcome = sweep_under_kills(
            stage, folder, experiment, kills, options.seconds_per_epoch, not options.untracked, refused, say=print
        )
    about = conditions(options.seed)
    path = write_csv(options.name, about, COLUMNS, rows(outcome))
    print(about)
    print(summary(outcome, options.trials))
    for fault in outcome.faults:
        print(f"FAULT: {fault}")
    print(f"written: {path}")
    return 1 if outcome.faults else 0


def rows(outcome: Outcome) -> list[tuple[object, ...]]:
    """One a kill, in the order of `COLUMNS`; times in seconds, since the sweep began."""
    began = outcome.looks[0][0]
    return [
        (
            blow.kill.number,
            blow.kill.victim,
            blow.whom,
            round(blow.at - began, 1),
            blow.epochs,
            *(
                "" if after is None else round(after, 1)
                for after in (outcome.went_on_after(blow), all_went_on_after(outcome.events, blow.at))
            ),
        )
        for blow in outcome.blows
    ]


def summary(outcome: Outcome, trials: int) -> str:
    """The figures in a few lines."""
    lines = []
    for victim in (*VICTIMS, FREEZE, LOSS):
        blows = [b for b in outcome.blows if b.kill.victim == victim]
        known = sorted(a for b in blows if (a := outcome.went_on_after(b)) is not None)
        all_on = [a for b in blows if (a := all_went_on_after(outcome.events, b.at)) is not None]
        if known and all_on:
            lines.append(
                f"  {victim:9}{len(blows):4} times; next epoch after {median(known):.1f} s, at most {known[-1]:.1f} s;"
                f" every open trial went on after {median(all_on):.1f} s, at most {max(all_on):.1f} s"
            )
    own = {end.said for end in outcome.driver_ends}
    lines.append(
        f"  drivers started: {outcome.driver_starts}, of them after an end of their own: {len(outcome.driver_ends)}"
    )
    lines += [f"    {said}" for said in sorted(own)]
    words = "nothing lost, doubled or different" if not outcome.faults else f"{len(outcome.faults)} FAULTS"
    return f"{len(outcome.blows)} blows over {trials} trials in {outcome.seconds:.0f} s: {words}\n" + "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--freezes", type=int, default=20, help="of drivers, each until another has taken over")
    parser.add_argument("--losses", type=int, default=2, help="of the study's database")
    parser.add_argument("--refuse", nargs=2, metavar=("TRIAL", "EPOCH"), default=("t00007", "2"))
    parser.add_argument("--seed", type=int, default=0, help="of the kills and of the sweep's sampler")
    parser.add_argument("--victims", default=",".join(VICTIMS), help="some of: " + ", ".join(VICTIMS))
    parser.add_argument("--trials", type=int, default=250)
    parser.add_argument("--epochs", type=int, default=6, help="of a trial")
    parser.add_argument("--seconds-per-epoch", type=float, default=0.3)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--cpus", type=float, default=2, help="of each node, and so many trials run on it at once")
    parser.add_argument("--untracked", action="store_true", help="without MLflow")
    parser.add_argument("--name", default="chaos", help="of the result's file")
    parser.add_argument("--folder", help="for logs and data; a new one in the temporary folder by default")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
