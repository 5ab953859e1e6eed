"""The learning rate over the epochs: constant, then a linear decay (Tang et al., CVPR 2020)."""


def rate_factor(epoch: int, epochs: int, decay_from: float) -> float:
    """What the base rates are multiplied by in `epoch` (0-based) of `epochs`.

    1 until `decay_from * epochs`, then falling linearly; the zero itself would come one epoch after the
    last, so that every epoch still learns. A pure function of the epoch: a resumed training needs no
    scheduler state to get the same rates.
    """
    first = round(decay_from * epochs)
    if epoch < first:
        return 1.0
    return max(0.0, 1.0 - (epoch - first + 1) / (epochs - first + 1))
