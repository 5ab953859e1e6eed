"""Anny's cache: found, damaged, unwritable, and asked for by several processes at once."""

import os
import subprocess
import sys

import pytest

from garment_uv.body.anny_model import anny_cache_folder, is_cache_built, load_anny
from garment_uv.errors import UserError

_LOAD = """
from garment_uv.body.anny_model import load_anny
print(len(load_anny().bone_labels))
"""


def load_in(folder) -> subprocess.Popen:
    environment = {**os.environ, "ANNY_CACHE_DIR": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", _LOAD], env=environment, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def copied_cache(anny, tmp_path):
    """A folder of links to the machine's own cache files, so that none is built and none is harmed."""
    for source in anny_cache_folder().rglob("build_compact_model_data_*.safetensors"):
        target = tmp_path / source.relative_to(anny_cache_folder())
        target.parent.mkdir(exist_ok=True)
        os.symlink(source, target)
    return tmp_path


@pytest.fixture
def elsewhere():
    """Moves anny's cache for one test."""
    from anny import paths

    usual = paths.get_anny_cache_path()
    yield paths.set_anny_cache_path
    paths.set_anny_cache_path(usual)


def test_the_cache_is_known_as_built_and_loads_without_warp(anny):
    assert is_cache_built()
    assert load_anny().template_vertices.shape == (19158, 3)


def test_processes_that_start_together_all_load(copied_cache):
    started = [load_in(copied_cache) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in started] == ["104", "104"]
    assert list(copied_cache.glob("garment-sweeps-anny-*.built"))


def test_a_damaged_cache_is_named_with_the_mend(copied_cache, elsewhere):
    for link in copied_cache.rglob("*.safetensors"):
        with open(link, "rb") as source:
            beginning = source.read(100_000)
        link.unlink()
        link.write_bytes(beginning)
    elsewhere(copied_cache)
    with pytest.raises(UserError, match="is damaged .* delete that folder and run again") as caught:
        load_anny()
    assert str(copied_cache) in str(caught.value)
    assert not is_cache_built()


def test_a_place_that_cannot_be_written_is_named(tmp_path, elsewhere):
    blocked = tmp_path / "file"
    blocked.write_text("")
    elsewhere(blocked / "cache")
    with pytest.raises(UserError, match="cannot be kept in .* set ANNY_CACHE_DIR to a folder of yours"):
        load_anny()
