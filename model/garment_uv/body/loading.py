"""A body by its name."""

from pathlib import Path

from garment_uv.body.anny_body import AnnyBody
from garment_uv.body.protocol import BodyModel
from garment_uv.body.smpl import SmplBody
from garment_uv.errors import UserError

BODIES: dict[str, str] = {
    "anny": "the open default: Anny on MakeHuman's base mesh, no licence to sign",
    "smpl": "SMPL from your own licensed files, as CLOTH3D uses it; needs --smpl-dir",
}


def load_body(name: str, smpl_dir: str | Path | None = None) -> BodyModel:
    """The body model of that name; UserError for an unknown name or SMPL without its folder."""
    if name == "anny":
        return AnnyBody()
    if name == "smpl":
        if smpl_dir is None:
            raise UserError("the body 'smpl' needs --smpl-dir: the folder with your female and male SMPL .npz")
        return SmplBody.from_folder(smpl_dir)
    raise UserError(f"no body {name!r}: choose one of {', '.join(BODIES)}")
