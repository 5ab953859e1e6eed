"""One training of the full model: its config, epochs and steps, checkpoints, evaluation, and the model folder.

`trial.TrialConfig` is all that decides its numbers, `trainer.Trainer` trains an epoch a call, `run.train_to_end` all.
"""

__all__ = [
    "augment",
    "checkpoint",
    "config",
    "device",
    "epochs",
    "evaluate",
    "fitting",
    "joining",
    "model_file",
    "parallel",
    "predict",
    "report",
    "run",
    "running",
    "steps",
    "trainer",
    "trial",
]
