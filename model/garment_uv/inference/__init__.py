"""A trained model for use alone: one program and its atlas, which run without the generator's classes."""
