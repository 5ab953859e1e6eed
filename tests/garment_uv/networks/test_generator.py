"""The whole generator: shapes, set-ups, ablations, sizes, precision, determinism."""

import pytest
import torch

from garment_uv.errors import UserError
from garment_uv.networks.config import GeneratorConfig, LocalBranchConfig
from garment_uv.networks.generator import GarmentGenerator


def small(local: dict | None = None, **values) -> GeneratorConfig:
    defaults = {"base_features": 4, "residual_blocks": 1}
    return GeneratorConfig(**{**defaults, **values}, local=LocalBranchConfig(features=6, **(local or {})))


def loss_of(output) -> torch.Tensor:
    parts = [output.displacement.square().mean() * 1e3, output.segment_logits.square().mean()]
    if output.class_logits is not None:
        parts.append(output.class_logits.square().mean())
    return torch.stack(parts).sum()


@pytest.mark.parametrize("aggregation", ["concat", "sum", "mean"])
@pytest.mark.parametrize("mode", ["per_class", "grouped", "shared", "none"])
@pytest.mark.parametrize(("depth", "kernel", "stride"), [(1, 7, 1), (3, 1, 2), (2, 3, 1), (4, 5, 2)])
def test_every_set_up_of_the_branches_runs(make_inputs, mode, aggregation, depth, kernel, stride):
    torch.manual_seed(0)
    local = {"mode": mode, "aggregation": aggregation, "depth": depth, "kernel": kernel, "stride": stride}
    generator = GarmentGenerator(small(local))
    output = generator(*make_inputs(3))
    assert output.displacement.shape == output.prediction.shape == output.global_map.shape == (3, 3, 32, 32)
    assert output.segment_logits.shape == (3, 7, 32, 32)
    if mode == "none":
        assert output.displacement is output.global_map
        assert output.local_map is output.weights is output.class_logits is output.class_present is None
    else:
        assert output.local_map.shape == (3, 3, 32, 32)
        assert output.weights.shape == (3, 2, 32, 32)
        assert output.class_logits.shape == (3, 6, 6)
        wearing = [[0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1], [0] * 6]
        assert output.class_present.long().tolist() == wearing
    loss_of(output).backward()
    for name, parameter in generator.named_parameters():
        absent = parameter.grad is None
        assert not absent or name.startswith("local_path.branches"), name
        assert absent or torch.isfinite(parameter.grad).all(), name


def test_a_local_path_at_half_the_size_works_on_half_the_map_and_says_a_whole_one(make_inputs):
    torch.manual_seed(0)
    generator = GarmentGenerator(small({"stride": 2}))
    seen = []
    generator.local_path.class_head.register_forward_hook(lambda head, inputs, answer: seen.extend(inputs))
    output = generator(*make_inputs(2, 64))
    features, masks = seen
    assert features.shape == (2, 6, 32, 32) and masks.shape == (2, 6, 32, 32)
    assert output.local_map.shape == (2, 3, 64, 64)


@pytest.mark.parametrize(("batch", "size", "image_size"), [(1, 64, 256), (2, 128, 128), (1, 256, 256), (1, 96, 40)])
def test_sizes_from_64_to_256_and_any_image(make_inputs, batch, size, image_size):
    output = GarmentGenerator(small())(*make_inputs(batch, size, image_size))
    assert output.displacement.shape == (batch, 3, size, size)


@pytest.mark.parametrize(("size", "downsamples"), [(60, 2), (16, 2), (64, 4), (90, 0)])
def test_a_size_that_does_not_fit_is_one_clear_line(make_inputs, size, downsamples):
    generator = GarmentGenerator(small(global_downsamples=downsamples))
    with pytest.raises(UserError, match=f"maps of {size} texels.*multiple of"):
        generator(*make_inputs(1, size))


def test_the_final_map_is_the_weighted_sum_of_global_and_local(make_inputs):
    output = GarmentGenerator(small())(*make_inputs())
    weighted = output.weights[:, :1] * output.global_map + output.weights[:, 1:] * output.local_map
    torch.testing.assert_close(output.prediction, weighted)
    torch.testing.assert_close(output.weights.sum(dim=1), torch.ones(2, 32, 32))
    assert (output.weights >= 0).all()


def test_training_starts_within_a_centimetre_of_the_body(make_inputs):
    for seed in range(3):
        torch.manual_seed(seed)
        for base in (4, 16):
            generator = GarmentGenerator(small(base_features=base))
            assert generator(*make_inputs(2, 64)).displacement.abs().max() < 0.01


def test_target_position_predicts_positions_and_still_answers_displacements(make_inputs):
    inputs = make_inputs()
    output = GarmentGenerator(small(target="position"))(*inputs)
    torch.testing.assert_close(output.displacement + inputs[1], output.prediction)
    assert output.prediction.abs().max() <= 1.5


def test_without_body_condition_neither_body_nor_camera_reach_the_prediction(make_inputs):
    image, body_uv, camera, segments = make_inputs()
    generator = GarmentGenerator(small(condition_on_body=False, unwrap_image=True))
    assert generator.encoder.first[0].in_channels == 3
    first = generator(image, body_uv, camera, segments)
    second = generator(image, body_uv * 3 + 1, camera + 2, segments)
    assert torch.equal(first.prediction, second.prediction)
    assert torch.equal(first.segment_logits, second.segment_logits)


def test_image_body_and_unwrapped_colours_are_inputs(make_inputs):
    image, body_uv, camera, segments = make_inputs(1, 32, 32)
    assert GarmentGenerator(small()).encoder.first[0].in_channels == 6
    encoder = GarmentGenerator(small(unwrap_image=True)).encoder
    stacked = encoder.stack(image, body_uv, camera)
    assert stacked.shape == (1, 9, 32, 32)
    assert torch.equal(stacked[:, :3], image) and torch.equal(stacked[:, 3:6], body_uv)
    assert not torch.equal(stacked[:, 6:], encoder.stack(image, body_uv, camera + 1)[:, 6:])


def test_segments_reach_the_local_path_only(make_inputs):
    image, body_uv, camera, segments = make_inputs()
    generator = GarmentGenerator(small())
    first = generator(image, body_uv, camera, segments)
    second = generator(image, body_uv, camera, segments.flip(1))
    for name in ("global_map", "weights", "segment_logits"):
        assert torch.equal(getattr(first, name), getattr(second, name)), name
    assert not torch.equal(first.local_map, second.local_map)


def test_without_segments_its_own_prediction_is_used(make_inputs):
    *rest, segments = make_inputs()
    generator = GarmentGenerator(small()).eval()
    alone = generator(*rest)
    told = generator(*rest, alone.segments)
    assert torch.equal(alone.displacement, told.displacement)
    assert alone.segments.shape == segments.shape
    assert torch.equal(generator.see_segments(*rest), alone.segment_logits)


def test_predicted_segments_mask_the_training_but_not_an_evaluation_with_given_ones(make_inputs):
    *rest, segments = make_inputs()
    generator = GarmentGenerator(small(segments="predicted"))
    assert torch.equal(generator(*rest, segments).local_map, generator(*rest).local_map)
    generator.eval()
    assert not torch.equal(generator(*rest, segments).local_map, generator(*rest).local_map)


def test_a_sample_does_not_depend_on_its_batch(make_inputs):
    inputs = make_inputs(3)
    generator = GarmentGenerator(small())
    together = generator(*inputs)
    for index in range(3):
        alone = generator(*(value[index : index + 1] for value in inputs))
        torch.testing.assert_close(alone.displacement[0], together.displacement[index], atol=1e-6, rtol=1e-4)
        torch.testing.assert_close(alone.class_logits[0], together.class_logits[index], atol=1e-5, rtol=1e-4)


def _step(inputs, seed: int = 5):
    torch.manual_seed(seed)
    generator = GarmentGenerator(small())
    loss_of(generator(*inputs)).backward()
    return generator


def test_same_seed_same_numbers_and_another_seed_others(make_inputs):
    inputs = make_inputs(3)
    one, two, other = _step(inputs), _step(inputs), _step(inputs, seed=6)
    for (name, first), second in zip(one.named_parameters(), two.parameters(), strict=True):
        assert torch.equal(first, second), name
        assert (first.grad is None) == (second.grad is None)
        assert first.grad is None or torch.equal(first.grad, second.grad), name
    assert not torch.equal(one.encoder.first[0].weight, other.encoder.first[0].weight)


def test_state_dict_round_trip_is_exact(make_inputs):
    inputs = make_inputs()
    torch.manual_seed(1)
    one, two = GarmentGenerator(small()).eval(), GarmentGenerator(small()).eval()
    two.load_state_dict(one.state_dict())
    assert torch.equal(one(*inputs).displacement, two(*inputs).displacement)


def test_bfloat16_training_gives_finite_float32_maps(make_inputs):
    generator = GarmentGenerator(small())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = generator(*make_inputs(3))
        loss_of(output).backward()
    for name in ("displacement", "local_map", "global_map", "weights", "class_logits", "segment_logits"):
        assert getattr(output, name).dtype == torch.float32, name
        assert torch.isfinite(getattr(output, name)).all(), name
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in generator.parameters())
