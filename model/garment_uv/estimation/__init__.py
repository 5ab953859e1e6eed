"""What a picture says of the person: where they stand, and their body, by our own network or by others' estimators.

`estimator_files.read_bodies` reads bodies, `picture_alone.BodySeer` sees one, `trainer.train_body` trains the network.
"""

__all__ = [
    "body_file",
    "config",
    "convert_estimate",
    "estimator_files",
    "model_file",
    "person",
    "picture_alone",
    "trainer",
]
