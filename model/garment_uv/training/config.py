"""How a trial is trained and evaluated, and what of that may change while it goes on."""

from typing import Literal

from pydantic import Field, model_validator

from garment_uv.config import Config
from garment_uv.samples.config import BodyNoiseConfig, PictureConfig


class DataConfig(Config):
    """Which dataset, and how its samples reach the network."""

    uri: str = ".garment/dataset"
    """A folder or s3://bucket/prefix with a manifest.json."""
    fill: Literal["as_stored", "exact", "least_norm", "barycentric", "telea", "navier_stokes", "none"] = "as_stored"
    """Refill the target maps with another inpainting (ablation rows); 'as_stored' keeps `prepare`'s.

    'none' goes with `generator.reading=nearest`: a bilinear reading mixes in the zeros between the vertices.
    """
    workers: int = Field(default=0, ge=0, le=64)
    """Loader processes of each training process; 0 decodes in the training process."""
    balance: Literal["none", "class"] = "none"
    """'class' draws an epoch's samples so that every garment class is equally likely, with replacement."""
    epoch_samples: int = Field(default=0, ge=0)
    """Samples after which an epoch ends, up to a whole batch; the next one goes on where it ended. So a trial on
    millions of samples is evaluated, saved and compared more often than once a pass. 0 takes a whole pass."""
    smpl_dir: str = ""
    """Your SMPL files, where `training.body_noise` poses bodies of a dataset that was prepared on SMPL."""


class OptimiserConfig(Config):
    """Adam with the two time-scale rates of LGGAN."""

    generator_lr: float = Field(default=1e-4, gt=0, le=1)
    discriminator_lr: float = Field(default=4e-4, gt=0, le=1)
    beta1: float = Field(default=0.0, ge=0, lt=1)
    beta2: float = Field(default=0.9, ge=0, lt=1)


class TrainingConfig(Config):
    """Length, batch, precision and device of one training."""

    epochs: int = Field(default=200, ge=1, le=10000)
    decay_from: float = Field(default=0.5, ge=0, le=1)
    """Share of the epochs after which the rates decay linearly to zero."""
    batch_size: int = Field(default=4, ge=1, le=1024)
    """Samples of a step, over all processes."""
    processes: int = Field(default=1, ge=1, le=64)
    """Processes that train together, each on a device of its own and on its portion of every batch."""
    colour_jitter: float = Field(default=0.0, ge=0, le=1)
    """How strongly the pictures' colours are changed at random while training; 0 leaves them."""
    mirror: bool | Literal["auto"] = False
    """Ours: half of the samples are trained on as seen in a mirror; 'auto' where the atlas has symmetric halves."""
    body_noise: BodyNoiseConfig = BodyNoiseConfig()
    """Ours: train on bodies that are off as estimated ones are, the target staying the true garment; 0 is off."""
    pictures: PictureConfig = PictureConfig()
    """Ours: train on pictures before backgrounds, lit, blurred and compressed as photographs are; off by default."""
    ema_decay: float = Field(default=0.0, ge=0, lt=1)
    """Ours: above 0, the moving average of the generator's weights with this decay is evaluated and saved."""
    precision: Literal["fp32", "bf16", "fp16", "auto"] = "fp32"
    """'auto' times one of the model's own layers on the device as the training starts, and takes bf16 where it wins."""
    compile: Literal["never", "auto"] = "never"
    """'auto' times one of the model's own layers compiled by torch.compile and not, and compiles where that wins."""
    save_memory: bool = False
    """Residual blocks keep their input alone for the backward pass: less memory, a tenth more time, equal numbers."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    optimiser: OptimiserConfig = OptimiserConfig()
    threads: int = Field(default=0, ge=0, le=256)
    """CPU threads of torch; 0 leaves torch's own choice."""
    divergence_mm: float = Field(default=500.0, gt=0)
    """An S2S above this, or any non-finite loss, ends the trial as infeasible."""
    collapse_epochs: int = Field(default=5, ge=1)
    """Epochs in a row with a discriminator loss under `collapse_loss` that end the trial as infeasible."""
    collapse_loss: float = Field(default=1e-3, ge=0)

    @model_validator(mode="after")
    def _each_process_has_a_sample(self):
        if self.processes > self.batch_size:
            raise ValueError(
                f"processes is {self.processes}, more than the {self.batch_size} samples of batch_size, which they "
                "share; raise batch_size or lower processes"
            )
        return self


class EvaluationConfig(Config):
    """When and on what S2S is measured during training."""

    split: str = "val"
    segments: Literal["given", "predicted"] = "given"
    """Whose segments the headline S2S takes; the dataset's, so that trials differ by their surfaces alone."""
    predicted: Literal["always", "last", "never"] = "always"
    """When S2S with the model's own segments, as at test time, is measured beside the headline."""
    push_out: bool = False
    """Whether predicted vertices inside the body are moved out of it first, 5 mm along its normal."""
    every: int = Field(default=1, ge=1)
    """Epochs between evaluations; the last epoch is always evaluated."""
    max_samples: int = Field(default=0, ge=0)
    """At most so many samples, evenly spaced; 0 takes all."""
    meshes: int = Field(default=2, ge=0, le=64)
    """Samples whose meshes and pictures are kept at the last evaluation."""


FIELDS = (
    "training.colour_jitter",
    "training.decay_from",
    "training.divergence_mm",
    "training.collapse_epochs",
    "training.collapse_loss",
)
GROUPS = ("loss", "training.optimiser")
"""Every field of these: weights of the losses, rates and betas."""


def may_change(path: str) -> bool:
    """Whether a training can go on from a checkpoint with another value of this field."""
    return path in FIELDS or path.startswith(tuple(f"{group}." for group in GROUPS))


def changeable() -> str:
    """All of them in words, for messages."""
    return ", ".join([*(f"{group}.*" for group in GROUPS), *FIELDS])
