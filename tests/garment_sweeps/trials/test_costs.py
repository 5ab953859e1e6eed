"""What a trial costs, and running out of memory as the config's fault."""

from types import SimpleNamespace

import pytest
import torch

from garment_sweeps.trials import costs as costs_module
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.memory import MIB, PeakMemory, enough_memory
from garment_sweeps.trials.results import COSTS
from garment_sweeps.trials.training import TrainingWork
from garment_uv.errors import Infeasible
from garment_uv.networks.parameters import count_parameters
from garment_uv.training.evaluate import evaluation_batch
from tests.garment_sweeps.trials.test_job import TRIAL, TrialJob, run
from tests.garment_uv.cylinder import small_config, write_dataset

NAMES = {"seconds_per_image", "memory_mib", "parameters"}


def test_the_last_result_tells_the_costs_and_tells_them_again_after_a_kill(context, tmp_path):
    results = run(TrialJob(context, TRIAL, {}), tmp_path)
    assert [COSTS in result for result in results] == [False] * 4 + [True]
    assert set(results[-1][COSTS]) == NAMES
    assert TrialJob(context, TRIAL, {}).step()[COSTS] == results[-1][COSTS]


def test_larger_networks_are_dearer(context, tmp_path):
    def costs(features: int) -> dict:
        trial, values = {"id": f"t{features}", "number": 0}, {"generator.base_features": features, "training.epochs": 1}
        (last,) = run(TrialJob(context, trial, values), tmp_path)
        return last[COSTS]

    small, large = costs(32), costs(64)
    assert all(small[name] < large[name] for name in NAMES)


def test_a_real_training_is_measured_and_left_as_it_was(context, tmp_path, monkeypatch):
    """One pass to warm up and five that count, of which the median does."""
    passes = [100.0, 1.0, 2.0, 3.0, 4.0, 500.0]
    times = iter([moment for seconds in passes for moment in (0.0, seconds)])
    monkeypatch.setattr(costs_module, "time", SimpleNamespace(perf_counter=lambda: next(times)))
    config = small_config(**{"data.uri": str(write_dataset(tmp_path / "dataset"))})
    work = TrainingWork(TrialContext.from_plain({**context.plain(), "work": "train"}), config)
    work.run_epoch()
    generator = work._trainer.generator
    before, random = {k: v.clone() for k, v in generator.state_dict().items()}, torch.get_rng_state()
    costs = work.costs()
    assert costs["parameters"] == count_parameters(generator)["total"]
    images = min(evaluation_batch(config), work._trainer.source.manifest.num_samples(config.evaluation.split))
    assert costs["seconds_per_image"] == 3.0 / images and costs["memory_mib"] > 0
    assert generator.training and torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
    work.close()


def test_the_peak_counts_what_was_taken_and_given_back_since():
    torch.ones(40 * MIB // 4)  # before: does not count
    memory = PeakMemory(torch.device("cpu"))
    torch.ones(80 * MIB // 4)
    assert 60 < memory.mib() < 400


def test_what_an_earlier_trial_freed_does_not_hide_the_next_one():
    held = [torch.ones(MIB // 64) for _ in range(80 * 16)]  # small enough that the C library keeps it for the process
    anchor = torch.ones(1024)
    del held
    memory = PeakMemory(torch.device("cpu"))
    again = [torch.ones(MIB // 64) for _ in range(80 * 16)]
    assert memory.mib() > 60 and len(again) and len(anchor)


def no_memory(kind: str) -> None:
    if kind == "python":
        bytearray(2**60)
    if kind == "host":
        torch.empty(2**58)
    if kind == "gpu":
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")


@pytest.mark.parametrize("kind", ["python", "host", "gpu"])
def test_out_of_memory_is_infeasible(kind):
    with pytest.raises(Infeasible, match="out of memory"), enough_memory():
        no_memory(kind)


def test_other_errors_are_not():
    with pytest.raises(RuntimeError, match="shapes"), enough_memory():
        raise RuntimeError("shapes do not fit")


def test_a_config_for_which_there_is_no_memory_at_the_start_is_infeasible(context, monkeypatch):
    import garment_sweeps.trials.opening as module

    def open_work(context, config, in_ray):
        with enough_memory():
            no_memory("gpu")

    monkeypatch.setattr(module, "open_work", open_work)
    result = TrialJob(context, TRIAL, {}).step()
    assert result["infeasible"] and result["done"] and result["epoch"] == 0
    assert "out of memory" in result["reason"]
