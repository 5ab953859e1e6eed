"""The converters' command line: what is written, what is wrong, and how it is called."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

ESTIMATE = "garment_uv.estimation.convert_estimate"
SMPL = "garment_uv.body.convert_smpl"


def command(module: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)


def test_each_file_is_named_once_it_is_written(tmp_path):
    (tmp_path / "estimate.pkl").write_bytes(pickle.dumps({"pose": np.arange(3.0)}, protocol=4))
    done = command(ESTIMATE, str(tmp_path / "estimate.pkl"))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"wrote {tmp_path / 'estimate.npz'}\n", "")
    with np.load(tmp_path / "estimate.npz", allow_pickle=False) as written:
        assert written["pose"].tolist() == [0.0, 1.0, 2.0]


def test_what_is_wrong_is_one_line(tmp_path):
    for module, path, said in ((ESTIMATE, tmp_path / "none.pkl", "no file"), (SMPL, tmp_path, "holds no .pkl")):
        done = command(module, str(path))
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith("error: ") and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(("module", "argument"), [(ESTIMATE, "FILE.pkl"), (SMPL, "FOLDER")])
def test_another_call_is_told_the_usage(module, argument):
    done = command(module)
    assert (done.returncode, done.stderr) == (2, f"usage: python -m {module} {argument}\n")
