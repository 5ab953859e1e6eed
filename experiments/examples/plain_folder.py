"""Write CLOTH3D's sequences as plain folders: an example for your own converter.

    python experiments/examples/plain_folder.py .garment/raw .garment/plain
    garment data prepare --raw .garment/plain --out .garment/dataset

What a converter has to know of each frame: the picture and its mask, the camera (K, R, t), SMPL's parameters with the
place of the pelvis, and one OBJ a garment. docs/plain_folder.md says what each means.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from garment_uv.datasets.cloth3d.camera import CENTRE, FOCAL
from garment_uv.datasets.cloth3d.sequence import Sequence, find_sequences
from garment_uv.geometry.camera import ALONG_MINUS_X
from garment_uv.geometry.obj import write_obj
from garment_uv.geometry.rotations import about_z, axis_angles, rotation_matrices
from garment_uv.outputs import replaced_folder

LENS = [[FOCAL, 0.0, CENTRE[0]], [0.0, FOCAL, CENTRE[1]], [0.0, 0.0, 1.0]]
LOOK = np.diag([1.0, -1.0, 1.0]) @ ALONG_MINUS_X
"""World to camera as OpenCV has it: x to the right, y down, z away."""


def convert(source: Path, target: Path) -> None:
    """One sequence, whole or not at all."""
    sequence = Sequence.open(source)
    with replaced_folder(target) as folder:
        frames = [_frame(sequence, index, folder) for index in sequence.frame_indices]
        description = {
            "format": "garment-plain-1",
            "up": "z",
            "gender": "male" if sequence.info.gender else "female",
            "shape": sequence.info.shape.tolist(),
            "garments": list(sequence.garments),
            "frames": frames,
        }
        (folder / "sequence.json").write_text(json.dumps(description, indent=1))
    sequence.close()


def _frame(sequence: Sequence, index: int, folder: Path) -> dict:
    frame = sequence.frame(index)
    turn = about_z(frame.zrot)
    root = turn @ frame.trans
    Image.fromarray(np.dstack([frame.rgb, frame.alpha])).save(folder / f"{index:04d}.png")
    for name, vertices in frame.garments.items():
        write_obj(folder / f"{index:04d}_{name}.obj", vertices @ turn.T + root, sequence.faces[name])
    pose = frame.body.pose.astype(float)
    pose[:3] = axis_angles(turn @ rotation_matrices(pose[None, :3])[0])
    return {
        "picture": f"{index:04d}.png",
        "pose": pose.tolist(),
        "root": root.tolist(),
        "camera": {"K": LENS, "R": LOOK.tolist(), "t": (-LOOK @ sequence.info.cam_loc).tolist()},
        "garments": {name: f"{index:04d}_{name}.obj" for name in frame.garments},
    }


if __name__ == "__main__":
    raw, plain = map(Path, sys.argv[1:])
    for split, found in find_sequences(raw):
        convert(found, plain / split / found.name)
        print(plain / split / found.name)
