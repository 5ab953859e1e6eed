"""The terms of the generator's and the discriminator's losses, and how they are weighted and added up.

`generator_loss.GeneratorLoss` computes the terms that `config.LossConfig` weighs; a term is a masked mean (`means`).
"""

__all__ = ["adversarial", "config", "generator_loss", "map_terms", "means", "surface"]
