"""A sweep's driver as a process of its own, for tests that kill it: `python drive.py EXPERIMENT.json`."""

import argparse
import json
import sys
from pathlib import Path

from garment_sweeps.cluster.sweep import run_sweep
from garment_sweeps.spaces import Experiment
from garment_uv.errors import UserError


def main() -> int:
    """What `garment sweep --resume` does, for an experiment from a file; a UserError is one line and status 1."""
    parser = argparse.ArgumentParser()
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--tabulated", type=float, metavar="SECONDS", help="no training: epochs that last so long")
    parser.add_argument("--untracked", action="store_true", help="without MLflow")
    options = parser.parse_args()
    experiment = Experiment.from_plain(json.loads(options.experiment.read_text()))
    work = "train" if options.tabulated is None else "tabulated"
    try:
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


if __name__ == "__main__":
    sys.exit(main())
