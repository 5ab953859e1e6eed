"""Real raw sequences, in a folder and in a real S3 server, and what an undisturbed preparation makes of them."""

from pathlib import Path

import pytest

from garment_uv.body import load_body
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sink import FolderSink
from tests.garment_sweeps.storage.conftest import bucket, client, s3, server  # noqa: F401

OPTIONS = PrepareOptions(map_size=64, image_size=64, subdivisions=0, layout="crowded")


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """Six sequences of two frames, in videos; the motion of one is cut short."""
    folder = tmp_path_factory.mktemp("prepare") / "raw"
    paths = synthesize(folder, 6, 2, seed=8)
    motion = next(next(path for path in paths if path.parent.name == "train").glob("*.pc16"))
    motion.write_bytes(motion.read_bytes()[:-1000])
    return folder


@pytest.fixture(scope="session")
def calm(raw):
    """The manifest of an undisturbed run in one process."""
    return prepare(raw, FolderSink(raw.with_name("calm")), load_body("anny"), OPTIONS)


@pytest.fixture
def raw_uri(raw, client, bucket):  # noqa: F811
    """The same sequences in S3."""
    for path in sorted(raw.rglob("*")):
        if path.is_file():
            client.upload_file(str(path), bucket, f"raw/{path.relative_to(raw).as_posix()}")
    return f"s3://{bucket}/raw"


def same_but_for_its_place(manifest, calm, raw, uri: str) -> bool:
    """Whether two manifests are equal when the raw folder is called `uri` in the one's reasons."""
    left_out = [entry.model_copy(update={"reason": entry.reason.replace(str(raw), uri)}) for entry in calm.left_out]
    return manifest == calm.model_copy(update={"left_out": tuple(left_out)}) and len(left_out) == 1
