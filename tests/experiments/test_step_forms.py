"""The published form that our step is measured against gives the same numbers, so that its time is a fair peer."""

from argparse import Namespace
from pathlib import Path

import pytest
import torch

from tests.garment_uv.cylinder import write_dataset

BENCHMARKS = Path(__file__).parents[2] / "experiments" / "benchmarks"
DEVICES = (
    "cpu",
    pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")]),
)


@pytest.fixture
def forms(tmp_path, monkeypatch, request):
    """The published form and both of ours from the same weights and batch, small, on the device asked for."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import step_forms

    write_dataset(tmp_path)
    options = Namespace(seed=3, device=request.param, features=4, save_memory=False, precision="bf16", layout=None)
    batch, atlas = step_forms.load_batch(tmp_path, 2)
    return {name: step_forms.Form(name, batch, atlas, options) for name in step_forms.FORMS}


@pytest.mark.parametrize("forms", DEVICES, indirect=True)
def test_the_published_form_gives_our_losses_and_gradients(forms):
    from step_equality import differences

    for what, (apart, allowed) in differences(forms).items():
        assert apart <= allowed, what


@pytest.mark.parametrize("forms", DEVICES, indirect=True)
def test_the_profile_of_a_step_names_where_all_of_it_goes(forms):
    from step_profile import BytesMoved, where_it_goes

    rows = where_it_goes(forms["ours"], 1e6)
    milliseconds = {row[0].removeprefix("of it: "): row[3] for row in rows}
    assert sum(milliseconds.values()) == pytest.approx(1e6)
    for kind in ("convolutions", "normalisation", "optimiser", "arithmetic texel by texel"):
        assert milliseconds[kind] > 0, kind
    numbers = torch.ones(100, dtype=torch.float32)
    with BytesMoved() as counter:
        (numbers.view(10, 10) + 1).unsqueeze(0)
    assert counter.total == 2 * 400
