"""Several real processes train as one would, over gloo: losses, gradients, S2S, checkpoints and refusals."""

import os
import statistics
from pathlib import Path

import pytest
import torch

from garment_uv.errors import Infeasible, UserError
from garment_uv.samples.source import FolderSource
from garment_uv.training.config import TrainingConfig
from garment_uv.training.joining import check_devices
from garment_uv.training.trainer import Trainer
from tests.garment_uv.cylinder import OUTFITS, small_config, write_dataset
from tests.garment_uv.training.together import alone, pool, together, train

GENTLE = {"training.optimiser.generator_lr": 1e-7, "training.optimiser.discriminator_lr": 1e-7}
"""Adam divides a gradient by its size: what rounding makes of a zero moves a weight by a whole rate. Small rates keep
the trainings beside one another, and the moments show that the gradients stay the same."""
RANDOM = {"training.mirror": True, "training.colour_jitter": 0.5, "training.ema_decay": 0.9}


@pytest.fixture(scope="module")
def workers():
    with pool(3) as processes:
        yield processes


@pytest.fixture(scope="module")
def make_dataset(tmp_path_factory):
    """A function of how many samples there are to train on."""
    return lambda samples: write_dataset(tmp_path_factory.mktemp("together") / "dataset", train=samples)


def check_equal(one, several) -> None:
    """The processes agree bit for bit, and with one process but for rounding.

    Where rounding switches a unit or a nearest neighbour over, a gradient differs by more, but in few tensors.
    """
    metrics, tensors = several[0]
    for other_metrics, other in several[1:]:
        assert without_seconds(other_metrics) == without_seconds(metrics)
        assert all(torch.equal(value, tensors[name]) for name, value in other.items())
    for expected, found in zip(without_seconds(one[0]), without_seconds(metrics), strict=True):
        assert found == pytest.approx(expected, rel=1e-5)
    assert tensors.keys() == one[1].keys()
    off = [relative_difference(tensors[name], expected) for name, expected in one[1].items()]
    assert max(off) < 0.05 and statistics.median(off) < 1e-5


def relative_difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    largest = float(expected.double().abs().max())
    return float((found.double() - expected.double()).abs().max()) / largest if largest else float(found.abs().max())


def without_seconds(metrics: list[dict]) -> list[dict]:
    """All but what a clock or the node's cache decided."""
    return [
        {name: value for name, value in epoch.items() if name != "seconds" and not name.startswith("data/")}
        for epoch in metrics
    ]


def test_two_processes_with_all_that_is_random_and_an_odd_last_batch(workers, make_dataset):
    dataset = make_dataset(11)
    config = small_config(**{"training.processes": 2, "training.batch_size": 4, **GENTLE, **RANDOM})
    check_equal(alone(config, dataset, 2), together(workers, train, config, dataset, 2))


def test_a_last_batch_with_fewer_samples_than_processes(workers, make_dataset):
    dataset = make_dataset(5)
    config = small_config(**{"training.processes": 3, "training.batch_size": 4, **GENTLE, **RANDOM})
    check_equal(alone(config, dataset, 2), together(workers, train, config, dataset, 2))


def test_a_process_that_never_has_a_sample_changes_no_bit(workers, make_dataset):
    dataset = make_dataset(1)
    config = small_config(**{"training.processes": 2, "training.batch_size": 4})
    one, several = alone(config, dataset, 2), together(workers, train, config, dataset, 2)
    assert without_seconds(several[0][0]) == without_seconds(one[0])
    assert all(torch.equal(value, several[0][1][name]) for name, value in one[1].items())


def test_a_branch_is_trained_where_any_process_needs_it_and_else_left_alone(workers, make_dataset):
    dataset = make_dataset(2)  # one process sees a Top with Trousers, the other a Dress
    assert OUTFITS[:2] == (("Top", "Trousers"), ("Dress",))
    config = small_config(**{"training.processes": 2, "training.batch_size": 2})
    one, several = alone(config, dataset, 1), together(workers, train, config, dataset, 1)
    fresh = Trainer(config.with_values({"training.processes": 1}), FolderSource(dataset)).generator.state_dict()
    names = [name for name in fresh if name.startswith("local_path.branches.branches.")]
    changed = {name.split(".")[3] for name in names if not torch.equal(fresh[name], several[0][1][f"g/{name}"])}
    assert changed == {"0", "2", "5"}
    assert several[0][1].keys() == one[1].keys()  # of Adam's moments too, where a parameter has them


def test_a_checkpoint_goes_on_with_any_number_of_processes(workers, make_dataset, tmp_path):
    dataset = make_dataset(7)
    config = small_config(**{"training.batch_size": 4, **GENTLE, **RANDOM})
    two, three = (config.with_values({"training.processes": number}) for number in (2, 3))
    never_stopped = alone(config, dataset, 2)
    together(workers, train, two, dataset, 1, None, str(tmp_path / "two"))
    assert os.listdir(tmp_path) == ["two"]
    expected = (never_stopped[0][1:], never_stopped[1])
    check_equal(expected, together(workers, train, three, dataset, 1, tmp_path / "two"))
    check_equal(expected, [alone(config, dataset, 1, tmp_path / "two")])


def evaluate(config, processes, dataset: Path, checkpoint: Path):
    trainer = Trainer(config, FolderSource(dataset), processes)
    trainer.load(checkpoint)
    return trainer.evaluate("val", "predicted"), trainer.evaluate("val", max_samples=3)


def test_evaluation_is_divided_and_gives_the_same_tables(workers, make_dataset, make_trainer, dataset, tmp_path):
    config = small_config(**{"training.processes": 3, "training.batch_size": 3, "training.threads": 1})
    trainer = make_trainer(**{"training.batch_size": 3})
    trainer.save(tmp_path / "checkpoint")
    expected = trainer.evaluate("val", "predicted"), trainer.evaluate("val", max_samples=3)
    assert together(workers, evaluate, config, dataset, tmp_path / "checkpoint") == [expected] * 3


def refused(config, processes, dataset: Path) -> tuple[str, str]:
    """What every process says when one alone finds fault, and when the training diverges."""

    def answer() -> int:
        if processes.division.rank == 1:
            raise UserError("a damaged shard")
        return 1

    said = []
    for run in (lambda: processes.together(answer), Trainer(config, FolderSource(dataset), processes).train_epoch):
        try:
            run()
        except (UserError, Infeasible) as error:
            said.append(str(error))
    return tuple(said)


def test_what_one_process_finds_ends_all_with_the_reason(workers, dataset):
    config = small_config(**{"training.processes": 2, "training.divergence_mm": 0.01})
    first, second = together(workers, refused, config, dataset)
    assert first == second and first[0] == "a damaged shard" and "divergence_mm" in first[1]


def test_refusals_say_what_to_do(dataset):
    with pytest.raises(UserError, match="processes is 3, more than the 2 samples of batch_size.*raise batch_size"):
        TrainingConfig(processes=3, batch_size=2)
    with pytest.raises(UserError, match="training.processes is 2, but 1 was started here.*garment sweep"):
        Trainer(small_config(**{"training.processes": 2}), FolderSource(dataset))
    with pytest.raises(UserError, match=r"training.processes is 1000, but this machine has \d+ CUDA devices"):
        check_devices(1000)
