"""A study taken apart, field by field, so that two can be compared."""

from typing import Any

import optuna

from garment_sweeps.study.study import open_storage


def study_fields(url: str, sweep: str) -> dict[str, Any]:
    """Every field of a study and its trials by what it is called, as 'trial 3 params loss.adversarial'.

    Left out are the database's own row numbers, and the times at which it was told: the decision log has the true ones.
    """
    storage = open_storage(url)
    study = optuna.load_study(study_name=sweep, storage=storage)
    fields: dict[str, Any] = {"study directions": tuple(study.directions)}
    for kind, values in (
        ("study", study.user_attrs),
        ("study system", storage.get_study_system_attrs(study._study_id)),
    ):
        fields |= {f"{kind} {name}": value for name, value in values.items()}
    for trial in study.get_trials(deepcopy=False):
        name = f"trial {trial.number}"
        fields |= {f"{name} {part}": getattr(trial, part) for part in ("state", "values")}
        for part in ("params", "distributions", "user_attrs", "system_attrs", "intermediate_values"):
            fields |= {f"{name} {part} {key}": value for key, value in getattr(trial, part).items()}
    return fields
