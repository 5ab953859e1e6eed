"""What every trial of a sweep is told; travels to the workers as plain values, since environments do not."""

from pydantic import Field

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.study.claims import Claim
from garment_sweeps.tracking.sweep_run import TrackingConfig
from garment_uv.config import Config
from garment_uv.training.trial import TrialConfig


class TrialContext(Config):
    """Everything about the sweep that one trial needs."""

    sweep: str
    session: int = Field(ge=0)
    """How many times the sweep was started before."""
    base: TrialConfig
    """With the dataset's URI as every node reaches it."""
    metric: str
    checkpoint_every: int = Field(ge=1)
    storage: StorageConfig
    claim: Claim | None = None
    """Of the sweep's study on its place in the storage; a trial whose study has lost it ends."""
    codes: tuple[str, ...] = ()
    """Digests of the code whose checkpoints a trial may go on from; empty for any."""
    home: str
    """Absolute GARMENT_HOME."""
    cpus: float = Field(gt=0)
    tracking: TrackingConfig | None = None
    """None tracks nothing: for measurements of the machinery itself."""

    @property
    def study(self) -> str:
        """Identity of the trial's study; empty for one of before studies had any."""
        return self.claim.study if self.claim else ""
