"""Artists' clothes on subjects: who wears what, and that what is worn lies outside of the body in every picture."""

from dataclasses import replace

import numpy as np
import pytest

from garment_uv.classes import CLASS_IDS, GARMENT_CLASSES
from garment_uv.datasets.artist.clothes import CLASSES, read_clothes
from garment_uv.datasets.artist.performer import ArtistPerformer, wear
from garment_uv.datasets.artist.plan import ALONE, plan_artist
from garment_uv.datasets.open.performed import PerformedSequence
from garment_uv.geometry.obj import triangulate

SEED = 27


@pytest.fixture(scope="module")
def plans():
    return plan_artist(2, SEED)


def test_everything_is_worn_and_its_first_part_has_all_classes(plans):
    assert {name for plan in plans for name in plan.clothes} == set(CLASSES)
    assert {name for plan in plans[:8] for name in plan.garments} == set(GARMENT_CLASSES)
    assert [plan.number for plan in plans] == list(range(len(plans))) and {plan.split for plan in plans} == {"test"}
    for plan in plans:
        assert plan.garments == tuple(CLASSES[name] for name in plan.clothes)
        if len(plan.clothes) == 2:
            lower, upper = plan.clothes
            assert CLASSES[lower] in ("Trousers", "Skirt") and CLASSES[upper] in ("Top", "Tshirt")
            assert upper not in ALONE
    assert len({(plan.clothes, plan.number) for plan in plans}) == len(plans)


@pytest.fixture(scope="module")
def worn(stage, package, plans):
    plan = next(plan for plan in plans if plan.garments == ("Skirt", "Top"))
    clothes = {item.name: item for item in read_clothes(package)}
    return plan, wear(stage, plan, [clothes[name] for name in plan.clothes])


def test_what_is_worn_lies_outside_of_the_body_and_is_seen(stage, worn):
    _, performance = worn
    assert list(performance.garments) == ["Skirt", "Top"] and performance.info.num_poses == 2
    for index, body in enumerate(performance.body):
        skin = stage.skin(body)
        for item in performance.garments.values():
            moved = skin.pushed(item.frames[index], 0.0)
            assert np.linalg.norm(moved - item.frames[index], axis=1).max() < 0.004
    sequence = PerformedSequence(performance)
    frame = sequence.frame(1)
    picture, mask = frame.square(128)
    assert picture[mask > 0].std() > 10 and 0.02 < (mask > 0).mean() < 0.6
    assert {CLASS_IDS[name] for name in sequence.faces} == {1, 4}
    for name, item in performance.garments.items():
        assert triangulate(item.faces).max() == len(item.rest) - 1, name


def test_the_same_plan_gives_the_same_and_another_another(stage, package, worn):
    plan, performance = worn
    clothes = {item.name: item for item in read_clothes(package)}
    again = wear(stage, plan, [clothes[name] for name in plan.clothes])
    for name, item in performance.garments.items():
        assert item.frames.tobytes() == again.garments[name].frames.tobytes()
    other = wear(stage, replace(plan, number=plan.number + 1000), [clothes[name] for name in plan.clothes])
    assert not np.array_equal(other.info.shape, performance.info.shape)


def test_another_file_of_clothes_is_another_performer(package, tmp_path, plans):
    import shutil

    performer, copy = ArtistPerformer(package), tmp_path / "package"
    shutil.copytree(package, copy)
    assert ArtistPerformer(copy).digest == performer.digest
    path = next(copy.rglob("Coat.json"))
    path.write_text(path.read_text().replace("nobody", "somebody"))
    assert ArtistPerformer(copy).digest != performer.digest
    marks = performer.known_by(plans[0])
    assert len(marks) == 3 and marks[0].startswith("subject ") and performer.known_by(plans[1])[0] != marks[0]
