"""Bodies: one protocol, Anny as the open default, SMPL from the user's own files."""

from garment_uv.body.anny_body import AnnyBody
from garment_uv.body.helper_layers import HelperLayer
from garment_uv.body.loading import BODIES, load_body
from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.body.smpl import SmplBody
from garment_uv.body.topology import BodyTopology, build_topology

__all__ = [
    "BODIES",
    "AnnyBody",
    "BodyModel",
    "BodyParameters",
    "BodyTopology",
    "HelperLayer",
    "SmplBody",
    "build_topology",
    "load_body",
]
