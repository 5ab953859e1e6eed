"""`garment data prepare`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example


@click.command(
    epilog=example(
        "garment data prepare --raw .garment/raw --out .garment/dataset --map-size 64 --image-size 64",
        "garment data prepare --raw /data/CLOTH3D --out s3://bucket/cloth3d --body smpl --smpl-dir ~/smpl --every 10",
        "RAY_ADDRESS=auto garment data prepare --raw s3://bucket/raw --out s3://bucket/cloth3d   # on every node",
    )
)
@click.option("--raw", required=True, help="Folder or s3://bucket/prefix of <split>/<sequence> folders.")
@click.option("--out", required=True, help="Folder or s3://bucket/prefix of the dataset.")
@click.option("--body", default="anny", show_default=True, type=click.Choice(["anny", "smpl"]))
@click.option("--smpl-dir", type=click.Path(path_type=Path), help="Your SMPL files, for --body smpl.")
@click.option("--map-size", default=256, show_default=True, help="Texels along a side of the UV maps.")
@click.option("--image-size", default=256, show_default=True, help="Pixels along a side of the image.")
@click.option("--subdivisions", default=1, show_default=True, help="How often the body is subdivided.")
@click.option("--fill", default="least_norm", show_default=True, help="How maps are filled between vertices.")
@click.option("--every", default=1, show_default=True, help="Take every so-many-th frame.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes, without Ray.")
@click.option(
    "--ray/--no-ray",
    "on_ray",
    default=None,
    help="As Ray tasks on the cluster of RAY_ADDRESS, or on a local one. Default: where RAY_ADDRESS is set.",
)
@click.option(
    "--labels/--no-labels",
    default=True,
    show_default=True,
    help="A mask and what every pixel shows, with each sample.",
)
@click.option("--overwrite", is_flag=True, help="Replace a dataset at --out.")
def command(
    raw: str,
    out: str,
    body: str,
    smpl_dir: Path | None,
    map_size: int,
    image_size: int,
    subdivisions: int,
    fill: str,
    every: int,
    workers: int,
    on_ray: bool | None,
    labels: bool,
    overwrite: bool,
) -> None:
    """Register raw sequences onto the body, unwrap them to maps and write them as shards with a manifest.

    A run that was ended, however suddenly, is gone on with by the same command.
    """
    import os
    from contextlib import ExitStack

    from garment_uv.samples.config import PrepareOptions

    options = PrepareOptions(
        map_size=map_size, image_size=image_size, subdivisions=subdivisions, fill=fill, every=every, labels=labels
    )
    from garment_sweeps.cli.output import progress_bar
    from garment_sweeps.ray.crew import RayCrew
    from garment_sweeps.ray.session import ray_session
    from garment_sweeps.storage import open_sink
    from garment_sweeps.storage.s3_raw import open_raw
    from garment_sweeps.storage.uri import local_folder
    from garment_uv.body import load_body
    from garment_uv.guard import keep_inputs
    from garment_uv.samples.prepare import prepare

    address = os.environ.get("RAY_ADDRESS") or None
    use_ray = bool(address) if on_ray is None else on_ray
    if (target := local_folder(out)) is not None:
        keep_inputs([target], [local_folder(raw), smpl_dir])
    sink, sequences = open_sink(out, overwrite), open_raw(raw)
    with ExitStack() as stack:
        if use_ray:
            stack.enter_context(ray_session(address))
        report = stack.enter_context(progress_bar("prepare", "sequences"))
        crew = RayCrew if use_ray else None
        manifest = prepare(sequences, sink, load_body(body, smpl_dir), options, workers, report, crew)
    for entry in manifest.left_out:
        click.echo(f"left out: {entry.split}/{entry.sequence}: {entry.reason}", err=True)
    samples = sum(shard.samples for shard in manifest.shards)
    floors = sorted(mm for entry in manifest.sequences for mm in entry.floor_s2s_mm.values())
    click.echo(f"{out}: version {manifest.digest()}, {samples} samples of {len(manifest.sequences)} sequences")
    if floors:
        click.echo(f"registration floor: median {floors[len(floors) // 2]:.2f} mm, worst {floors[-1]:.2f} mm")
