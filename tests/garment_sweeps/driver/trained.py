"""A sweep of two short real trainings, and what its records must hold when something was killed in it."""

from pathlib import Path

from garment_sweeps.experiment import Experiment, FinalsConfig, Float, Space
from garment_sweeps.study.study import trial_name
from tests.garment_uv.cylinder import small_config, write_dataset

EPOCHS = 5


def trained_experiment(folder: Path) -> Experiment:
    """Two trainings of a few epochs on the CPU, on a dataset made in `folder`."""
    uri = str(write_dataset(folder / "dataset"))
    return Experiment(
        name="trained",
        description="killed and resumed",
        base=small_config(**{"data.uri": uri, "training.epochs": EPOCHS, "training.threads": 1}),
        space=Space(parameters=(Float(path="loss.adversarial", low=1e-4, high=1e-1, log=True),)),
        trials=2,
        scheduler=None,
        try_base=False,
        sampler="random",
        finals=FinalsConfig(finalists=0),
    )


def undisturbed(experiment: Experiment, params: dict) -> dict[int, float]:
    """The curve of the same training, left alone: epoch to S2S, mm."""
    import torch

    from garment_sweeps.storage import open_source
    from garment_uv.training.trainer import Trainer

    config = experiment.base.with_values(params)
    torch.set_num_threads(1)
    trainer = Trainer(config, open_source(config.data.uri))
    return {epoch: trainer.train_epoch().s2s.all.mean_mm for epoch in range(1, EPOCHS + 1)}


def check_curves(experiment: Experiment, trials: list) -> None:
    """Bit for bit the curves that the trials would have had."""
    assert len(trials) == experiment.trials
    for trial in trials:
        assert trial.intermediate_values == undisturbed(experiment, trial.params)


def check_records(trials: list) -> None:
    """One run a trial in MLflow, each epoch once, a model, scores and a gallery; baselines and a page beside them."""
    from garment_sweeps.comparison.leaderboard import leaderboard
    from garment_sweeps.tracking import tracking_client
    from garment_sweeps.tracking.runs import find_sweep

    client = tracking_client()
    board = leaderboard("trained")
    assert sorted(row.name for row in board.trials) == [trial_name(t.number) for t in trials]
    assert {row.outcome for row in board.trials} == {"complete"}
    assert "body as garment" in {row.name for row in board.baselines}
    parent = find_sweep(client, "trained").info.run_id
    assert "comparison/index.html" in {item.path for item in client.list_artifacts(parent, "comparison")}
    for row in board.trials:
        curve = {m.step: m.value for m in client.get_metric_history(row.run_id, "s2s/all")}
        assert len(client.get_metric_history(row.run_id, "s2s/all")) == EPOCHS
        assert curve == trials[int(row.name[1:])].intermediate_values
        assert {"model", "scores", "gallery"} <= {item.path for item in client.list_artifacts(row.run_id)}
