"""`python -m garment_uv.body.convert_smpl FOLDER`: every SMPL .pkl of a folder as an .npz beside it."""

import sys
from pathlib import Path

from garment_uv.body.convert_command import run
from garment_uv.body.smpl_files import convert_pickle
from garment_uv.errors import UserError


def convert_folder(folder: Path) -> list[Path]:
    """Convert every .pkl that has no .npz yet; answers the files written. UserError when there is no .pkl."""
    pickles = sorted(Path(folder).glob("*.pkl"))
    if not pickles:
        raise UserError(f"{folder} holds no .pkl: give the folder of your SMPL download")
    targets = [(source, source.with_suffix(".npz")) for source in pickles]
    return [convert_pickle(source, target) for source, target in targets if not target.exists()]


if __name__ == "__main__":
    sys.exit(run("garment_uv.body.convert_smpl FOLDER", convert_folder))
