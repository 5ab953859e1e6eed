"""Bodies: one protocol, Anny as the open default, SMPL from the user's own files."""

from garment_uv.body.anny_body import AnnyBody
from garment_uv.body.helper_layers import HelperLayer
from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.body.topology import BodyTopology, build_topology

__all__ = ["AnnyBody", "BodyModel", "BodyParameters", "BodyTopology", "HelperLayer", "build_topology"]
