"""`garment reconstruct`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example


@click.command(
    epilog=example(
        "garment data frame .garment/raw/test/00023 --out .garment/picture",
        "garment reconstruct .garment/picture/image.png --body .garment/picture/body.json --out garments.glb",
    )
)
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--body", required=True, type=click.Path(path_type=Path), help="Body file, .json or .npz.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .glb or .obj file.")
@click.option("--model", default="champion", show_default=True, help="A model folder, or 'champion'.")
@click.option("--smpl-dir", type=click.Path(path_type=Path), help="Your SMPL files, where the body file needs them.")
def command(image: Path, body: Path, out: Path, model: str, smpl_dir: Path | None) -> None:
    """Garment meshes from one RGB IMAGE and its body; beside OUT also a picture (.png) and a page to turn (.html)."""
    from garment_sweeps.comparison.evaluate import model_folder
    from garment_uv.reconstruction.image import reconstruct_files

    written = reconstruct_files(model_folder(model), image, body, out, smpl_dir)
    click.echo("wrote " + ", ".join(str(path) for path in written))
