"""Picture files as pixels."""

from pathlib import Path

import numpy as np
from PIL import Image

from garment_uv.errors import UserError


def read_pixels(path: Path) -> np.ndarray:
    """A PNG's or JPEG's pixels, uint8 [H, W, 3], or [H, W, 4] where it has transparency.

    UserError names the file when it is missing, truncated or no picture.
    """
    path = Path(path)
    try:
        with Image.open(path) as opened:
            opened.load()
            clear = opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info
            return np.asarray(opened.convert("RGBA" if clear else "RGB"))
    except FileNotFoundError:
        raise UserError(f"no picture at {path}: give a PNG or JPEG file") from None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())[:160]
        raise UserError(f"picture {path} cannot be read ({reason}): it is truncated or no picture") from None


def read_mask(path: Path) -> np.ndarray:
    """A mask file as bool [H, W]: opaque where it has transparency, else brighter than half; UserError as above."""
    pixels = read_pixels(path)
    if pixels.shape[2] == 4 and (pixels[..., 3] < 255).any():
        return pixels[..., 3] >= 128
    return pixels[..., :3].max(axis=2) >= 128
