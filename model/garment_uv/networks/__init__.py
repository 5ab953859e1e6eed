"""The generator (encoder, global and local paths, weights, segment head) and the discriminator.

`generator.GarmentGenerator` puts the parts together as `config.GeneratorConfig` says.
"""

__all__ = ["blocks", "config", "discriminator", "generator", "local_path"]
