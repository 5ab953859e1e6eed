"""`garment data report`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example


@click.command(epilog=example("garment data report .garment/dataset --raw .garment/raw --out .garment/worst"))
@click.argument("uri")
@click.option("--raw", required=True, help="Folder or s3://bucket/prefix that the dataset was prepared from.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option("--worst", default=12, show_default=True, type=click.IntRange(1, 200), help="How many garments.")
@click.option("--body", default="anny", show_default=True, type=click.Choice(["anny", "smpl"]))
@click.option("--smpl-dir", type=click.Path(path_type=Path), help="Your SMPL files, for --body smpl.")
def command(uri: str, raw: str, out: Path, worst: int, body: str, smpl_dir: Path | None) -> None:
    """Show the worst registrations of the dataset at URI, and list what was left out of it."""
    import numpy as np

    from garment_sweeps.storage import open_source
    from garment_sweeps.storage.s3_raw import open_raw
    from garment_sweeps.storage.uri import local_folder
    from garment_uv.body import load_body
    from garment_uv.classes import GARMENT_CLASSES
    from garment_uv.guard import keep_inputs
    from garment_uv.viewing.registration_report import PAGE_FILE, write_registration_report

    keep_inputs([out / PAGE_FILE], map(local_folder, (uri, raw)))
    manifest = open_source(uri).manifest
    ranks = write_registration_report(manifest, open_raw(raw), load_body(body, smpl_dir), out, worst)
    for name in GARMENT_CLASSES:
        errors_mm = [entry.quality[name].s2s_mm for entry in manifest.sequences if name in entry.quality]
        if errors_mm:
            middle, high = np.median(errors_mm), np.percentile(errors_mm, 95)
            click.echo(f"{name}: {len(errors_mm)} garments, S2S median {middle:.2f} mm, 95th percentile {high:.2f} mm")
    for rank in ranks:
        click.echo(f"{rank.split}/{rank.sequence} {rank.garment}: {rank.said}")
    for entry in manifest.left_out:
        click.echo(f"left out: {entry.split}/{entry.sequence}: {entry.reason}")
    click.echo(f"wrote {out / 'index.html'} and a picture of each")
