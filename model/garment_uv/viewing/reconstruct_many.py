"""Many pictures of one model: a folder of them or a video. One that fails costs itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from garment_uv.datasets.cloth3d.video import VideoReader
from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile
from garment_uv.estimation.estimator_files import NO_OPTIONS, SUFFIXES, Body, EstimatorOptions, read_bodies, read_body
from garment_uv.estimation.picture_alone import ANYONE, Person
from garment_uv.guard import keep_inputs, keep_others, made_by
from garment_uv.inference.reconstructor import Reconstructor
from garment_uv.outputs import write_files
from garment_uv.viewing.reconstruct import COMMAND, files_of, output_paths, panels, reconstruct
from garment_uv.viewing.viewer import Panel, write_html

PICTURES = (".png", ".jpg", ".jpeg")
VIDEOS = (".mkv", ".mp4", ".mov", ".avi", ".webm", ".m4v")
PAGE = "index.html"
ON_PAGE = 48
"""Results on the page at most, evenly spaced: a browser has to hold them all."""


@dataclass(frozen=True)
class Item:
    """One picture to come."""

    name: str
    """Of its files."""
    load: Callable[[], tuple[Path | np.ndarray, Body | None]]
    """The picture and its body; UserError where they cannot be read."""
    sources: tuple[Path, ...] = ()
    """The files that it reads."""


@dataclass(frozen=True)
class PictureOutcome:
    """What came of many."""

    written: tuple[str, ...]
    """Names of those that were reconstructed."""
    failed: dict[str, str]
    """Name to why, for the others."""
    page: Path | None
    """The page that shows them, None where none was."""


def folder_items(folder: Path, bodies: Path | None = None, options: EstimatorOptions = NO_OPTIONS) -> list[Item]:
    """The pictures of a folder in the order of their names, each with the body file of the same name.

    Body files lie in the folder `bodies`, or else beside the pictures; where none of them has one there, their bodies
    are to be seen in them. UserError where the folder holds no picture.
    """
    pictures = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in PICTURES)
    if not pictures:
        raise UserError(f"{folder} holds no picture: give a folder with {', '.join(PICTURES)}")
    names = [path.stem for path in pictures]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"{folder} holds two pictures named {twice!r}: their results would have the same files")

    where = bodies or Path(folder)
    own = {name: path for name in names for suffix in SUFFIXES if (path := where / f"{name}{suffix}").is_file()}

    def load(picture: Path) -> tuple[Path, Body | None]:
        if not own and bodies is None:
            return picture, None
        if picture.stem not in own:
            raise UserError(f"no {picture.stem}.json or {picture.stem}.npz in {where}: put its body there")
        return picture, read_body(own[picture.stem], options)

    def sources(picture: Path) -> tuple[Path, ...]:
        return (picture, own[picture.stem]) if picture.stem in own else (picture,)

    return [Item(path.stem, partial(load, path), sources(path)) for path in pictures]


def video_items(
    path: Path, bodies: Path | None, every: int, options: EstimatorOptions = NO_OPTIONS
) -> tuple[list[Item], Callable[[], None]]:
    """Every so many frames of a video, each with its body in `bodies`, and what closes it; UserError for too few."""
    reader = VideoReader(path)
    frames: Sequence[Body] | None = None if bodies is None else read_bodies(bodies, options)
    if frames is not None and len(frames) != reader.num_frames:
        raise UserError(
            f"{bodies} holds {len(frames)} bodies, {path} has {reader.num_frames} frames: give one for each"
        )

    def load(index: int) -> tuple[np.ndarray, Body | None]:
        return reader.frame(index), None if frames is None else frames[index]

    numbers, sources = range(0, reader.num_frames, every), (path,) if bodies is None else (path, bodies)
    items = [Item(f"{Path(path).stem}-{index:06d}", partial(load, index), sources) for index in numbers]
    return items, reader.close


def reconstruct_many(
    model: Reconstructor,
    items: Sequence[Item],
    out: Path,
    suffix: str = ".glb",
    person: Person = ANYONE,
    report: Callable[[int, int], None] = lambda done, total: None,
    inputs: Sequence[Path | None] = (),
) -> PictureOutcome:
    """Reconstruct each into the folder `out`: NAME.glb or .obj, NAME.png, and one page that shows them.

    What cannot be used is left out, and the outcome says why. Nothing is written over what the items or `inputs` name
    or over files of others: that is a UserError before anything is done. Where the disk gets full, what is done stays.
    """
    out = Path(out)
    files = [place for item in items for place in output_paths(out / f"{item.name}{suffix}", estimated=True)]
    keep_inputs([*files, out / PAGE], {*inputs, *(source for item in items for source in item.sources)})
    keep_others([*files, out / PAGE], COMMAND)
    shown = {items[i].name for i in np.linspace(0, len(items) - 1, min(ON_PAGE, len(items))).round().astype(int)}
    done: list[str] = []
    failed: dict[str, str] = {}
    views: list[Panel] = []
    report(0, len(items))
    for number, item in enumerate(items, start=1):
        try:
            image, body = item.load()
            result = reconstruct(model, image, body, f"picture {item.name}", f"the body of {item.name}", person)
            estimated = not isinstance(body, BodyFile)
            write_files(files_of(result, out / f"{item.name}{suffix}", item.name, estimated))
        except UserError as error:
            failed[item.name] = str(error)
        else:
            done.append(item.name)
            if item.name in shown:
                views.append(replace(panels(result)[0], title=item.name, note=", ".join(result.garments)))
        report(number, len(items))
    return PictureOutcome(tuple(done), failed, _page(views, len(done), out))


def _page(views: list[Panel], total: int, out: Path) -> Path | None:
    if not views:
        return None
    some = f"{len(views)} of {total}, evenly spaced; the others are in their files." if len(views) < total else ""
    title = f"Garments reconstructed from {total} pictures"
    write_html(views, out / PAGE, title, caption=some, generator=made_by(COMMAND))
    return out / PAGE
