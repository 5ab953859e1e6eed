"""All terms of the generator's and the discriminator's losses, each held to the same; what it is stands beside."""

import sys

import numpy as np
import pytest
import torch

from garment_uv.classes import COMBINATIONS
from garment_uv.losses.adversarial import DiscriminatorLoss, adversarial_loss, feature_matching_loss
from garment_uv.losses.config import LossConfig
from garment_uv.losses.map_terms import classification_term, mesh_term, segments_loss, uv_outside_term, uv_term
from garment_uv.losses.picture_terms import outfit_term, parsing_term
from garment_uv.losses.surface import SurfaceOperators, edge_term, laplacian_term, laplacian_true_term, normal_term
from tests.testing import Case, TermTests

BATCH, SIZE, VERTICES = 3, 8, 10


def numbers(*shape: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    """float64, normal."""
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_every_weight_of_the_config_has_its_term_here():
    here = [each for each in vars(sys.modules[__name__]).values() if isinstance(each, type)]
    named = {each.name for each in here if issubclass(each, TermTests) and hasattr(each, "name")}
    assert named == {*LossConfig.model_fields, "discriminator"}


class TestUv(TermTests):
    name, wide, half, empty = "uv", False, True, ("no garment",)
    share = staticmethod(uv_term)

    @pytest.fixture
    def case(self):
        predicted, true = numbers(BATCH, 3, SIZE, SIZE), numbers(BATCH, 3, SIZE, SIZE, seed=1)
        segments = torch.zeros(BATCH, SIZE, SIZE, dtype=torch.int64)
        segments[:, 1, 2], segments[0, 6] = 4, 1
        return Case(self.share, predicted, (true, segments), degenerate=self.odd(predicted, true, segments))

    @staticmethod
    def odd(predicted, true, segments):
        return {"no garment": (predicted, true, segments * 0), "no error": (true, true, segments)}


class TestUvOutside(TestUv):
    name, empty = "uv_outside", ("garment everywhere",)
    share = staticmethod(uv_outside_term)

    @staticmethod
    def odd(predicted, true, segments):
        return {"garment everywhere": (predicted, true, segments * 0 + 1), "no error": (true, true, segments)}


class TestMesh(TermTests):
    name, empty = "mesh", ("nothing worn",)

    @pytest.fixture
    def case(self):
        predicted, true = numbers(BATCH, VERTICES, 3, scale=0.02), numbers(BATCH, VERTICES, 3, seed=1, scale=0.02)
        classes = torch.arange(BATCH * VERTICES).reshape(BATCH, VERTICES) % 3
        odd = {"nothing worn": (predicted, true, classes * 0), "far away": (predicted + 1e3, true, classes)}
        return Case(mesh_term, predicted, (true, classes), degenerate=odd)


class TestSegments(TermTests):
    name, wide, half = "segments", False, True

    @pytest.fixture
    def case(self):
        logits = numbers(BATCH, 7, SIZE, SIZE)
        segments = torch.arange(BATCH * SIZE * SIZE).reshape(BATCH, SIZE, SIZE) % 7
        return Case(segments_loss, logits, (segments,), degenerate={"sure and wrong": (logits * 1e4, segments)})


class TestClassification(TermTests):
    name, wide, half, empty = "classification", False, True, ("no class",)

    @pytest.fixture
    def case(self):
        logits, present = numbers(BATCH, 6, 6), torch.arange(BATCH * 6).reshape(BATCH, 6) % 4 == 1
        odd = {"no class": (logits, present & False), "sure and wrong": (logits * 1e4, present)}
        return Case(classification_term, logits, (present,), degenerate=odd)


class TestOutfit(TermTests):
    name, wide, half, empty = "outfit", False, True, ("no outfit of ours",)

    @pytest.fixture
    def case(self):
        logits, classes = numbers(BATCH, len(COMBINATIONS)), torch.zeros(BATCH, VERTICES, dtype=torch.int64)
        classes[0, :4], classes[0, 4:], classes[1, 2] = 1, 3, 6
        odd = {"no outfit of ours": (logits, classes * 0 + torch.arange(VERTICES) % 7), "sure": (logits * 1e4, classes)}
        return Case(outfit_term, logits, (classes,), degenerate=odd)


class TestParsing(TermTests):
    name, wide, half = "parsing", False, True

    @pytest.fixture
    def case(self):
        logits, square = numbers(BATCH, 8, SIZE, SIZE), torch.tensor([[0.1, -0.2, 0.5]] * BATCH)
        labels = torch.arange(BATCH * 16 * 16).reshape(BATCH, 16, 16).to(torch.uint8) % 8
        odd = {"nobody": (logits, square, labels * 0), "sure and wrong": (logits * 1e4, square, labels)}
        return Case(parsing_term, logits, (square, labels), degenerate=odd)


class SurfaceTermTests(TermTests):
    """Positions [V, n, 3] of two samples of a tube; classes [n, V] say what is covered."""

    empty = ("nothing worn",)

    @pytest.fixture(params=["default", "skirt"])
    def case(self, request, atlas, tube):
        operators = SurfaceOperators(atlas.faces[request.param], atlas.num_vertices).double()
        true = torch.tensor(tube).unsqueeze(1).expand(-1, 2, -1).contiguous()
        predicted = true + numbers(*true.shape, scale=0.004)
        classes = torch.tensor(np.stack([np.repeat([0, 2, 2, 2, 3, 3, 3, 3, 0], 12), np.full(108, 6)]))
        odd = {
            "nothing worn": (predicted, true, classes * 0),
            "one point": (true * 0, true, classes),
            "a line": (true * true.new_tensor([0, 0, 1]), true, classes),
        }
        term = self.on(operators)
        return Case(term, predicted, (true, classes), samples=(1, 1, 0), degenerate=odd)


class TestNormal(SurfaceTermTests):
    name = "normal"

    @staticmethod
    def on(operators):
        return lambda predicted, true, classes: normal_term(operators, predicted, true, operators.covered(classes))


class TestLaplacian(SurfaceTermTests):
    name = "laplacian"

    @staticmethod
    def on(operators):
        return lambda predicted, _, classes: laplacian_term(operators, predicted, operators.covered(classes))


class TestLaplacianTrue(SurfaceTermTests):
    name = "laplacian_true"

    @staticmethod
    def on(operators):
        return lambda predicted, true, classes: laplacian_true_term(
            operators, predicted, true, operators.covered(classes)
        )


class TestEdge(SurfaceTermTests):
    name = "edge"

    @staticmethod
    def on(operators):
        return lambda predicted, true, classes: edge_term(operators, predicted, true, operators.covered(classes))


class TestAdversarial(TermTests):
    name, wide, half = "adversarial", False, True

    @pytest.fixture
    def case(self):
        logits = numbers(BATCH, 1, SIZE, SIZE)
        return Case(lambda x: adversarial_loss([[x], [2 * x]]), logits, degenerate={"sure": (logits * 1e4,)})


class TestFeatureMatching(TermTests):
    name, wide, half = "feature_matching", False, True

    @pytest.fixture
    def case(self):
        fake, real = numbers(BATCH, 4, SIZE, SIZE), numbers(BATCH, 4, SIZE, SIZE, seed=1)
        odd = {"the same": (real, real)}
        return Case(lambda x, y: feature_matching_loss([[x, x * 0]], [[y, y]]), fake, (real,), degenerate=odd)


class TestDiscriminator(TermTests):
    name, wide, half = "discriminator", False, True

    @pytest.fixture
    def case(self):
        real, fake = numbers(BATCH, 1, SIZE, SIZE), numbers(BATCH, 1, SIZE, SIZE, seed=1)
        loss, odd = DiscriminatorLoss(), {"sure and wrong": (-1e4 + real, 1e4 + fake)}
        return Case(lambda x, y: loss([[x]], [[y]]), real, (fake,), degenerate=odd)
