"""Runs an exported program. Needs torch and none of the network's classes.

`torch.export.load` must not be given a file from a stranger: it unpickles what the archive says is pickled, falls back
to unpickling where its example inputs are not plain tensors, evaluates symbolic sizes as Python, and loads compiled
libraries. So an archive is looked through first, and one that holds anything but plain tensors and a graph of fixed
sizes is refused; the programs written here hold nothing else.
"""

import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch
from torch import nn

from garment_uv.errors import UserError, one_line
from garment_uv.uv.sampling import Reading

_PLAIN = re.compile(
    r"archive_format|archive_version|byteorder|\.data/(version|serialization_id)|\.format_version|\.storage_alignment"
    r"|models/model\.json|data/sample_inputs/model\.pt"
    r"|data/weights/(weight_\d+|model_weights_config\.json)|data/constants/(tensor_\d+|model_constants_config\.json)"
)
"""Members of an archive of plain tensors, below its one folder."""
_CONFIGS = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")


@dataclass(frozen=True)
class ProgramOutput:
    """What a generator says that anything after it reads."""

    displacement: torch.Tensor
    """float32 [1, 3, U, U] metres."""
    segment_logits: torch.Tensor
    """float32 [1, 7, U, U]."""


class ExportedGenerator(nn.Module):
    """A program in a generator's place: for one sample at a time, on the CPU, never in training."""

    def __init__(self, program: nn.Module, reading: Reading = "bilinear", needs_frames: bool = False) -> None:
        super().__init__()
        self.program, self.reading, self.needs_frames = program, reading, needs_frames

    def train(self, mode: bool = True) -> "ExportedGenerator":
        """Nothing: a program has one mode."""
        return self

    def see_segments(
        self, image: torch.Tensor, body_uv: torch.Tensor, camera: torch.Tensor, frames: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The segment head's logits [1, 7, U, U]; the program makes the maps as well, there is but one."""
        nowhere = torch.zeros((1, *body_uv.shape[-2:]), dtype=torch.int64)
        return self(image, body_uv, camera, nowhere, frames).segment_logits

    def forward(
        self,
        image: torch.Tensor,
        body_uv: torch.Tensor,
        camera: torch.Tensor,
        segments: torch.Tensor,
        frames: torch.Tensor | None = None,
    ) -> ProgramOutput:
        """As the generator's, with segments."""
        asked = () if frames is None else (frames,)
        return ProgramOutput(*self.program(image, body_uv, camera, segments, *asked))


def load_program(path: Path) -> nn.Module:
    """The program in a .pt2 file, looked through before anything in it is read; UserError for what is refused."""
    _look_through(Path(path))
    try:
        return torch.export.load(path).module()
    except (RuntimeError, ValueError, KeyError, AssertionError, TypeError) as error:
        raise UserError(
            f"{path} cannot be read as a program ({one_line(error, 160)}): export the model again"
        ) from None


def _look_through(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {str(PurePosixPath(*PurePosixPath(name).parts[1:])): name for name in archive.namelist()}
            strange = [name for name in members if not _PLAIN.fullmatch(name)]
            if strange or len(members) < len(archive.namelist()):
                raise _refused(path, f"it holds {strange[0]!r}" if strange else "it holds two files of one name")
            for name in _CONFIGS:
                entries = json.loads(archive.read(members[name]))["config"].values()
                if any(entry["use_pickle"] is not False for entry in entries):
                    raise _refused(path, "it holds pickled tensors")
                if any(not _PLAIN.fullmatch(f"{PurePosixPath(name).parent}/{entry['path_name']}") for entry in entries):
                    raise _refused(path, "it names files outside its tensors")
            if "expr_str" in archive.read(members["models/model.json"]).decode("utf-8"):
                raise _refused(path, "it holds symbolic sizes")
            torch.load(io.BytesIO(archive.read(members["data/sample_inputs/model.pt"])), weights_only=True)
    except UserError:
        raise
    except Exception as error:  # whatever else a made-up archive can provoke means that it is none of ours
        raise _refused(path, one_line(error, 160)) from None


def _refused(path: Path, why: str) -> UserError:
    return UserError(f"{path} is no program that was exported here ({why}): it is not read; export the model again")
