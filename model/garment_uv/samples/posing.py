"""A dataset's bodies posed anew, from the parameters that its samples hold."""

from pathlib import Path

import numpy as np

from garment_uv.body import BodyModel, BodyParameters, build_topology, load_body
from garment_uv.datasets.cloth3d.camera import turned
from garment_uv.errors import UserError
from garment_uv.samples.sample import FrameBody
from garment_uv.samples.source import DatasetSource
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import fill

BODY_FILL = "least_norm"
"""Body maps are always filled so, whatever displacement maps are filled by."""


class BodyPoser:
    """Poses one body model on the topology of one atlas.

    UserError when the body model is not the one that the atlas was made for; `digest` may be empty where unknown.
    """

    def __init__(self, model: BodyModel, subdivisions: int, atlas: Atlas, digest: str = "") -> None:
        self.model = model
        self.atlas = atlas
        self._topology = build_topology(model, subdivisions)
        same = self._topology.num_vertices == atlas.num_vertices and all(
            np.array_equal(self._topology.faces.get(name), faces) for name, faces in atlas.faces.items()
        )
        if not same or (digest and model.digest != digest):
            raise UserError(
                f"the body model {model.name!r} ({model.digest[:16]}) is not the one that the model was trained on "
                f"({digest[:16]}): use that version of the body, or train on this one"
            )

    @classmethod
    def of_dataset(cls, source: DatasetSource, smpl_dir: str | Path = "") -> "BodyPoser":
        """The poser of a dataset's own body; UserError where its body model is not at hand or is another version."""
        manifest = source.manifest
        name = manifest.body.name
        if name == "smpl" and not smpl_dir:
            raise UserError(
                f"bodies of {source.uri} can be posed with your SMPL files only: set data.smpl_dir (or --smpl-dir) to "
                "their folder"
            )
        model = load_body(name, smpl_dir or None)
        return cls(model, manifest.subdivisions, source.atlas(), manifest.body.body_digest)

    def vertices(self, body: FrameBody) -> np.ndarray:
        """The posed body float32 [V, 3] in the sample frame: root-relative, turned by zrot, metres."""
        posed = self.model.pose(BodyParameters(body.gender, body.shape, body.pose))
        return turned(self._topology.vertices(posed), body.zrot).astype(np.float32)

    def map(self, vertices: np.ndarray) -> np.ndarray:
        """The body map float32 [3, U, U] of posed vertices [V, 3], metres, filled as every dataset's is."""
        return fill(self.atlas, vertices, np.ones(len(vertices), bool), BODY_FILL)
