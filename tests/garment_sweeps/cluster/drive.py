"""A sweep's driver as a process of its own, for tests that kill it: `python drive.py EXPERIMENT.json`."""

import json
import sys
from pathlib import Path

from garment_sweeps.cluster.sweep import run_sweep
from garment_sweeps.spaces import Experiment


def main() -> None:
    experiment = Experiment.from_plain(json.loads(Path(sys.argv[1]).read_text()))
    print(run_sweep(experiment, resume=True))


if __name__ == "__main__":
    main()
