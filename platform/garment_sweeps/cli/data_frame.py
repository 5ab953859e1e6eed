"""`garment data frame`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError

COMMAND = "data frame"


@click.command(epilog=example("garment data frame .garment/raw/test/00023 --frame 2 --out .garment/picture"))
@click.argument("sequence", type=click.Path(path_type=Path))
@click.option("--frame", "index", default=0, show_default=True, type=click.IntRange(0), help="Counted from 0.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option("--size", default=256, show_default=True, type=click.IntRange(32, 2048), help="Pixels along a side.")
@click.option("--body", default="anny", show_default=True, type=click.Choice(["anny", "smpl"]))
def command(sequence: Path, index: int, out: Path, size: int, body: str) -> None:
    """Write one frame of the raw SEQUENCE as image.png and body.json: what `garment reconstruct` takes."""
    import numpy as np

    from garment_uv.datasets.cloth3d.camera import crop
    from garment_uv.datasets.cloth3d.sequence import Sequence
    from garment_uv.estimation.body_file import BodyFile, body_json
    from garment_uv.guard import keep_inputs, keep_others, made_by
    from garment_uv.outputs import write_files
    from garment_uv.samples.frames import frame_body
    from garment_uv.viewing.picture import png

    picture, body_file = out / "image.png", out / "body.json"
    keep_inputs((picture, body_file), [sequence])
    keep_others((picture, body_file), COMMAND)
    opened = Sequence.open(sequence)
    try:
        if index not in opened.frame_indices:
            raise UserError(
                f"{sequence} has {len(opened.frame_indices)} frames with images, was asked for frame {index}"
            )
        frame = opened.frame(index)
    finally:
        opened.close()
    if opened.note:
        click.echo(f"note: {opened.note}")
    pixels = np.ascontiguousarray(crop(frame.rgb, frame.camera, size))
    body_of_frame = BodyFile.of_frame(frame_body(frame), body)
    write_files({picture: png(pixels, made_by(COMMAND)), body_file: body_json(body_of_frame)})
    click.echo(f"wrote {picture} and {body_file}")
