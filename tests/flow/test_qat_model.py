"""Whole models: their layers compute on the integer network's values; calibration; folding."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is missing: pip install lastbit[torch]")
from torch import nn
from torch.nn import functional

from flow.qat.layers import QuantAdd, QuantConv2d, QuantInput, QuantLinear, QuantOutput, QuantReLU
from flow.qat.model import calibrate, fold_batch_norms, set_mode
from flow.qat.quantizer import WEIGHTS, Mode, Step
from flow.qat.training import one_thread, train
from flow.training import Schedule
from golden.fake_quantize import fake_quantize
from golden.formats import INT4

torch.set_num_threads(1)  # on more, small tensors only wait


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def model_of(**modules):
    torch.manual_seed(0)
    model = nn.Sequential()
    for name, module in modules.items():
        model.add_module(name, module)
    return model


def small(weights=WEIGHTS):
    return model_of(
        input=QuantInput(),
        conv=QuantConv2d(2, 4, 3, stride=2, padding=1, weights=weights),
        relu=QuantReLU(),
        pool=nn.MaxPool2d(2),
        flat=nn.Flatten(),
        linear=QuantLinear(16, 3, weights=weights),
        logits=QuantOutput(),
    )


@pytest.mark.parametrize("step", Step)
def test_layers_see_the_weights_and_biases_of_the_integer_network(step):
    model, x = small(replace(WEIGHTS, format=INT4, step=step)), normal(5, 2, 8, 8)
    calibrate(model, [x])
    seen = [torch.from_numpy(fake_quantize(x.numpy(), model.input.quantization))]
    for layer, compute in (
        (model.conv, lambda *a: functional.conv2d(*a, stride=2, padding=1)),
        (model.linear, functional.linear),
    ):
        weight = fake_quantize(layer.weight.detach().numpy(), layer.weight_quantization)
        scale = layer.input_quantizer.quantization.scale * layer.weight_quantization.scale
        codes = np.rint(layer.bias.detach().numpy() / scale).astype(np.float32)
        y = compute(seen[-1], torch.from_numpy(weight), torch.from_numpy(codes * scale))
        if layer is model.conv:
            relu = functional.relu(y).detach().numpy()
            y = torch.from_numpy(fake_quantize(relu, model.relu.quantization))
            y = functional.max_pool2d(y, 2).flatten(1)
        seen.append(y)
    expected = fake_quantize(seen[-1].detach().numpy(), model.logits.quantization)
    np.testing.assert_array_equal(model(x).detach().numpy(), expected)


def test_before_calibration_a_model_is_its_float_self():
    model, x = small(), normal(5, 2, 8, 8)
    plain = model.linear.weight @ torch.flatten(
        functional.max_pool2d(functional.relu(
            functional.conv2d(x, model.conv.weight, model.conv.bias, stride=2, padding=1)), 2), 1,
    ).T  # fmt: skip
    torch.testing.assert_close(model(x), plain.T + model.linear.bias)
    calibrate(model, [x])
    quantized = model(x)
    set_mode(model, Mode.FLOAT)
    torch.testing.assert_close(model(x), plain.T + model.linear.bias)
    assert not torch.equal(quantized, model(x))


def test_gradients_reach_every_parameter():
    model, x = small(replace(WEIGHTS, step=Step.LEARNED)), normal(5, 2, 8, 8)
    calibrate(model, [x])
    model(x).square().sum().backward()
    names = {name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()}
    assert names == set()


def test_a_saved_model_loads():
    model, x = small(), normal(5, 2, 8, 8)
    calibrate(model, [x])
    again = small()
    again.load_state_dict(model.state_dict())
    set_mode(again, Mode.QUANTIZE)
    np.testing.assert_array_equal(again(x).detach().numpy(), model(x).detach().numpy())


def test_threads_come_back():
    torch.set_num_threads(2)
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)


def test_training_is_deterministic():
    results = []
    for _ in range(2):
        model = small(replace(WEIGHTS, format=INT4, step=Step.LEARNED))
        calibrate(model, [normal(8, 2, 8, 8)])
        before = model.linear.weight_quantizer.scale.detach().clone()
        train(model, normal(8, 2, 8, 8), torch.arange(8) % 3,
              Schedule(epochs=2, learning_rate=0.01, batch=4))  # fmt: skip
        results.append(model(normal(8, 2, 8, 8)).detach().numpy())
        assert not torch.equal(before, model.linear.weight_quantizer.scale)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm_is_folded_into_the_convolution(bias, affine):
    norm = nn.BatchNorm2d(6, affine=affine)
    conv = QuantConv2d(4, 6, 3, groups=2, bias=bias)
    model = model_of(input=QuantInput(), conv=conv, norm=norm, relu=QuantReLU())
    with torch.no_grad():
        for parameter in norm.parameters():
            parameter.uniform_(0.5, 2)
    for seed in range(3):
        model(1 + 2 * normal(9, 4, 5, 5, seed=seed))
    model.eval()
    x = normal(2, 4, 5, 5, seed=9)
    expected = model(x)
    fold_batch_norms(model)
    assert isinstance(model.norm, nn.Identity)
    torch.testing.assert_close(model(x), expected)
    assert not expected.eq(0).all()


class Branch(nn.Module):
    """A sum whose convolution is read twice, or used twice."""

    def __init__(self, *, reuse=False):
        super().__init__()
        self.reuse = reuse
        self.input, self.conv, self.add = QuantInput(), QuantConv2d(1, 1, 1), QuantAdd()
        self.norm = nn.BatchNorm2d(1)

    def forward(self, x):
        x = self.input(x)
        y = self.conv(x)
        return self.add(self.conv(x) if self.reuse else self.norm(y), y)


def branch_on_data(x):
    return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: calibrate(nn.Sequential(QuantConv2d(1, 1, 1)), [normal(1, 1, 2, 2)]),
         "put a quantizer before 0"),
        (lambda: calibrate(Branch(reuse=True), [normal(1, 1, 2, 2)]),
         "conv is used twice: make a module for each use"),
        (lambda: calibrate(small(), []), "calibration needs at least one batch, not none"),
        (lambda: set_mode(nn.Sequential(QuantInput()), Mode.QUANTIZE),
         "calibrate the model first: no scale yet in 0"),
        (lambda: fold_batch_norms(Branch()),
         "norm must alone read a QuantConv2d to be folded into it"),
        (lambda: fold_batch_norms(model_of(conv=QuantConv2d(1, 1, 1),
                                           norm=nn.BatchNorm2d(1, track_running_stats=False))),
         "norm must have running statistics to be folded"),
        (lambda: QuantConv2d(1, 1, 3, padding="same"),
         "padding must be a number of zeros, not 'same' of zeros"),
        (lambda: QuantConv2d(1, 1, 3, padding=1, padding_mode="reflect"),
         r"padding must be a number of zeros, not \(1, 1\) of reflect"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(act, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        act()


def test_a_forward_that_depends_on_the_data_is_refused():
    class Model(nn.Module):
        def forward(self, x):
            return branch_on_data(x)

    with pytest.raises(ValueError, match=r"^the model's forward must be the same steps for all"):
        calibrate(Model(), [normal(1, 1)])
