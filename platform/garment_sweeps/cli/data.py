"""`garment data`: make, prepare and check datasets."""

from pathlib import Path
from typing import Any

import click

from garment_sweeps.cli.group import LazyGroup, example
from garment_uv.errors import UserError

COMMANDS = {
    "synthesize": (f"{__name__}.synthesize", "Write raw CLOTH3D-layout sequences on the open body."),
    "prepare": (f"{__name__}.prepare", "Register, map and shard raw sequences."),
    "benchmark": (f"{__name__}.benchmark", "Make an open set by its name, from fixed seeds."),
    "report": (f"{__name__}.report", "Show a dataset's worst registrations."),
    "inspect": (f"{__name__}.inspect", "Show random samples and how their measures are spread."),
    "verify": (f"{__name__}.verify", "Check every byte of a dataset against its manifest."),
    "frame": (f"{__name__}.frame", "Take one frame of a sequence as image and body file."),
}
OF_FRAME = "data frame"

to_folder = click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
on_body = click.option("--body", default="anny", show_default=True, type=click.Choice(["anny", "smpl"]))
smpl_files = click.option("--smpl-dir", type=click.Path(path_type=Path), help="Your SMPL files, for --body smpl.")
by_processes = click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes.")


@click.group(
    cls=LazyGroup,
    commands_by_name=COMMANDS,
    epilog=example(
        "garment data synthesize --out .garment/raw --sequences 24 --frames 6 --seed 7",
        "garment data prepare --raw .garment/raw --out .garment/dataset",
    ),
)
def command() -> None:
    """Make, prepare and check datasets."""


@click.command(epilog=example("garment data synthesize --out .garment/raw --sequences 24 --frames 6 --seed 7"))
@to_folder
@click.option("--sequences", default=24, show_default=True, type=click.IntRange(1), help="Sequences over all splits.")
@click.option("--frames", default=6, show_default=True, type=click.IntRange(1), help="Frames per sequence.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Decides everything.")
@by_processes
@click.option(
    "--images", "image_format", default="video", show_default=True, type=click.Choice(["video", "frames"]),
    help="Two videos as the dataset ships them, or RGBA pictures.",
)  # fmt: skip
@click.option(
    "--cloth", default="procedural", show_default=True, type=click.Choice(["procedural", "simulated"]),
    help="Shapes asked of each pose, or cloth that a solver hangs on the body.",
)  # fmt: skip
@click.option(
    "--variety", default="basic", show_default=True, type=click.Choice(["basic", "full"]),
    help="The cuts, fabrics, motions and cameras of the first sets, or all that there are.",
)  # fmt: skip
@click.option(
    "--device", default="cpu", show_default=True, help="Where simulated cloth is simulated: cpu, cuda, cuda:1."
)
@click.option(
    "--at-once", default=1, show_default=True, type=click.IntRange(1, 256),
    help="Sequences that one process simulates together; 32 or more for a GPU.",
)  # fmt: skip
def synthesize(out: Path, sequences: int, frames: int, seed: int, **options: Any) -> None:
    """Write raw sequences in CLOTH3D's layout, with the open body and garments of our own."""
    from garment_sweeps.cli.output import progress_bar
    from garment_uv.datasets.open.synthesize import LEFT_OUT_FILE, Hanging, synthesize

    hanging = Hanging(device=options.pop("device"), at_once=options.pop("at_once"))
    with progress_bar("synthesize", "sequences") as progress:
        made = synthesize(out, sequences, frames, seed, progress=progress, hanging=hanging, **options)
    click.echo(f"{len(made)} sequences of {frames} frames in {out}")
    if len(made) < sequences:
        click.echo(f"{sequences - len(made)} left out, see {out / LEFT_OUT_FILE}")


@click.command(
    epilog=example(
        "garment data prepare --raw .garment/raw --out .garment/dataset --map-size 64 --image-size 64",
        "garment data prepare --raw /data/CLOTH3D --out s3://bucket/cloth3d --body smpl --smpl-dir ~/smpl --every 10",
        "RAY_ADDRESS=auto garment data prepare --raw s3://bucket/raw --out s3://bucket/cloth3d   # on every node",
    )
)
@click.option("--raw", required=True, help="Folder or s3://bucket/prefix of <split>/<sequence> folders.")
@click.option("--out", required=True, help="Folder or s3://bucket/prefix of the dataset.")
@on_body
@smpl_files
@click.option("--map-size", default=256, show_default=True, help="Texels along a side of the UV maps.")
@click.option("--image-size", default=256, show_default=True, help="Pixels along a side of the image.")
@click.option("--subdivisions", default=1, show_default=True, help="How often the body is subdivided.")
@click.option("--layout", default="spread", show_default=True, help="How the atlas is laid out: spread or crowded.")
@click.option("--fill", default="exact", show_default=True, help="How maps are filled between vertices.")
@click.option("--every", default=1, show_default=True, help="Take every so-many-th frame.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes, without Ray.")
@click.option(
    "--ray/--no-ray", "on_ray", default=None,
    help="As Ray tasks on the cluster of RAY_ADDRESS, or on a local one. Default: where RAY_ADDRESS is set.",
)  # fmt: skip
@click.option(
    "--labels/--no-labels",
    default=True,
    show_default=True,
    help="A mask and what every pixel shows, with each sample.",
)
@click.option("--overwrite", is_flag=True, help="Replace a dataset at --out.")
def prepare(raw: str, out: str, workers: int, on_ray: bool | None, overwrite: bool, **of: Any) -> None:
    """Register raw sequences onto the body, unwrap them to maps and write them as shards with a manifest.

    A run that was ended, however suddenly, is gone on with by the same command.
    """
    import os
    from contextlib import ExitStack

    from garment_uv.samples.config import PrepareOptions

    body, smpl_dir = of.pop("body"), of.pop("smpl_dir")
    options = PrepareOptions(**of)
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
        progress = stack.enter_context(progress_bar("prepare", "sequences"))
        crew = RayCrew if use_ray else None
        manifest = prepare(sequences, sink, load_body(body, smpl_dir), options, workers, progress, crew)
    for entry in manifest.left_out:
        click.echo(f"left out: {entry.split}/{entry.sequence}: {entry.reason}", err=True)
    samples = sum(shard.samples for shard in manifest.shards)
    floors = sorted(mm for entry in manifest.sequences for mm in entry.floor_s2s_mm.values())
    click.echo(f"{out}: version {manifest.digest()}, {samples} samples of {len(manifest.sequences)} sequences")
    if floors:
        click.echo(f"registration floor: median {floors[len(floors) // 2]:.2f} mm, worst {floors[-1]:.2f} mm")


@click.command(
    epilog=example(
        "garment data benchmark open2k --out .garment/open2k --workers 2",
        "garment data benchmark open2k --out .garment/few --share 0.02 --size 128",
        "garment data benchmark artist --clothes package --out .garment/artist",
    )
)
@click.argument("name", default="open192", type=click.Choice(["open192", "open2k", "artist"]))
@to_folder
@click.option(
    "--size", "sizes", multiple=True, type=click.Choice(["128", "256"]), help="Texels a side; both where not given."
)
@by_processes
@click.option("--share", default=1.0, show_default=True, help="Of each split's sequences, to try it with.")
@click.option("--keep-raw", is_flag=True, help="Write the raw sequences too, to OUT/raw; open192 always does.")
@click.option("--clothes", type=click.Path(path_type=Path), help="For artist: the folder of clothes.")
@click.option("--strict", is_flag=True, help="An error where the digest is not the recorded one.")
def benchmark(name: str, out: Path, strict: bool, **of: Any) -> None:
    """Make the open set NAME from fixed seeds, prepared as OUT/128 and OUT/256; repeat it to go on with it.

    open192, the default: procedural cloth, for old figures; open2k: simulated cloth, to train on; artist: clothes that
    artists drew, a test split only.
    """
    from contextlib import ExitStack

    from garment_sweeps.cli.output import Report, progress_bar
    from garment_uv.guard import keep_inputs
    from garment_uv.samples.sets import SETS, SetOptions

    options = SetOptions(**of)
    keep_inputs([out], [options.clothes])
    with ExitStack() as bar:

        def begin(what: str) -> Report:
            bar.close()
            return bar.enter_context(progress_bar(what, "sequences"))

        made = SETS[name](out, options, begin)
    for item in made:
        which = f"not the recorded {item.recorded[:8] or 'one'}, compare within it only"
        click.echo(
            f"{item.folder}: {item.name}, version {item.digest}, {'the recorded one' if item.is_recorded else which}"
        )
    if strict and not all(item.is_recorded for item in made):
        raise UserError("the set differs from the recorded one, as it may on another processor or with other versions")


@click.command(epilog=example("garment data report .garment/dataset --raw .garment/raw --out .garment/worst"))
@click.argument("uri")
@click.option("--raw", required=True, help="Folder or s3://bucket/prefix that the dataset was prepared from.")
@to_folder
@click.option("--worst", default=12, show_default=True, type=click.IntRange(1, 200), help="How many garments.")
@on_body
@smpl_files
def report(uri: str, raw: str, out: Path, worst: int, body: str, smpl_dir: Path | None) -> None:
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


@click.command(epilog=example("garment data inspect .garment/dataset --split val --out .garment/look"))
@click.argument("uri")
@to_folder
@click.option("--split", default="train", show_default=True)
@click.option("--shown", default=12, show_default=True, type=click.IntRange(1, 200), help="Samples to look at.")
@click.option("--measured", default=200, show_default=True, type=click.IntRange(1), help="Samples to measure, at most.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Decides which are shown.")
def inspect(uri: str, out: Path, split: str, shown: int, measured: int, seed: int) -> None:
    """Write a page of random samples of the dataset at URI, with pictures, labels, maps, meshes and histograms."""
    from garment_sweeps.storage import open_source
    from garment_sweeps.storage.uri import local_folder
    from garment_uv.guard import keep_inputs
    from garment_uv.viewing.inspection import PAGE_FILE, fill_said, write_inspection

    keep_inputs([out / PAGE_FILE], [local_folder(uri)])
    source = open_source(uri)
    survey = write_inspection(source, split, out, shown, measured, seed)
    click.echo(fill_said(source.manifest, split))
    click.echo(f"wrote {out / PAGE_FILE}: {min(shown, survey.samples)} samples shown, {survey.samples} measured")


@click.command(epilog=example("garment data verify .garment/dataset", "garment data verify s3://bucket/prefix"))
@click.argument("uri")
def verify(uri: str) -> None:
    """Read every file of the dataset at URI and compare it with the manifest."""
    from garment_sweeps.cli.output import progress_bar
    from garment_sweeps.storage import verify

    with progress_bar("verify", "bytes") as progress:
        checked = verify(uri, progress)
    for problem in checked.problems:
        click.echo(problem, err=True)
    if not checked.ok:
        raise UserError(
            f"{uri} is not what its manifest says: {len(checked.problems)} problems; "
            "prepare it again or fetch the files again"
        )
    click.echo(f"{uri}: version {checked.version}, {checked.files} files, {checked.bytes:,} bytes, all as listed")


@click.command(epilog=example("garment data frame .garment/raw/test/00023 --frame 2 --out .garment/picture"))
@click.argument("sequence", type=click.Path(path_type=Path))
@click.option("--frame", "index", default=0, show_default=True, type=click.IntRange(0), help="Counted from 0.")
@to_folder
@click.option("--size", default=256, show_default=True, type=click.IntRange(32, 2048), help="Pixels along a side.")
@on_body
def frame(sequence: Path, index: int, out: Path, size: int, body: str) -> None:
    """Write one frame of the raw SEQUENCE as image.png and body.json: what `garment reconstruct` takes."""
    from contextlib import closing

    from garment_uv.datasets.raw import open_sequence
    from garment_uv.estimation.body_file import BodyFile, body_json
    from garment_uv.guard import keep_inputs, keep_others, made_by
    from garment_uv.outputs import write_files
    from garment_uv.samples.frames import frame_body
    from garment_uv.viewing.picture import png

    picture, body_file = out / "image.png", out / "body.json"
    keep_inputs((picture, body_file), [sequence])
    keep_others((picture, body_file), OF_FRAME)
    with closing(open_sequence(sequence)) as opened:
        if index not in opened.frame_indices:
            frames = len(opened.frame_indices)
            raise UserError(f"{sequence} has {frames} frames with images, was asked for frame {index}")
        taken = opened.frame(index)
    if opened.note:
        click.echo(f"note: {opened.note}")
    pixels, _ = taken.square(size)
    body_of_frame = BodyFile.of_frame(frame_body(taken), body)
    write_files({picture: png(pixels, made_by(OF_FRAME)), body_file: body_json(body_of_frame)})
    click.echo(f"wrote {picture} and {body_file}")
