"""Hinge and feature matching against hand values; which maps the discriminator judges."""

import pytest
import torch

from garment_uv.losses.adversarial import DiscriminatorLoss, adversarial_loss, discriminator_maps, feature_matching_loss


def answers(*scales):
    return [[torch.tensor(value, dtype=torch.float32) for value in scale] for scale in scales]


def test_hinge_by_hand():
    loss = DiscriminatorLoss()
    real, fake = answers([[9.0], [2.0, 0.0]]), answers([[9.0], [-2.0, -0.5]])
    assert loss(real, fake).item() == pytest.approx((0 + 1) / 2 + (0 + 0.5) / 2)
    two = loss([*real, *answers([[1.0], [0.0]])], [*fake, *answers([[1.0], [0.0]])])
    assert two.item() == pytest.approx((0.75 + 2.0) / 2)
    assert loss(answers([[5.0]]), answers([[-5.0]])).item() == 0
    assert loss(answers([[0.0]]), answers([[0.0]])).item() == 2


def test_generator_hinge_by_hand():
    fake = answers([[7.0], [2.0, 0.0]], [[7.0], [-4.0]])
    assert adversarial_loss(fake).item() == pytest.approx((-1 + 4) / 2)


def test_feature_matching_by_hand_without_logits_and_without_gradient_to_the_real():
    real = [[torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([0.0]), torch.tensor([100.0])]]
    fake = [[torch.tensor([2.0, 4.0], requires_grad=True), torch.tensor([0.5]), torch.tensor([-100.0])]]
    loss = feature_matching_loss(fake, real)
    loss.backward()
    assert loss.item() == pytest.approx((1.5 + 0.5) / 2)
    assert real[0][0].grad is None and fake[0][0].grad is not None


@pytest.mark.parametrize("target", ["displacement", "position"])
def test_the_discriminator_judges_garments_only(make_batch, make_output, target):
    batch = make_batch(["default", "skirt"])
    predicted = torch.randn_like(batch.displacement_uv).requires_grad_()
    fake, real = discriminator_maps(make_output(predicted), batch, target)
    outside = torch.ones_like(real, dtype=torch.bool)
    outside[:, :, 3:28] = False
    assert not fake[outside].any() and not real[outside].any()
    garment = (batch.segments > 0).unsqueeze(1).expand_as(real)
    expected = batch.displacement_uv + (batch.body_uv if target == "position" else 0)
    assert torch.equal(real[garment], expected[garment])
    assert torch.equal(fake[garment], predicted[garment])
    assert fake.requires_grad and not real.requires_grad


def test_half_precision_logits_do_not_overflow():
    large = [[torch.full((64, 64), 60000.0, dtype=torch.float16)] * 2]
    assert torch.isfinite(DiscriminatorLoss()(large, large))
    assert torch.isfinite(adversarial_loss(large)) and torch.isfinite(feature_matching_loss(large, large))
