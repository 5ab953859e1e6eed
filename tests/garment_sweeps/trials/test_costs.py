"""What a trial costs, and running out of memory as the config's fault."""

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from garment_sweeps.experiment.result_keys import COSTS
from garment_sweeps.trials import costs as costs_module
from garment_sweeps.trials.costs import MIB, PeakMemory, enough_memory
from garment_sweeps.trials.job import TrialJob
from garment_sweeps.trials.training import TrainingWork
from garment_uv.errors import Infeasible
from garment_uv.networks.blocks import count_parameters
from garment_uv.training.evaluate import evaluation_batch
from tests.garment_sweeps.trials.test_job import TRIAL, run
from tests.garment_uv.cylinder import small_config, write_dataset
from tests.tabulated import tabulated_job

NAMES = {"seconds_per_image", "memory_mib", "parameters"}


def test_the_last_result_tells_the_costs_and_tells_them_again_after_a_kill(context, tmp_path):
    results = run(tabulated_job(context, TRIAL, {}), tmp_path)
    assert [COSTS in result for result in results] == [False] * 4 + [True]
    assert set(results[-1][COSTS]) == NAMES
    assert tabulated_job(context, TRIAL, {}).step()[COSTS] == results[-1][COSTS]


def test_larger_networks_are_dearer(context, tmp_path):
    def costs(features: int) -> dict:
        trial, values = {"id": f"t{features}", "number": 0}, {"generator.base_features": features, "training.epochs": 1}
        (last,) = run(tabulated_job(context, trial, values), tmp_path)
        return last[COSTS]

    small, large = costs(32), costs(64)
    assert all(small[name] < large[name] for name in NAMES)


@pytest.fixture
def trained(context, tmp_path) -> Iterator[TrainingWork]:
    """A real training after its first epoch."""
    config = small_config(**{"data.uri": str(write_dataset(tmp_path / "dataset"))})
    work = TrainingWork(context, config)
    work.run_epoch()
    yield work
    work.close()


def images(work: TrainingWork) -> int:
    config, manifest = work._trainer.config, work._trainer.source.manifest
    return min(evaluation_batch(config), manifest.num_samples(config.evaluation.split))


def test_a_real_training_is_measured_and_left_as_it_was(trained):
    generator = trained._trainer.generator
    before, random = {k: v.clone() for k, v in generator.state_dict().items()}, torch.get_rng_state()
    costs = trained.costs()
    assert costs["parameters"] == count_parameters(generator)["total"]
    assert costs["seconds_per_image"] > 0 and costs["memory_mib"] > 0
    assert generator.training and torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_the_time_of_an_image_is_the_generators_own_and_not_what_others_make_it_wait(trained):
    """While a thread sleeps, or waits for a core that a neighbour holds, its own clock stands still."""
    generator, wait, threads = trained._trainer.generator, 0.2, []

    def be_kept_waiting(*call) -> None:
        threads.append(torch.get_num_threads())
        time.sleep(wait)

    hook, before = generator.register_forward_pre_hook(be_kept_waiting), torch.get_num_threads()
    seconds = costs_module.seconds_per_image(trained._trainer)
    hook.remove()
    assert 0 < seconds < wait / images(trained) / 2
    assert set(threads) == {1} and torch.get_num_threads() == before


def test_of_several_runs_the_least_counts_and_the_first_does_not(monkeypatch):
    runs = iter([0.5, 7.0, 3.0, 4.0, 900.0, 5.0, 6.0, 8.0])
    clock = [0.0]
    monkeypatch.setattr(costs_module, "time", SimpleNamespace(thread_time=lambda: clock[0]))
    assert costs_module.own_seconds(lambda: clock.__setitem__(0, clock[0] + next(runs)), torch.device("cpu")) == 3.0
    assert next(runs, None) is None


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_its_own_clock_counts():
    device = torch.device("cuda")
    ones = torch.ones(2048, 2048, device=device)
    alone = costs_module.own_seconds(lambda: ones @ ones, device)
    assert 0 < alone < costs_module.own_seconds(lambda: [ones @ ones for _ in range(20)], device)


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


def test_a_config_for_which_there_is_no_memory_at_the_start_is_infeasible(context):
    def open_work(context, config, place):
        with enough_memory():
            no_memory("gpu")

    result = TrialJob(context, TRIAL, {}, open_work=open_work).step()
    assert result["infeasible"] and result["done"] and result["epoch"] == 0
    assert "out of memory" in result["reason"]
