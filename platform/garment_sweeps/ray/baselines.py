"""The baselines that every leaderboard prints beside the trials, measured by a worker before the trials start."""

from garment_sweeps.experiment import ResourcesConfig
from garment_sweeps.ray.nodes import off_the_head
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig


def measure_on_cluster(config: TrialConfig) -> dict[str, dict[str, float]]:
    """S2S metrics, mm, of each baseline on the split that the trials are evaluated on.

    It runs as a Ray task on one CPU, so that the driver, which may sit on a small head, neither reads shards nor
    holds meshes; on a cluster of several nodes it stays off the head. Raises the UserError that the task raised.
    """
    import ray

    where = off_the_head(ResourcesConfig(cpus=1))
    task = ray.remote(num_cpus=1, max_retries=2, label_selector=where)(_measure)
    try:
        return ray.get(task.remote(config.plain()))
    except UserError as error:  # Ray's copy, whose text is a traceback
        raise UserError(str(getattr(error, "cause", error))) from None


def _measure(config: dict) -> dict[str, dict[str, float]]:
    from garment_sweeps.storage import open_source
    from garment_uv.metrics.baselines import baseline_tables

    trial = TrialConfig.from_plain(config)
    source = open_source(trial.data.uri)
    tables = baseline_tables(source, trial.evaluation.split, trial.evaluation.max_samples)
    return {name: table.to_dict() for name, table in tables.items()}
