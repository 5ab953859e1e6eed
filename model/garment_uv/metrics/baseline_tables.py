"""S2S of the baselines on one split of a dataset: what every leaderboard prints beside the trials."""

from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.baselines import ClassMeanDisplacement, body_as_garment
from garment_uv.metrics.evaluate import evaluate_sample
from garment_uv.samples.source import DatasetSource, iterate_samples
from garment_uv.uv.sampling import reading_of

BASELINES = {
    "body_as_garment": "zero displacement: the garment is the body's own surface",
    "class_mean_displacement": "the class's mean displacement at each vertex, as vectors in the sample's frame",
    "class_mean_on_body": "the same mean taken in each vertex's frame on the body, so that it turns with the pose",
}
"""Baselines by name. All are given the sample's own vertex classes, as the model is in the headline S2S."""


def baseline_tables(
    source: DatasetSource, split: str, max_samples: int = 0, train: str = "train"
) -> dict[str, S2STable]:
    """Each baseline's table over `max_samples` evenly spaced samples of `split`, 0 being all.

    The means are taken over all frames of the split `train`. UserError where a split is missing or holds no
    raw garments.
    """
    atlas = source.atlas()
    reading = reading_of(source.manifest.fill)
    means = {
        name: ClassMeanDisplacement.fit(iterate_samples(source, train), atlas, local, reading)
        for name, local in (("class_mean_displacement", False), ("class_mean_on_body", True))
    }
    scores = {name: [] for name in BASELINES}
    for sample in iterate_samples(source, split, max_samples):
        scores["body_as_garment"] += evaluate_sample(atlas, sample, body_as_garment(sample))
        for name, mean in means.items():
            scores[name] += evaluate_sample(atlas, sample, mean.predict(sample))
    return {name: S2STable.from_scores(values) for name, values in scores.items()}
