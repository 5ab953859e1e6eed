"""A model, loaded once."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garment_uv.inference.reconstructor import Reconstructor


def load(model: str = "champion", smpl_dir: Path | None = None) -> "Reconstructor":
    """The model in a folder, or the champion, ready to reconstruct garments from pictures.

    Args:
        model: a folder, or 'champion'.
        smpl_dir: your SMPL files, where the model's body needs them.

    Raises:
        UserError: there is no such model.
    """
    from garment_sweeps.promotion.evaluate import model_folder
    from garment_uv.inference.reconstructor import Reconstructor

    return Reconstructor(model_folder(model), smpl_dir)
