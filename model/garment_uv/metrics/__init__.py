"""How far a predicted garment is from the simulated one: scores, tables of S2S, and the baselines to beat.

The distance itself is `geometry.s2s`, since registration and samples are measured by it too.
"""

__all__ = ["aggregate", "baselines", "evaluate", "published", "sanity", "scores_file"]
