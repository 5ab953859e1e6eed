"""From S3 to S3, cut off on the way, on a real S3-compatible server."""

from pathlib import Path

import pytest

from garment_sweeps.storage import open_sink, verify
from garment_sweeps.storage.s3 import S3Store
from garment_sweeps.storage.s3_raw import open_raw
from garment_uv.body import load_body
from garment_uv.datasets.raw import RawChanged
from garment_uv.errors import UserError
from garment_uv.samples.prepare import prepare
from tests.garment_sweeps.ray.conftest import OPTIONS, same_but_for_its_place


class Cut(BaseException):
    """Stands for the process being killed."""


@pytest.mark.servers
def test_cut_off_again_and_again_it_ends_the_same(raw, calm, raw_uri, bucket, client, monkeypatch):
    uri = f"s3://{bucket}/set"
    body = load_body("anny")
    steps = {"left": 0, "encoded": 0}

    def counted(name, call):
        def step(self, *args, **kwargs):
            steps["left"] -= 1
            if steps["left"] == 0:
                raise Cut
            steps["encoded"] += name == "put" and args[0].startswith("parts/")
            return call(self, *args, **kwargs)

        return step

    for name in ("put", "upload", "create", "delete"):
        monkeypatch.setattr(S3Store, name, counted(name, getattr(S3Store, name)))
    for at in (2, 5, 6, 8, 9, 12):  # within a part, between a shard and its record, in the manifest, while clearing up
        steps["left"] = at
        with pytest.raises(Cut):
            prepare(open_raw(raw_uri), open_sink(uri), body, OPTIONS)
    steps["left"] = 0
    made = prepare(open_raw(raw_uri), open_sink(uri), body, OPTIONS)
    assert same_but_for_its_place(made, calm, raw, raw_uri)
    assert steps["encoded"] == 6, "a sequence whose record is there is never encoded again"
    report = verify(uri)
    assert report.ok and report.unlisted == (), "nothing is left beside the dataset"


@pytest.mark.servers
def test_what_cannot_be_read_is_told_and_never_left_out(raw, raw_uri, bucket, client, tmp_path):
    with pytest.raises(UserError, match="holds no sequence; give a prefix laid out as"):
        open_raw(f"s3://{bucket}/nothing").sequences()
    source = open_raw(raw_uri)
    item = source.sequences()[0]
    assert [(found.split, found.name) for found in source.sequences()] == [
        (found.split, found.name) for found in open_raw(str(raw)).sequences()
    ]
    with source.open(item) as found:
        folder = Path(found.place)
        assert sorted(p.name for p in folder.iterdir()) == sorted(
            p.name for p in (raw / item.split / item.name).iterdir()
        )
    assert not folder.exists()
    client.put_object(Bucket=bucket, Key=f"raw/{item.split}/{item.name}/info.mat", Body=b"another")
    with pytest.raises(RawChanged, match=f"{item.split}/{item.name} changed while it was being prepared"):
        source.open(item).__enter__()
    with pytest.raises(RawChanged, match="no such folder on this node; give --raw a folder that every node sees"):
        open_raw(str(tmp_path)).open(item).__enter__()
