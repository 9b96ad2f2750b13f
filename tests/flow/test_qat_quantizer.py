"""Scales and zero points of the quantizer modules are golden's choice."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is missing: pip install lastbit[torch]")

from flow.qat.layers import ActivationQuantizer, QuantInput, QuantLinear
from flow.qat.quantizer import ACTIVATIONS, WEIGHTS, FakeQuantizer, Mode, Recipe, Step
from golden import fake_quantize as golden
from golden.formats import INT4, INT8, UINT8, IntegerFormat
from golden.quantize import Quantization, QuantizationKind, choose
from golden.ranges import RangeRule, find_range

torch.set_num_threads(1)  # on more, small tensors only wait

RECIPES = [
    Recipe(format=fmt, kind=kind, step=step, rule=RangeRule.MIN_MAX, narrow=narrow)
    for fmt in (INT4, UINT8, IntegerFormat(3, signed=False))
    for kind in QuantizationKind
    for step in Step
    for narrow in (False, True)
]


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize("channels", [None, 6])
def test_every_recipe_computes_what_golden_computes(channels):
    x = normal(6, 40)
    axis = None if channels is None else 0
    for recipe in RECIPES:
        quantizer = FakeQuantizer(recipe, channels)
        quantizer.initialize_from([x])
        quantizer.mode = Mode.QUANTIZE
        symmetric = recipe.kind is not QuantizationKind.ASYMMETRIC
        found = find_range(x.numpy(), recipe.rule, recipe.format, axis=axis, symmetric=symmetric)
        q = choose(found, recipe.format, recipe.kind, narrow=recipe.narrow)
        assert quantizer.quantization == q, recipe
        read = x if recipe.step is Step.FOLLOWING else 3 * x  # some of it is clipped
        expected = golden.fake_quantize(read.numpy(), q)
        found = quantizer(read).detach().numpy()
        np.testing.assert_array_equal(found, expected, err_msg=f"{recipe}")


@pytest.mark.parametrize("rule", RangeRule)
def test_activations_are_calibrated_by_golden_over_all_batches(rule):
    quantizer = ActivationQuantizer(replace(ACTIVATIONS, rule=rule))
    batches = [2 * normal(20, 3, seed=1), normal(8, 3, seed=2)]
    quantizer.mode = Mode.OBSERVE
    for batch in batches:
        assert quantizer(batch) is batch
    quantizer.initialize_from_observed()
    arrays = [batch.numpy() for batch in batches]
    x = arrays if rule is RangeRule.MOVING_AVERAGE else np.concatenate(arrays)
    expected = choose(find_range(x, rule, INT8), INT8, QuantizationKind.ASYMMETRIC)
    assert quantizer.quantization == expected
    assert quantizer.observed == []


def test_a_following_step_is_that_of_the_weights_of_the_moment():
    quantizer = FakeQuantizer(WEIGHTS, 2)
    quantizer.mode = Mode.QUANTIZE
    for factor in (1, 3):
        quantizer(torch.tensor([[0.5, -1.27], [2.54, 0.0]]) * factor)
        assert quantizer.scale.tolist() == pytest.approx([0.01 * factor, 0.02 * factor])


def learned(scale, kind=QuantizationKind.SYMMETRIC):
    quantizer = FakeQuantizer(replace(WEIGHTS, format=INT4, step=Step.LEARNED, kind=kind))
    with torch.no_grad():
        quantizer.scale.fill_(scale)
    quantizer.mode = Mode.QUANTIZE
    return quantizer


def test_gradient_of_a_learned_scale_is_that_of_golden():
    quantizer, x, upstream = learned(0.3), normal(5, 20), normal(5, 20, seed=1)
    quantizer(x).backward(upstream)
    q = Quantization(0.3, 0, INT4, narrow=True)
    expected = golden.learned_step_gradient(x.numpy(), upstream.numpy(), q)
    assert float(quantizer.scale.grad) == pytest.approx(float(expected), rel=1e-5)


def test_the_factor_of_an_activation_counts_one_example_and_not_the_batch():
    quantizer = ActivationQuantizer(replace(ACTIVATIONS, step=Step.LEARNED))
    with torch.no_grad():
        quantizer.scale.fill_(0.5)
    quantizer.mode = Mode.QUANTIZE
    quantizer(torch.full((8, 3, 3), 1000.0)).sum().backward()
    assert float(quantizer.scale.grad) == pytest.approx(72 * 127 / np.sqrt(9 * 127))


@pytest.mark.parametrize("exponent", [-126, -125, -30, -1, 0, 1, 20, 100])
def test_a_learned_power_of_two_is_raised_exactly_and_its_gradient_passes(exponent):
    power = np.float32(2.0) ** exponent
    for scale, expected in ((power, power), (np.nextafter(power, np.float32(np.inf)), 2 * power)):
        quantizer = learned(float(scale), QuantizationKind.POWER_OF_TWO)
        assert quantizer.quantization.scale == expected
        quantizer(torch.tensor([3.4e38])).sum().backward()
        assert float(quantizer.scale.grad) == pytest.approx(np.sqrt(7))


@pytest.mark.parametrize("scale", [0.0, -1.0, 1e-40])
def test_a_learned_scale_stays_legal_and_can_come_back(scale):
    quantizer = learned(scale)
    assert quantizer.quantization.scale == 2.0**-126
    quantizer(torch.tensor([1.0])).sum().backward()
    assert float(quantizer.scale.grad) > 0


def test_only_a_learned_scale_is_a_parameter():
    for step in Step:
        names = [name for name, _ in FakeQuantizer(replace(WEIGHTS, step=step)).named_parameters()]
        assert names == (["scale"] if step is Step.LEARNED else [])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: replace(WEIGHTS, format=IntegerFormat(9, signed=True)),
         "format must have from 2 to 8 bits, not int9"),
        (lambda: QuantInput(replace(ACTIVATIONS, step=Step.FOLLOWING)),
         "activations must have a fixed or a learned step, not one that follows each batch"),
        (lambda: QuantInput(replace(ACTIVATIONS, per_channel=True)),
         "activations must have one scale, not one for each channel"),
        (lambda: QuantLinear(2, 2, weights=replace(WEIGHTS, format=UINT8)),
         "weights must be signed, not uint8"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(make, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        make()
