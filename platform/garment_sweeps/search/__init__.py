"""Who suggests the next config and who stops a trial: samplers, schedulers, warm starts and the replay of both.

What a sweep suggests and stops follows from its log alone, so that one that was killed goes on as if it had not been.
"""

__all__ = ["finalists", "repeat_searcher", "replay", "sampler", "schedulers", "searcher", "warm_start"]
