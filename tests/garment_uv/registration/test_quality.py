import numpy as np
import pytest

from garment_uv.registration import floor_s2s, register_outfit
from garment_uv.uv.build import build_atlas
from garment_uv.uv.fill import fill
from garment_uv.uv.sampling import reading_of


def test_the_floor_is_measured_against_the_raw_mesh(subject, shirt, trousers):
    atlas = build_atlas(subject.topology, 128)
    at_rest = {"Tshirt": (shirt.on(subject.rest), shirt.faces), "Trousers": (trousers.on(subject.rest), trousers.faces)}
    registration = register_outfit(subject.topology, subject.rest, at_rest)
    frame = {"Tshirt": shirt.on(subject.posed), "Trousers": trousers.on(subject.posed)}
    mask = registration.vertex_classes > 0
    displacement = np.where(mask[:, None], registration.apply(frame) - subject.posed, 0.0)
    raw = {name: (frame[name], at_rest[name][1]) for name in frame}

    texels = fill(atlas, displacement, mask)
    floors = floor_s2s(registration, atlas, texels, subject.posed, raw)
    assert set(floors) == {"Tshirt", "Trousers"}
    assert floors["Tshirt"].mean_mm < 1.5
    assert floors["Trousers"].mean_mm < 8.0, "its waistband hides under the shirt"

    unfilled = fill(atlas, displacement, mask, "none")
    written = floor_s2s(registration, atlas, unfilled, subject.posed, raw, reading_of("none"))
    mixed = floor_s2s(registration, atlas, unfilled, subject.posed, raw)
    for name in floors:
        assert written[name].mean_mm == pytest.approx(floors[name].mean_mm, abs=0.3)
        assert mixed[name].mean_mm > floors[name].mean_mm + 3, "zeros between the vertices are mixed in"

    shifted = {name: (vertices + [0.0, 0.0, 10.0], faces) for name, (vertices, faces) in raw.items()}
    moved = floor_s2s(registration, atlas, texels, subject.posed, shifted)
    assert all(value.mean_mm > 8000 for value in moved.values())
    zero = floor_s2s(registration, atlas, np.zeros_like(texels), subject.posed, raw)
    assert zero["Tshirt"].mean_mm == pytest.approx(12, abs=2.5), "the bare body stands 12 mm inside the shirt"


def test_a_garment_without_faces_is_left_out(subject, shirt):
    atlas = build_atlas(subject.topology, 64)
    rest = shirt.on(subject.rest)
    registration = register_outfit(subject.topology, subject.rest, {"Tshirt": (rest, shirt.faces)})
    empty = np.zeros((3, 64, 64), np.float32)
    floors = floor_s2s(
        registration, atlas, empty, subject.rest, {"Tshirt": (rest, shirt.faces), "Skirt": (rest, shirt.faces)}
    )
    assert set(floors) == {"Tshirt"}
