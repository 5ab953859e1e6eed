"""How long `garment leaderboard` and `garment compare` take on a sweep of 1,000 trials, and how the page behaves.

    python experiments/benchmarks/comparison_page.py [--trials 1000] [--data .garment/open192/256] [--seed 0]

A record of that many trials is made in a local MLflow store (see `recorded_sweep`), with meshes of the open benchmark
set for the best 8 trials, 12 samples each. Both commands are then timed whole, imports included, three times each;
their peer is a process that asks MLflow for the same runs and does nothing with them. The page is opened in headless
Chromium (software rendering) without network: how large it is, seconds until all views in sight are drawn, and until a
dragged view and all others in sight have turned. Writes `experiments/results/comparison_page.csv`; exits 1 where a goal
is missed.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.benchmarks.conditions import conditions, write_csv
from experiments.benchmarks.recorded_sweep import make_trials, record_sweep
from tests.servers.browser import browser

SWEEP, RUNS, SAMPLES, REPEATS = "recorded", 8, 12, 3
COMMAND_GOAL_S, PAGE_GOAL_MB, READY_GOAL_S = 10.0, 25.0, 3.0
BARE = (
    "import sys; from garment_sweeps.tracking import tracking_client; "
    "from garment_sweeps.tracking.runs import find_sweep, trials_of; c = tracking_client(); "
    "print(len(trials_of(c, find_sweep(c, sys.argv[1]))))"
)
TURNED = """new Promise(done => {
  const canvas = document.querySelector('canvas[data-panel="1"]'), box = canvas.getBoundingClientRect();
  canvas.setPointerCapture = () => {};
  const tell = (kind, x) => canvas.dispatchEvent(new PointerEvent(kind,
    {pointerId: 1, clientX: x, clientY: box.top + 50, buttons: 1, bubbles: true}));
  const views = [...document.querySelectorAll('canvas[data-panel]')].filter(c => {
    const b = c.getBoundingClientRect(); return b.top < innerHeight && b.bottom > 0 && c.width !== 300; });
  const seen = c => c.toDataURL();
  const before = new Map(views.map(c => [c, seen(c)]));
  const began = performance.now(); let first = 0;
  tell('pointerdown', box.left + 50); tell('pointermove', box.left + 90);
  const look = () => {
    if (!first && seen(canvas) !== before.get(canvas)) first = performance.now() - began;
    if (first) for (const c of [...before.keys()]) if (seen(c) !== before.get(c)) before.delete(c);
    if (before.size) requestAnimationFrame(look);
    else { tell('pointerup', box.left + 90); done([views.length, first, performance.now() - began]); }
  };
  requestAnimationFrame(look);
})"""


def main() -> int:
    """Makes the record unless it is there, measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--data", default=".garment/open192/256", help="a prepared dataset with a split `val`")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", help="keeps the record, and takes it from there where it is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="garment-comparison-") as name:
        home = Path(options.folder or name).resolve()
        os.environ["GARMENT_HOME"] = str(home)
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        if not (home / "mlflow.db").exists():
            began = time.perf_counter()
            trials = make_trials(options.trials, options.seed)
            record_sweep(SWEEP, trials, RUNS, Path(options.data), SAMPLES, home / "files")
            print(f"recorded {options.trials} trials in {time.perf_counter() - began:.0f} s", flush=True)
        page = home / "compare.html"
        rows = [
            *timed("MLflow's runs alone", [sys.executable, "-c", BARE, SWEEP], None),
            *timed("garment leaderboard", [*GARMENT, "leaderboard", SWEEP, "--all"], COMMAND_GOAL_S),
            *timed("garment compare", [*GARMENT, "compare", SWEEP, "--out", str(page)], COMMAND_GOAL_S),
            *looked_at(page, home),
        ]
    for what, unit, middle, low, high, goal in rows:
        print(f"{what}: {middle:.3g} {unit} ({low:.3g} to {high:.3g}){f', goal {goal:g}' if goal else ''}")
    about = f"{options.trials} trials, a page of {RUNS} runs and {SAMPLES} samples; {conditions(options.seed)}"
    print(write_csv("comparison_page", about, ["what", "unit", "median", "lowest", "highest", "goal"], rows))
    return int(any(goal and middle > goal for *_, middle, _, _, goal in rows))


GARMENT = [sys.executable, "-m", "garment_sweeps.cli.main"]


def timed(what: str, command: list[str], goal: float | None) -> list[tuple]:
    """Rows with the seconds that a command takes, whole, and with those of the processor."""
    seconds, processor = [], []
    for _ in range(REPEATS):
        began, before = time.perf_counter(), processor_seconds()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began)
        processor.append(processor_seconds() - before)
    return [row(what, "s", seconds, goal), row(f"{what}, processor", "s", processor, None)]


def processor_seconds() -> float:
    """Of all children that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def looked_at(page: Path, folder: Path) -> list[tuple]:
    """Rows of size, seconds until all in sight is drawn, and seconds until the dragged view and all views turned."""
    ready, held, all_views, panels = [], [], [], 0
    for repeat in range(REPEATS):
        with tempfile.TemporaryDirectory(dir=folder) as profile, browser(Path(profile), 1500, 1000) as shown:
            shown.open(page.as_uri())
            shown.wait("document.documentElement.dataset.state === 'ready'")
            ready.append(shown.evaluate("Number(document.documentElement.dataset.readyMs)") / 1000)
            panels, first, last = shown.evaluate(TURNED)
            held.append(first / 1000)
            all_views.append(last / 1000)
            if shown.problems or shown.requests != [page.as_uri()]:
                raise SystemExit(f"in repeat {repeat} the page failed or asked for something: {shown.problems}")
    return [
        row("page", "MB", [page.stat().st_size / 1e6], PAGE_GOAL_MB),
        row(f"until all {panels} views in sight are drawn", "s", ready, READY_GOAL_S),
        row("until the dragged view has turned", "s", held, None),
        row(f"until all {panels} have turned", "s", all_views, None),
    ]


def row(what: str, unit: str, values: list[float], goal: float | None) -> tuple:
    """Median, lowest and highest of some measurements."""
    return (what, unit, round(median(values), 3), round(min(values), 3), round(max(values), 3), goal or "")


if __name__ == "__main__":
    raise SystemExit(main())
