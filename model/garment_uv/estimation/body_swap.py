"""The three bodies that a garment model is evaluated on: given, perturbed as estimators err, and predicted."""

from collections.abc import Callable
from pathlib import Path

from garment_uv.errors import UserError
from garment_uv.estimation.picture_alone import BodyEstimator
from garment_uv.samples.config import AS_ESTIMATED
from garment_uv.samples.other_body import BodyNoise, BodyPoser, with_body
from garment_uv.samples.sample import Sample
from garment_uv.samples.source import DatasetSource

BODY_SOURCES: dict[str, str] = {
    "given": "the dataset's own body",
    "perturbed": "the dataset's body off by what estimators err by (AS_ESTIMATED)",
    "predicted": "the body that a body network of `garment train-body` sees in the picture",
}
"""Whose body a model sees, with one line on each."""

BodySwap = Callable[[Sample], Sample]
"""Gives a sample with another body, as the network sees it."""


def body_swap(
    body: str,
    source: DatasetSource,
    body_model: Path | None = None,
    smpl_dir: str | Path = "",
    seed: int = 0,
    device: str = "auto",
) -> BodySwap | None:
    """How the bodies of one of `BODY_SOURCES` are put into a dataset's samples; None for 'given'.

    `seed` decides the perturbation and from which square the prediction starts. UserError for another name, for
    'predicted' without a body network, and where a body cannot be posed.
    """
    if body == "given":
        return None
    if body == "perturbed":
        return BodyNoise(AS_ESTIMATED, source, seed, smpl_dir)
    if body != "predicted":
        raise UserError(f"no body {body!r}: choose one of {', '.join(BODY_SOURCES)}")
    if body_model is None:
        raise UserError(
            "a predicted body needs a body network: train one with `garment train-body` and give its folder as "
            "--body-model"
        )
    estimator = BodyEstimator(body_model, device)
    estimator.card.check_body(source.manifest.body.name, source.manifest.body.body_digest, body_model)
    poser = BodyPoser.of_dataset(source, smpl_dir)

    def swap(sample: Sample) -> Sample:
        return with_body(sample, estimator.of_sample(sample, seed), poser, source.manifest.fill)

    return swap
