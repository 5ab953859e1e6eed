"""The baselines that every leaderboard prints beside the trials."""

from garment_uv.config.trial import TrialConfig


def baseline_table(config: TrialConfig, dataset: str) -> dict[str, dict[str, float]]:
    """S2S metrics, mm, of each baseline on the split that the trials are evaluated on.

    Args:
        config: its evaluation settings decide which samples are measured, as they do for the trials.
        dataset: URI of the dataset.
    """
    from garment_sweeps.shards import open_source
    from garment_uv.metrics.baseline_tables import baseline_tables

    tables = baseline_tables(open_source(dataset), config.evaluation.split, config.evaluation.max_samples)
    return {name: table.to_dict() for name, table in tables.items()}
