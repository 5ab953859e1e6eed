"""What a study holds, trial by trial, to compare two of them."""

import optuna

from garment_sweeps.study.history import WRITER


def held(study: optuna.Study) -> list[dict]:
    """Every field of every trial but times, ids and the writer's random word."""
    return [
        {
            "number": trial.number,
            "state": trial.state.name,
            "params": trial.params,
            "distributions": trial.distributions,
            "values": trial.values,
            "curve": trial.intermediate_values,
            "attrs": {name: value for name, value in trial.user_attrs.items() if name != WRITER},
            "system_attrs": trial.system_attrs,
        }
        for trial in study.get_trials()
    ]
