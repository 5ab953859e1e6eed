"""Training pictures: the person stays, what is behind changes, and (seed, epoch, sample) alone decide how."""

import numpy as np
import pytest
import torch
from PIL import Image

from garment_uv.errors import UserError
from garment_uv.samples.backgrounds import KINDS, draw_background
from garment_uv.samples.config import AS_TAKEN, PictureConfig
from garment_uv.samples.loader import SampleLoader
from garment_uv.samples.pictures import Pictures
from garment_uv.samples.source import FolderSource
from tests.garment_uv.samples.made import write_folder

SIZE = 64


@pytest.fixture
def person() -> tuple[np.ndarray, np.ndarray]:
    """A picture of a red square on black, and its mask with a soft edge."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[15:49, 15:49] = 128
    mask[16:48, 16:48] = 255
    image = (mask[..., None] * np.array([0.8, 0.2, 0.1])).astype(np.uint8)
    return image, mask


def changed(config: PictureConfig, person, key: str = "a", epoch: int = 0, seed: int = 0) -> np.ndarray:
    return Pictures(config, seed)(*person, key, epoch)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("size", [32, 97])
def test_backgrounds_fill_the_picture_and_differ(kind, size):
    drawn = [kind(np.random.default_rng(seed), size) for seed in range(20)]
    assert all(picture.shape == (size, size, 3) and np.isfinite(picture).all() for picture in drawn)
    means = np.stack([picture.mean(axis=(0, 1)) for picture in drawn])
    assert means.std(axis=0).min() > 0.05
    background = draw_background(np.random.default_rng(0), size)
    assert background.dtype == np.float32 and 0 <= background.min() <= background.max() <= 1


def test_the_person_stays_and_all_else_is_the_background(person, monkeypatch):
    monkeypatch.setattr("garment_uv.samples.pictures.draw_background", lambda rng, size: np.full((size, size, 3), 0.6))
    image, mask = person
    picture = changed(PictureConfig(background=1.0, light=0.0), person).astype(int)
    assert np.array_equal(picture[mask == 255], image[mask == 255])
    assert (picture[mask == 0] == 153).all()
    assert np.abs(picture[mask == 128] - (image[mask == 128] + 153 * (1 - 128 / 255))).max() <= 1


def test_the_person_takes_on_the_light(person, monkeypatch):
    blue = np.full((SIZE, SIZE, 3), (0.1, 0.2, 1.0), np.float32)
    monkeypatch.setattr("garment_uv.samples.pictures.draw_background", lambda rng, size: blue)
    image, mask = person
    picture = changed(PictureConfig(background=1.0, light=1.0), person).astype(float)
    gain = (picture[mask == 255] / image[mask == 255]).mean(axis=0)
    assert gain[2] > 1 > gain[0]


@pytest.mark.parametrize(
    ("values", "measure"),
    [
        ({"exposure": 1.0}, lambda x: x[20:44, 20:44, 0].mean()),
        ({"blur_px": 4.0}, lambda x: np.abs(np.diff(x[30, :, 0])).max()),
        ({"noise": 0.1}, lambda x: x[20:44, 20:44, 0].std()),
    ],
)
def test_each_size_changes_what_it_names(person, values, measure):
    seen = [measure(changed(PictureConfig(**values), person, epoch=epoch).astype(float)) for epoch in range(30)]
    same = measure(person[0].astype(float))
    assert np.std(seen) > 0 and np.abs(np.array(seen) - same).max() > 5
    half = [measure(changed(PictureConfig(**{n: v / 10 for n, v in values.items()}), person).astype(float))]
    assert np.abs(half[0] - same) < np.abs(np.array(seen) - same).max()


def test_jpeg_leaves_its_traces_and_no_more(person):
    picture = changed(PictureConfig(jpeg_quality=20), person).astype(int)
    assert 0 < np.abs(picture - person[0]).mean() < 8


def test_seed_epoch_and_sample_decide_it(person):
    first = changed(AS_TAKEN, person)
    assert np.array_equal(first, changed(AS_TAKEN, person))
    for other in ({"key": "b"}, {"epoch": 1}, {"seed": 1}):
        assert not np.array_equal(first, changed(AS_TAKEN, person, **other))
    assert PictureConfig().is_off and not AS_TAKEN.is_off


def test_a_folder_of_pictures_serves_and_a_broken_one_is_one_line(person, tmp_path):
    Image.new("RGB", (90, 50), (0, 255, 0)).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no picture")
    config = PictureConfig(background=1.0, light=0.0, folder=str(tmp_path))
    corners = [changed(config, person, epoch=epoch)[0, 0] for epoch in range(20)]
    assert 4 <= sum(np.array_equal(corner, [0, 255, 0]) for corner in corners) <= 16
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8 broken")
    for folder, why in ((tmp_path, "b.jpg: cannot be read"), (tmp_path / "none", "no such folder")):
        with pytest.raises(UserError, match=why) as told:
            Pictures(PictureConfig(background=1.0, folder=str(folder)))
        assert "\n" not in str(told.value)
    (tmp_path / "b.jpg").unlink()
    Image.new("RGB", (4, 4)).save(tmp_path / "c.png")
    with pytest.raises(UserError, match="4x4 px are too few"):
        Pictures(config)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    write_folder(folder / "set", folder / "scratch", image_format="png")
    return FolderSource(folder / "set")


def images(source, workers: int, start: int = 0, **options) -> dict[str, torch.Tensor]:
    loader = SampleLoader(source, "train", 2, seed=3, workers=workers, pictures=AS_TAKEN, **options)
    try:
        return {
            key: image for b in loader.batches(1, start) for key, image in zip(b.keys, b.image.clone(), strict=True)
        }
    finally:
        loader.close()


def test_any_process_and_any_start_give_the_same_pictures(labelled):
    here = images(labelled, 0)
    assert len(here) == 7
    for others in (images(labelled, 1), images(labelled, 0, start=2), images(labelled, 0, fill="barycentric")):
        assert len(others) >= 3 and all(torch.equal(image, here[key]) for key, image in others.items())


def test_a_dataset_without_masks_is_refused_in_one_line(tmp_path):
    write_folder(tmp_path / "set", tmp_path / "scratch", labels=False)
    with pytest.raises(UserError, match="has none: prepare it again with --labels"):
        SampleLoader(FolderSource(tmp_path / "set"), "train", 2, pictures=AS_TAKEN)
