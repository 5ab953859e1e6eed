"""The two baselines that every leaderboard prints beside the trials."""

from garment_uv.config.trial import TrialConfig


def baseline_table(config: TrialConfig, dataset: str) -> dict[str, dict[str, float]]:
    """S2S metrics, mm, of the body as garment and of the class's mean displacement, on the evaluation split.

    Args:
        config: its evaluation settings decide which samples are measured, as they do for the trials.
        dataset: URI of the dataset.
    """
    from garment_sweeps.shards import open_source
    from garment_uv.metrics.baselines import baselines

    tables = baselines(open_source(dataset), config.evaluation.split, config.evaluation.max_samples)
    return {name: table.metrics() for name, table in tables.items()}
