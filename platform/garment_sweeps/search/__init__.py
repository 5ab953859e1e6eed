"""Optuna under Tune: a persistent study that is told the truth, and a scheduler that a restart does not reset."""
