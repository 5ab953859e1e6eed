"""An experiment: a base config, what varies around it, and how much may be spent."""

from difflib import get_close_matches
from typing import Literal, Self

from pydantic import Field, model_validator

from garment_sweeps.experiment.base_check import check_against_base
from garment_sweeps.experiment.scheduling import AshaConfig, PbtConfig, SchedulerConfig
from garment_sweeps.experiment.space import Float, Space
from garment_uv.config import Config
from garment_uv.training.config import changeable, may_change
from garment_uv.training.report import error_names
from garment_uv.training.trial import TrialConfig

Cost = Literal["seconds_per_image", "memory_mib", "parameters"]
"""What is measured of a trial beside its error, all to be small."""


class ResourcesConfig(Config):
    """What each process of a trial holds while it runs; a trial has one, unless `training.processes` says more."""

    cpus: float = Field(default=1.0, gt=0)
    gpus: float = Field(default=0.0, ge=0)
    """May be a fraction: 0.25 packs four trials on one GPU. Of several processes each takes one whole GPU, or none."""


class FinalsConfig(Config):
    """How the best trials are trained again, to tell luck from merit; not those of population based training."""

    finalists: int = Field(default=3, ge=0)
    """The best complete trials that are trained again; 0 trains none again."""
    seeds: int = Field(default=3, ge=1)
    """Seeds in all for each finalist, the one of its first training included."""
    budget_share: float = Field(default=0.25, ge=0, lt=1)
    """The most of a budget that the search leaves to the finals, once a trial is complete."""


class Budget(Config):
    """Limits of a sweep; None is no limit."""

    gpu_hours: float | None = Field(default=None, gt=0)
    """Sum over trials, repeats of finalists included, of hours times the trial's share of a GPU; over all sessions.

    Set-up and what crashes lost count too. A trial without GPUs counts as one device.
    """
    wall_hours: float | None = Field(default=None, gt=0)
    """Since this session of the sweep began."""


class ConstraintConfig(Config):
    """A bound on something measured beside the error; a trial above it is infeasible for the search."""

    metric: Cost
    at_most: float


class Experiment(Config):
    """What `experiments/NAME.py` returns; frozen, and logged whole with the sweep."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str
    base: TrialConfig = TrialConfig()
    space: Space = Space()
    trials: int = Field(default=16, ge=1, le=100_000)
    try_base: bool = True
    """Run the base config itself as the first trial, where its values lie inside the space."""
    sampler: Literal["tpe", "tpe_multivariate", "tpe_constrained", "cmaes", "random", "grid"] = "tpe_multivariate"
    """See `garment_sweeps.search.sampler.SAMPLERS`."""
    startup_trials: int = Field(default=10, ge=1)
    """Random trials before TPE begins to model."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    scheduler: SchedulerConfig | None = AshaConfig()
    """None lets every trial train all its epochs."""
    finals: FinalsConfig = FinalsConfig()
    also_minimise: tuple[Cost, ...] = ()
    """Objectives beside S2S; the leaderboard then shows the Pareto front."""
    constraints: tuple[ConstraintConfig, ...] = ()
    """Bounds that a trial must keep; for the sampler 'tpe_constrained'."""
    metric: str = "s2s/all"
    """Metric of an epoch that the sweep makes small, in mm: one of `garment_uv.training.report.error_names`."""
    resources: ResourcesConfig = ResourcesConfig()
    max_concurrent: int = Field(default=0, ge=0)
    """Most trials at once; 0 runs as many as the cluster holds."""
    checkpoint_every: int = Field(default=1, ge=1)
    """Epochs between checkpoints of a trial."""

    @model_validator(mode="after")
    def _space_fits_base(self) -> Self:
        check_against_base(self.space, self.base)
        grace = getattr(self.scheduler, "grace_epochs", 0)
        if grace > self.epochs:
            raise ValueError(f"scheduler.grace_epochs is {grace}, more than the {self.epochs} epochs of a trial")
        return self

    @model_validator(mode="after")
    def _metric_is_measured(self) -> Self:
        known = error_names(self.base.evaluation)
        if self.metric not in known:
            near = get_close_matches(self.metric, known, 3) or known
            raise ValueError(
                f"metric {self.metric!r} is no error that an evaluation measures; take {' or '.join(near)}"
            )
        return self

    @model_validator(mode="after")
    def _each_process_has_a_device(self) -> Self:
        if any(parameter.path == "training.processes" for parameter in self.space.parameters):
            raise ValueError(
                "training.processes cannot be searched, since it changes no result; set it in the base config"
            )
        if self.processes > 1 and self.resources.gpus not in (0, 1):
            raise ValueError(
                f"resources.gpus is {self.resources.gpus:g} for each of the {self.processes} processes of a trial, "
                "which take one whole GPU each, or none; set resources.gpus=1 or base.training.processes=1"
            )
        return self

    @model_validator(mode="after")
    def _choices_go_together(self) -> Self:
        if self.constraints and self.sampler != "tpe_constrained":
            raise ValueError(f"constraints need sampler 'tpe_constrained', was given {self.sampler!r}")
        if self.also_minimise and self.sampler == "cmaes":
            raise ValueError("sampler 'cmaes' has one objective only; take 'tpe_multivariate' with also_minimise")
        if self.sampler == "grid":
            endless = [p for p in self.space.parameters if isinstance(p, Float) and not p.finite]
            if endless:
                levels = 1 if endless[0].low == endless[0].high else 5
                raise ValueError(f"sampler 'grid' needs levels for {endless[0].path}; as Float(..., levels={levels})")
        if self.scheduler is not None and self.scheduler.kind == "pbt":
            self._population_fits(self.scheduler)
        return self

    def _population_fits(self, pbt: PbtConfig) -> None:
        searched = {p.path: p for p in self.space.parameters}
        wrong = [path for path in pbt.paths if path not in searched or searched[path].when]
        if wrong:
            raise ValueError(f"scheduler.paths holds {wrong[0]!r}, which is not searched unconditionally")
        fixed = [path for path in pbt.paths if not may_change(path)]
        if fixed:
            raise ValueError(
                f"scheduler.paths holds {fixed[0]!r}, which cannot change while a trial trains; {changeable()} can"
            )
        if self.sampler not in ("random", "grid"):
            raise ValueError("population based training changes values itself: take sampler 'random'")

    @property
    def processes(self) -> int:
        """Processes of a trial."""
        return self.base.training.processes

    @property
    def held(self) -> ResourcesConfig:
        """What a whole trial holds, all its processes together."""
        return ResourcesConfig(cpus=self.processes * self.resources.cpus, gpus=self.processes * self.resources.gpus)

    @property
    def devices(self) -> float:
        """Devices that a trial counts for in a budget: its GPUs, or without any its processes."""
        return self.held.gpus or float(self.processes)

    @property
    def epochs(self) -> int:
        """Epochs of a trial that is not stopped."""
        return self.base.training.epochs
