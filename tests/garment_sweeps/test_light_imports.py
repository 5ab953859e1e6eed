"""What every process of a sweep loads before it knows its work: without torch it starts in half the time.

That goes for a trial's process that need not train, and for every command.
"""

import subprocess
import sys

import pytest

HEAVY = ("torch", "scipy", "warp", "igl", "cv2", "trimesh", "mlflow")


@pytest.mark.parametrize("module", ["garment_sweeps.trials.trainable", "garment_sweeps.cli.main"])
def test_it_is_imported_without_what_only_some_work_needs(module):
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
