"""Training pictures as cameras take them: before a background and lit as it is, blurred, noisy, compressed (ours).

Everything is decided by (seed, epoch, sample) alone, in whichever process a sample is decoded.
"""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from garment_uv.errors import UserError, one_line
from garment_uv.samples.backgrounds import draw_background
from garment_uv.samples.config import PictureConfig

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


class Pictures:
    """Changes the images of samples that have a mask.

    UserError at once where the folder of backgrounds holds no picture, or one that cannot be read.
    """

    def __init__(self, config: PictureConfig, seed: int = 0) -> None:
        self.config = config
        self._seed = seed
        self._files = _checked_files(Path(config.folder)) if config.folder else []

    def __call__(self, image: np.ndarray, mask: np.ndarray, key: str, epoch: int) -> np.ndarray:
        """The sample's image uint8 [I, I, 3], changed; `mask` uint8 [I, I] is how much of each pixel is the person."""
        config, size = self.config, len(image)
        name = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
        rng = np.random.default_rng([self._seed, epoch, name])
        picture = image.astype(np.float32) / 255
        if rng.uniform() < config.background:
            behind = self._background(rng, size)
            share = mask.astype(np.float32)[..., None] / 255
            picture = _lit_as(picture, behind, config.light * rng.uniform()) + behind * (1 - share)
        if config.exposure:
            picture = picture * np.exp2(rng.uniform(-config.exposure, config.exposure))
        if config.blur_px:
            picture = _blurred(picture, rng.uniform(0, config.blur_px))
        if config.noise:
            picture += np.float32(rng.uniform(0, config.noise)) * rng.standard_normal(picture.shape, np.float32)
        changed = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
        if config.jpeg_quality < 100:
            quality = int(rng.integers(config.jpeg_quality, 101))
            changed = simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(np.ascontiguousarray(changed), quality))
        return changed

    def _background(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """One that is drawn, or a square of one of the user's pictures: float32 [size, size, 3] in 0..1."""
        if not self._files or rng.uniform() < 0.5:
            return draw_background(rng, size)
        picture = _read(self._files[rng.integers(len(self._files))])
        side = int(min(picture.shape[:2]) * rng.uniform(0.5, 1.0))
        top, left = (int(rng.integers(0, length - side + 1)) for length in picture.shape[:2])
        square = picture[top : top + side, left : left + side]
        return cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _lit_as(person: np.ndarray, behind: np.ndarray, share: float) -> np.ndarray:
    """The person in the colour and the brightness of the light that the background is seen in, by so much."""
    light = behind.mean(axis=(0, 1))
    return person * ((1 - share) + share * (0.4 + 1.2 * light))


def _blurred(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), sigma_px) if sigma_px > 0.2 else picture


def _checked_files(folder: Path) -> list[Path]:
    """The folder's pictures, sorted; each is read once."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of backgrounds; give a folder of pictures, or none for drawn ones")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not files:
        raise UserError(f"{folder}: holds no background picture; known are {', '.join(sorted(SUFFIXES))}")
    for path in files:
        _read(path)
    return files


def _read(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            picture = np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{path}: cannot be read as a background: {one_line(error, 200)}; take it out") from None
    if min(picture.shape[:2]) < 8:
        raise UserError(f"{path}: {picture.shape[1]}x{picture.shape[0]} px are too few for a background; take it out")
    return picture
