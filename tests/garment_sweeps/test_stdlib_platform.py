"""The folder `platform/` must never shadow the standard library's module of that name."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = "import platform; print(platform.__file__); print(platform.python_version())"


def test_the_folder_holds_packages_only():
    assert not list((ROOT / "platform").glob("*.py"))
    assert [p.name for p in (ROOT / "platform").iterdir() if (p / "__init__.py").exists()] == ["garment_sweeps"]


@pytest.mark.parametrize("arguments", [["-c", CODE], ["-m", "platform"]], ids=["import", "run"])
def test_from_the_root_it_is_the_standard_librarys(arguments):
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    assert str(ROOT) not in done.stdout and done.stdout.strip()
