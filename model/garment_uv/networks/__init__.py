"""The generator (encoder, global and local paths, weights, segment head) and the discriminator."""
