"""The terms of the generator's and the discriminator's losses."""
