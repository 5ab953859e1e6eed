"""Compares what was measured with what was recorded, or records it: `RECORD_FIGURES=1`."""

import json
import os
from pathlib import Path

import pytest
import torch

from tests.unchanged.recorded import differences, kernels, machine
from tests.unchanged.small_set import SmallSet, make_small_set

AGAIN = "where the change is meant: make figures, and say in its description which changed and why"


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """Sums are added in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package")
def small_set(tmp_path_factory, one_thread) -> SmallSet:
    """Open sequences, raw and prepared."""
    return make_small_set(tmp_path_factory.mktemp("small_set"))


@pytest.fixture
def hold(request):
    """A function that holds figures to the JSON beside the test.

    Of `figures` (numbers by name, nested as wished) each may be off by `relative` and `absolute`: other processors add
    and round elsewhere. So may `chosen`, which follow from a choice that such a rounding can turn: they are compared
    where torch has the kernels it had then, AVX2's or AVX-512's. `bits` (texts by name) are the same everywhere, and
    `bits_here` on a machine like the one that recorded them.
    """

    def held(figures, chosen=None, relative=1e-6, absolute=1e-9, bits=None, bits_here=None) -> None:
        path = Path(request.path).with_name(f"{Path(request.path).stem.removeprefix('test_')}.json")
        found = {
            "machine": machine(),
            "bits": bits or {},
            "bits_here": bits_here or {},
            "figures": figures,
            "chosen": chosen or {},
        }
        if os.environ.get("RECORD_FIGURES"):
            path.write_text(json.dumps(found, indent=1) + "\n")
            return
        wanted, found = json.loads(path.read_text()), json.loads(json.dumps(found))
        exact = ("bits", "bits_here") if wanted["machine"] == found["machine"] else ("bits",)
        near = ("figures", "chosen") if kernels(wanted["machine"]) == kernels(found["machine"]) else ("figures",)
        off = [line for kind in exact for line in differences(wanted[kind], found[kind])]
        off += [line for kind in near for line in differences(wanted[kind], found[kind], relative, absolute)]
        assert not off, f"{len(off)} differ from {path.name}; {AGAIN}\n" + "\n".join(off[:20])

    return held
