"""Whether an experiment fits its dataset, by the manifest alone: before anything is started."""

from garment_sweeps.experiment.base_check import tried_values
from garment_sweeps.experiment.experiment import Experiment
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.errors import UserError
from garment_uv.networks.config import check_map_size
from garment_uv.samples.manifest import Manifest
from garment_uv.training.config import EvaluationConfig
from garment_uv.training.fitting import check_splits, worn_classes
from garment_uv.training.report import error_names
from garment_uv.training.trial import TrialConfig


def check_against_dataset(experiment: Experiment, manifest: Manifest) -> None:
    """UserError unless the base and every value of the space can be trained on and measured by the dataset.

    It must have the splits, with raw meshes to measure against, maps of a size that every generator takes, and in the
    evaluated samples a garment of the class that the experiment's metric is of.
    """
    configs = [experiment.base]
    configs += [experiment.base.with_values(changes) for _, changes in tried_values(experiment.space)]
    for config in {(one.evaluation, one.generator): one for one in configs}.values():
        check_splits(config, manifest)
        check_map_size(manifest.atlas.size, config.generator)
        _check_metric(experiment.metric, config, manifest)


def _check_metric(metric: str, config: TrialConfig, manifest: Manifest) -> None:
    worn = worn_classes(manifest, config.evaluation)
    measured = error_names(config.evaluation, worn or GARMENT_CLASSES)  # an old manifest may not name any
    if metric in measured:
        return
    counts = ", ".join(f"{name} ({worn[name]})" for name in GARMENT_CLASSES if name in worn)
    raise UserError(
        f"metric {metric!r} is measured on none of the samples that are evaluated ({_in_words(config.evaluation)}), "
        f"which wear {counts}; take the metric of a class that is worn, or evaluate other samples"
    )


def _in_words(evaluation: EvaluationConfig) -> str:
    chosen = f"{evaluation.max_samples} of " if evaluation.max_samples else ""
    return f"{chosen}split {evaluation.split!r}"
