"""Picture files as pixels, and where the person stands in them: from a box, a mask, transparency or the background."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from garment_uv.errors import UserError, one_line
from garment_uv.estimation.placement import Square


def read_pixels(path: Path) -> np.ndarray:
    """A PNG's or JPEG's pixels, uint8 [H, W, 3], or [H, W, 4] with transparency; UserError names what is no picture."""
    path = Path(path)
    try:
        with Image.open(path) as opened:
            opened.load()
            clear = opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info
            return np.asarray(opened.convert("RGBA" if clear else "RGB"))
    except FileNotFoundError:
        raise UserError(f"no picture at {path}: give a PNG or JPEG file") from None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        reason = one_line(error, 160)
        raise UserError(f"picture {path} cannot be read ({reason}): it is truncated or no picture") from None


def read_mask(path: Path) -> np.ndarray:
    """A mask file as bool [H, W]: opaque where it has transparency, else brighter than half; UserError as above."""
    pixels = read_pixels(path)
    if pixels.shape[2] == 4 and (pixels[..., 3] < 255).any():
        return pixels[..., 3] >= 128
    return pixels[..., :3].max(axis=2) >= 128


SIDE_OF_BOX = 1.45
"""Side of the rough square in longer sides of the box: people of 1.7 m in squares of 2.5 m (ours)."""
SMALLEST_SHARE = 0.002
"""Share of the picture under which a mask is no person."""
_PLAIN_SHARE, _PLAIN_LEVELS, _APART_LEVELS = 0.97, 12, 30


def rough_square(
    pixels: np.ndarray, box: Sequence[float] | None = None, mask: np.ndarray | None = None, name: str = "the picture"
) -> Square:
    """A square around the person in `pixels` uint8 [H, W, 3 or 4], from which a body network can start.

    `box` is left, top, right and bottom in px; `mask` [H, W] is true on the person. Without either, transparency
    tells the person from the background, or a background of one colour does; a square picture where neither does is
    taken as it is. UserError where nothing tells it, and for a box or mask that cannot be the person's.
    """
    height, width = pixels.shape[:2]
    if box is not None:
        return _around(*_checked_box(box, width, height), name)
    if mask is not None and mask.shape != (height, width):
        raise UserError(
            f"the mask is {mask.shape[1]}x{mask.shape[0]} px, {name} is {width}x{height}: give a mask of that size"
        )
    found = mask if mask is not None else _foreground(pixels)
    if found is None:
        if height == width:
            return Square(0.0, 0.0, float(width))
        raise UserError(
            f"nothing tells the person in {name} from the background: give --box LEFT,TOP,RIGHT,BOTTOM or --mask PNG"
        )
    if found.mean() < SMALLEST_SHARE:
        where = "the mask" if mask is not None else name
        raise UserError(f"{where} shows no person ({found.mean():.2%} of it is covered): give --box or another --mask")
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    return _around(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1, name)


def _around(left: float, top: float, right: float, bottom: float, name: str) -> Square:
    side = SIDE_OF_BOX * max(right - left, bottom - top)
    return Square((left + right - side) / 2, (top + bottom - side) / 2, side)


def _checked_box(box: Sequence[float], width: int, height: int) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(value) for value in box)
    inside = right > 0 and bottom > 0 and left < width and top < height
    if not inside or right - left < 8 or bottom - top < 8:
        raise UserError(
            f"the box {left:g},{top:g},{right:g},{bottom:g} holds no part of the picture of {width}x{height} px, or "
            "less than 8 px of it: give LEFT,TOP,RIGHT,BOTTOM in px"
        )
    return left, top, right, bottom


def _foreground(pixels: np.ndarray) -> np.ndarray | None:
    """bool [H, W]: what is opaque, or differs from a background of one colour; None where neither tells."""
    if pixels.shape[2] == 4 and (pixels[..., 3] < 128).any():
        return pixels[..., 3] >= 128
    colours = pixels[..., :3].astype(np.int16)
    border = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    background = np.median(border, axis=0)
    if (np.abs(border - background).max(axis=1) <= _PLAIN_LEVELS).mean() < _PLAIN_SHARE:
        return None
    return np.abs(colours - background).max(axis=2) > _APART_LEVELS
