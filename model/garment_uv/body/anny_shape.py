"""Shape coefficients to Anny's phenotypes: ours, since SMPL's principal components have no counterpart there."""

import numpy as np

SHAPE_AXES: tuple[tuple[str, float, float], ...] = (
    ("height", 0.42, 0.22),
    ("weight", 0.50, 0.45),
    ("muscle", 0.50, 0.40),
    ("proportions", 0.50, 0.40),
    ("age", 0.74, 0.07),
)
"""Phenotype, its value at coefficient 0, and the most it moves: value + reach * tanh(coefficient / 2)."""


def phenotypes(gender: int, shape: np.ndarray) -> dict[str, float]:
    """Anny's phenotypes, all of an adult and within [0, 1], for a gender (0 female, 1 male) and shape [10].

    The first five coefficients drive height, weight, muscle, proportions and age; the sixth moves the sex
    characteristics by at most 0.15 towards the other sex; the last four change nothing. Any finite shape is allowed.
    """
    moved = np.tanh(np.asarray(shape, dtype=np.float64) / 2.0)
    values = {name: centre + reach * float(moved[k]) for k, (name, centre, reach) in enumerate(SHAPE_AXES)}
    softness = 0.075 * (1.0 + float(moved[len(SHAPE_AXES)]))
    # Anny counts from male (0) to female (1), CLOTH3D the other way round.
    values["gender"] = softness if gender == 1 else 1.0 - softness
    return values
