"""Straps narrower than the body's faces, on a garment with open borders; and how good a registration is said to be."""

from dataclasses import replace

import numpy as np
import pytest

from garment_uv.registration import register as register_module
from garment_uv.registration import register_outfit, registered_s2s, rest_quality


@pytest.fixture(scope="module")
def strapped(subject, shirt):
    """Vertices and triangles of a tube around the chest that hangs on two straps 12 mm wide, in quads' halves."""
    at_rest = shirt.on(subject.rest)
    height, side = at_rest[:, 2], np.abs(at_rest[:, 0])
    chest = (height > 0.05) & (height < 0.25) & (side < 0.25)
    strap = (height > 0.24) & (np.abs(side - 0.09) < 0.006)
    faces = shirt.faces[chest[shirt.faces].all(axis=1) | strap[shirt.faces].sum(axis=1) >= 2]
    used, local = np.unique(faces, return_inverse=True)
    return at_rest[used], local.reshape(-1, 3).astype(np.int32), used


def far_share(subject, registration, vertices, faces) -> float:
    quality = rest_quality(subject.topology, registration, subject.rest, {"Top": (vertices, faces)})["Top"]
    return 1 - quality.covered_area


def test_straps_are_covered(subject, shirt, strapped, monkeypatch):
    vertices, faces, used = strapped
    garments = {"Top": (vertices, faces)}
    registration = register_outfit(subject.topology, subject.rest, garments)
    monkeypatch.setattr(register_module, "BARE_ROUNDS", 0)
    without = register_outfit(subject.topology, subject.rest, garments)
    assert far_share(subject, without, vertices, faces) > 0.03, "the straps are rubbed out"
    assert far_share(subject, registration, vertices, faces) < 0.015
    posed = {"Top": (shirt.on(subject.posed)[used], faces)}
    topology_faces = subject.topology.faces["default"]
    s2s = registered_s2s(registration, topology_faces, posed)["Top"].mean_mm
    assert s2s < min(3.0, 0.6 * registered_s2s(without, topology_faces, posed)["Top"].mean_mm)


def test_a_garment_that_is_covered_anyway_is_registered_as_ever(subject, shirt, monkeypatch):
    garments = {"Tshirt": (shirt.on(subject.rest), shirt.faces)}
    registration = register_outfit(subject.topology, subject.rest, garments)
    monkeypatch.setattr(register_module, "BARE_ROUNDS", 0)
    plain = register_outfit(subject.topology, subject.rest, garments)
    assert registration.corners.tobytes() == plain.corners.tobytes()
    assert registration.weights.tobytes() == plain.weights.tobytes()


def test_quality_tells_what_is_wrong(subject, shirt):
    rest = shirt.on(subject.rest)
    garments = {"Tshirt": (rest, shirt.faces)}
    registration = register_outfit(subject.topology, subject.rest, garments)
    good = rest_quality(subject.topology, registration, subject.rest, garments)["Tshirt"]
    assert good.covered_area > 0.99 and good.flipped_faces < 0.05 and good.stretched_faces == 0

    def changed(**arrays):
        other = replace(registration, **arrays)
        return rest_quality(subject.topology, other, subject.rest, garments)

    worn = np.flatnonzero(registration.vertex_classes)
    corners = registration.corners.copy()
    corners[worn[::10]] = corners[worn[0]]  # every tenth vertex is pulled to one place
    pulled = changed(corners=corners)["Tshirt"]
    assert pulled.stretched_faces > 0.1 and pulled.flipped_faces > good.flipped_faces
    half = np.where(subject.rest[:, 0] > 0, registration.vertex_classes, 0).astype(np.uint8)
    assert changed(vertex_classes=half)["Tshirt"].covered_area == pytest.approx(0.5, abs=0.1)
    assert changed(vertex_classes=np.zeros_like(half)) == {}
