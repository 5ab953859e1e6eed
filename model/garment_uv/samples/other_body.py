"""A sample as a network sees it that is told another body than the true one, as every estimated body is.

All is root-relative, before and after: the origin is the root of the body that is told, and S2S compares shapes around
their own roots. So an error of placement moves neither body nor garment; it shows in the picture, whose square is cut
around the wrong point at the wrong scale, and in the camera.
"""

from dataclasses import replace

import numpy as np

from garment_uv.datasets.cloth3d.camera import recrop
from garment_uv.samples.posing import BodyPoser
from garment_uv.samples.sample import FrameBody, Sample
from garment_uv.uv.fill import fill


def with_body(sample: Sample, body: FrameBody, poser: BodyPoser, filled_by: str) -> Sample:
    """The sample with `body` in place of its own, its target still the true garment.

    The displacement of a vertex becomes the true garment's vertex less the other body's, and the map takes the same
    change, filled by the method `filled_by` that made it, so that reading it at the vertices gives just that. Raw
    garments, segments and classes stay. Placement is `body.camera`: see `placement_error`.
    """
    vertices = poser.vertices(body)
    moved = sample.body_vertices - vertices
    covered = sample.vertex_classes > 0
    change = {}
    if sample.displacement_vertices is not None:
        change["displacement_vertices"] = sample.displacement_vertices + np.where(covered[:, None], moved, 0)
    return replace(
        sample,
        image=recrop(sample.image, sample.body.camera, body.camera),
        body_uv=poser.map(vertices),
        body_vertices=vertices,
        displacement_uv=sample.displacement_uv + fill(poser.atlas, moved, covered, filled_by),
        body=body,
        **change,
    )


def placement_error(seen: Sample, true: Sample) -> np.ndarray:
    """From the true root to the root of the body that is told, float32 [3] metres in the sample frame."""
    return (true.body.camera - seen.body.camera).astype(np.float32)
