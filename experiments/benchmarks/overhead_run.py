"""One sweep, ours or bare Ray Tune's, in a process of its own: `overhead.py` starts it and reads the line it prints."""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

STARTED = time.monotonic()


def bare(trials: int, epochs: int, seconds: float, cpus: float, folder: Path) -> int:
    """What a good user of Ray Tune would write by hand: random search over a class with checkpoints. Trials ended."""
    import ray
    from ray import tune

    class Bare(tune.Trainable):
        """Reads the same table as ours, and saves as often."""

        def setup(self, config: dict) -> None:
            self.epoch = 0

        def step(self) -> dict:
            from garment_uv.training.trial import TrialConfig
            from tests.tabulated import curve_mm

            time.sleep(seconds)
            self.epoch += 1
            values = {"training.epochs": epochs, **self.config}
            return {"s2s_mm": curve_mm(TrialConfig().with_values(values), self.epoch), "done": self.epoch >= epochs}

        def save_checkpoint(self, checkpoint_dir: str) -> str:
            (Path(checkpoint_dir) / "epoch.json").write_text(json.dumps(self.epoch))
            return checkpoint_dir

        def load_checkpoint(self, checkpoint_dir: str) -> None:
            self.epoch = json.loads((Path(checkpoint_dir) / "epoch.json").read_text())

        def reset_config(self, new_config: dict) -> bool:
            self.config = new_config
            self.epoch = 0
            return True

    ray.init(address="local", include_dashboard=False, object_store_memory=100 * 2**20, log_to_driver=False)
    tuner = tune.Tuner(
        tune.with_resources(Bare, {"cpu": cpus}),
        param_space={
            "loss.adversarial": tune.loguniform(1e-4, 1.0),
            "training.optimiser.generator_lr": tune.loguniform(1e-4, 1e-2),
        },
        tune_config=tune.TuneConfig(metric="s2s_mm", mode="min", num_samples=trials, reuse_actors=True),
        run_config=tune.RunConfig(
            name="bare",
            storage_path=str(folder / "sweeps"),
            failure_config=tune.FailureConfig(max_failures=3),
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1, checkpoint_at_end=True),
            verbose=0,
        ),
    )
    ended = sum(result.metrics["done"] for result in tuner.fit())
    ray.shutdown()
    return ended


def ours(trials: int, epochs: int, seconds: float, cpus: float, tracked: bool) -> int:
    """The same trials through `run`; trials complete."""
    from garment_sweeps.api import run
    from garment_sweeps.experiment import Experiment, FinalsConfig, Float, ResourcesConfig, Space
    from garment_sweeps.settings.environment import Settings
    from garment_uv.training.trial import TrialConfig
    from tests.tabulated import tabulated

    experiment = Experiment(
        name="overhead",
        description="to be measured against bare Ray Tune",
        base=TrialConfig().with_values({"training.epochs": epochs}),
        space=Space(
            parameters=(
                Float(path="loss.adversarial", low=1e-4, high=1.0, log=True),
                Float(path="training.optimiser.generator_lr", low=1e-4, high=1e-2, log=True),
            )
        ),
        trials=trials,
        sampler="random",
        scheduler=None,
        finals=FinalsConfig(finalists=0),
        resources=ResourcesConfig(cpus=cpus),
    )
    settings = Settings.from_environment()
    report = run(experiment, settings=settings, open_work=tabulated(seconds), tracked=tracked)
    return report.complete


def main() -> None:
    """Runs one sweep and prints one line of JSON: seconds by part, driver's memory and processor time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", choices=("bare", "ours", "tracked"))
    parser.add_argument("--trials", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--places", type=int, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="garment-overhead-") as folder:
        os.environ["GARMENT_HOME"] = folder
        from garment_sweeps.ray.session import quiet_ray

        quiet_ray()  # the same environment for both
        cpus = len(os.sched_getaffinity(0)) / options.places
        work = (options.trials, options.epochs, options.seconds, cpus)
        if options.which == "bare":
            ended = bare(*work, Path(folder))
        else:
            ended = ours(*work, tracked=options.which == "tracked")
        done = time.monotonic()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    said = {
        "ended": ended,
        "whole_s": done - STARTED,
        "memory_mib": usage.ru_maxrss / 1024,
        "processor_s": usage.ru_utime + usage.ru_stime,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    sys.exit(main())
