"""A preparation in a process of its own, to be killed: `python -m ... RAW OUT WORKERS`."""

import sys

from garment_uv.samples.config import PrepareOptions

OPTIONS = PrepareOptions(
    map_size=64, image_size=64, subdivisions=0, layout="crowded", samples_per_shard=3, floor_frames=1
)

if __name__ == "__main__":
    from garment_uv.body import load_body
    from garment_uv.samples.prepare import prepare
    from garment_uv.samples.sink import FolderSink

    prepare(sys.argv[1], FolderSink(sys.argv[2]), load_body("anny"), OPTIONS, workers=int(sys.argv[3]))
