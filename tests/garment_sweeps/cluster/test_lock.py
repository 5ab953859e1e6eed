"""One driver a sweep."""

import subprocess
import sys

import pytest

from garment_sweeps.cluster.lock import sweep_lock
from garment_uv.errors import UserError

HOLDER = """
import sys, time
from pathlib import Path
from garment_sweeps.cluster.lock import sweep_lock
with sweep_lock(Path(sys.argv[1]), "s"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_driver_is_refused_and_told_who_holds_it_until_that_one_is_dead(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=f"process {holder.pid}"), sweep_lock(tmp_path, "s"):
            pass
        with sweep_lock(tmp_path, "another"):
            pass
    finally:
        holder.kill()
        holder.wait()
    with sweep_lock(tmp_path, "s"):
        pass
