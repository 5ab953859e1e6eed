"""A trial's process, for tests that kill it: `python worker.py JOB.json`, which holds context, trial, and what to do.

Steps and saves as Tune would. Prints one line per epoch, and 'waiting' where it then sleeps until it is killed.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from garment_sweeps.trials.context import TrialContext

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    sys.path.append(str(ROOT))
    from tests.tabulated import tabulated_job

    what = json.loads(Path(sys.argv[1]).read_text())
    job = tabulated_job(TrialContext.from_plain(what["context"]), what["trial"], {})
    for _ in range(what["epochs"]):
        result = job.step()
        if what["save"]:
            with tempfile.TemporaryDirectory() as folder:
                job.save(Path(folder))
                job.trial.store.put(Path(folder), result["epoch"])
        print(f"epoch {result['epoch']}", flush=True)
        if result.get("done"):
            return
    if what.get("crash"):
        del job._work._config  # a mistake of the program: the next epoch raises AttributeError
        job.step()
    if what["delivered"]:
        job._tracking._courier.settled(600.0)
    print("waiting", flush=True)
    time.sleep(3600)


if __name__ == "__main__":
    main()
