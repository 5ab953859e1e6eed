"""`python -m garment_uv.body.convert_smpl FOLDER`: every SMPL .pkl of a folder as an .npz beside it."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from garment_uv.body.smpl_files import convert_pickle
from garment_uv.errors import UserError
from garment_uv.outputs import CannotWrite


def run(usage: str, convert: Callable[[Path], Iterable[Path]]) -> int:
    """Converts what the one argument names; the exit status: 0, 1 where it cannot, 2 for a call unlike `usage`."""
    if len(sys.argv) != 2:
        print(f"usage: python -m {usage}", file=sys.stderr)
        return 2
    try:
        for path in convert(Path(sys.argv[1])):
            print(f"wrote {path}")
    except (UserError, CannotWrite) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def convert_folder(folder: Path) -> list[Path]:
    """Convert every .pkl that has no .npz yet; answers the files written. UserError when there is no .pkl."""
    pickles = sorted(Path(folder).glob("*.pkl"))
    if not pickles:
        raise UserError(f"{folder} holds no .pkl: give the folder of your SMPL download")
    targets = [(source, source.with_suffix(".npz")) for source in pickles]
    return [convert_pickle(source, target) for source, target in targets if not target.exists()]


if __name__ == "__main__":
    sys.exit(run("garment_uv.body.convert_smpl FOLDER", convert_folder))
