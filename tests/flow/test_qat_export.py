"""The exported file has golden's integers, and ONNX Runtime computes with them."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

torch = pytest.importorskip("torch", reason="PyTorch is missing: pip install lastbit[torch]")
from torch import nn

from flow.onnx_reader import read_onnx
from flow.qat.digits import DigitsNetwork
from flow.qat.export import export_onnx, save_onnx
from flow.qat.integers import activation_codes
from flow.qat.layers import (
    QuantAdd,
    QuantConv2d,
    QuantInput,
    QuantLinear,
    QuantOutput,
    QuantReLU,
)
from flow.qat.model import calibrate
from flow.qat.quantizer import ACTIVATIONS, WEIGHTS, Step
from golden.formats import INT4, INT8, UINT8, IntegerFormat
from golden.kernels.kernel_set import evaluate
from golden.kernels.onnxruntime import ONNXRUNTIME
from golden.quantize import QuantizationKind, quantize

torch.set_num_threads(1)  # on more, small tensors only wait

POWERS = QuantizationKind.POWER_OF_TWO
RECIPES = {
    "int8": (WEIGHTS, ACTIVATIONS),
    "int4 weights, learned steps": (
        replace(WEIGHTS, format=INT4, step=Step.LEARNED),
        replace(ACTIVATIONS, step=Step.LEARNED),
    ),
    "int4 weights, per tensor": (replace(WEIGHTS, format=INT4, per_channel=False), ACTIVATIONS),
    "uint8 activations": (WEIGHTS, replace(ACTIVATIONS, format=UINT8)),
    "symmetric activations": (WEIGHTS, replace(ACTIVATIONS, kind=QuantizationKind.SYMMETRIC)),
    "powers of two": (replace(WEIGHTS, kind=POWERS), replace(ACTIVATIONS, kind=POWERS)),
}


def images(count=16, seed=0):
    x = np.random.default_rng(seed).uniform(0, 1, (count, 1, 8, 8)).astype(np.float32)
    return torch.from_numpy(x)


def digits_model(name):
    torch.manual_seed(1)
    model = DigitsNetwork(*RECIPES[name])
    calibrate(model, [images(64)])
    return model.eval()


def run_onnxruntime(made, x, tmp_path):
    """Every quantized tensor by name, and the operators that ONNX Runtime computed."""
    made = onnx.ModelProto.FromString(made.SerializeToString())
    names = [node.output[0] for node in made.graph.node if node.op_type == "QuantizeLinear"]
    made.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    # without it, int8 activations of convolutions stay float32 on x86
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    values = session.run(names, {"input": x.numpy()})
    operators = [n.op_type for n in onnx.load(options.optimized_model_filepath).graph.node]
    return dict(zip(names, values, strict=True)), operators


def check_runs_in_integers(model, x, tmp_path):
    """Run the exported file; return ONNX Runtime's operators, and how many elements differ."""
    made, expected = export_onnx(model, tuple(x.shape)), activation_codes(model, x)
    found, operators = run_onnxruntime(made, x, tmp_path)
    imported = read_onnx(made.SerializeToString())
    golden = evaluate(imported, {"input": x.numpy()}, ONNXRUNTIME)
    for tensor, codes in found.items():
        np.testing.assert_array_equal(golden[tensor], codes, err_msg=tensor, strict=True)
    differences = 0
    for tensor, codes in expected.items():
        difference = np.abs(codes.astype(int) - found[tensor])
        # float32 sums against exact ones: only what is next to a tie may differ, and by one step
        assert difference.max() <= 1, tensor
        assert np.mean(difference > 0) < 1e-3, tensor
        differences += np.count_nonzero(difference)
    return operators, differences


@pytest.mark.parametrize("name", RECIPES)
def test_onnxruntime_and_golden_compute_in_integers_what_the_model_computes(name, tmp_path):
    operators, differences = check_runs_in_integers(
        digits_model(name), images(32, seed=5), tmp_path
    )
    assert operators.count("QLinearConv") == 3
    assert operators.count("QLinearAdd") == 1
    assert operators.count("QGemm") == 1
    if name == "powers of two":  # float32 is exact then
        assert differences == 0


class Pools(nn.Module):
    """What the digits' network has not: strides, dilation, groups, averages, a flat sum."""

    def __init__(self):
        super().__init__()
        self.input = QuantInput()
        self.conv = QuantConv2d(2, 6, (3, 2), stride=(2, 1), padding=(2, 0), groups=2, bias=False)
        self.relu = QuantReLU()
        self.dilated = QuantConv2d(6, 4, 2, dilation=2)
        self.after = QuantOutput()
        self.average = nn.AvgPool2d((2, 3), stride=1, padding=1)
        self.averaged = QuantOutput()
        self.pool = nn.MaxPool2d(2, stride=1, padding=1)
        self.whole = nn.AdaptiveAvgPool2d(1)
        self.mean = QuantOutput()
        self.flat = nn.Flatten()
        self.linear = QuantLinear(4, 4, bias=False)
        self.second = QuantOutput()
        self.add = QuantAdd()

    def forward(self, x):
        x = self.after(self.dilated(self.relu(self.conv(self.input(x)))))
        x = self.pool(self.averaged(self.average(x)))
        x = self.flat(self.mean(self.whole(x)))
        return self.add(x, self.second(self.linear(x)))


def test_every_module_is_exported(tmp_path):
    torch.manual_seed(2)
    model = Pools().eval()
    x = torch.randn(12, 2, 9, 8)
    calibrate(model, [x])
    operators, _ = check_runs_in_integers(model, x, tmp_path)
    assert {"QLinearConv", "QLinearAveragePool", "QLinearGlobalAveragePool", "QGemm",
            "QLinearAdd"} <= set(operators)  # fmt: skip


def test_the_file_has_the_codes_and_scales_of_golden():
    model = digits_model("int4 weights, learned steps")
    made = export_onnx(model, (1, 1, 8, 8))
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    assert [(o.domain, o.version) for o in made.opset_import] == [("", 13)]
    for name in ("conv1", "depthwise", "conv2", "linear"):
        layer = model.get_submodule(name)
        weights, bias = layer.weight_quantization, layer.bias_quantization
        codes = stored[f"{name}.weight.codes"]
        np.testing.assert_array_equal(codes, quantize(layer.weight.detach().numpy(), weights))
        assert (codes.dtype, codes.min(), codes.max()) == (np.int8, -7, 7)
        np.testing.assert_array_equal(stored[f"{name}.weight.scale"], weights.scale)
        assert not stored[f"{name}.weight.zero_point"].any()
        source = layer.input_quantizer.quantization.scale
        scale = np.asarray(source * weights.scale, np.float32)
        np.testing.assert_array_equal(stored[f"{name}.bias.scale"], scale)
        assert stored[f"{name}.bias.codes"].dtype == np.int32
        np.testing.assert_array_equal(
            stored[f"{name}.bias.codes"], np.rint(layer.bias.detach().numpy() / scale)
        )
        assert bias.scale.tolist() == scale.tolist()


def test_batch_norm_left_by_folding_and_dropout_are_no_nodes():
    model = nn.Sequential(QuantInput(), nn.Identity(), nn.Dropout(), QuantLinear(4, 2),
                          nn.Identity(), QuantOutput(), nn.Dropout())  # fmt: skip
    calibrate(model, [torch.ones(3, 4)])
    kinds = [node.op_type for node in export_onnx(model, (3, 4)).graph.node]
    assert kinds == ["QuantizeLinear", "DequantizeLinear", "DequantizeLinear", "DequantizeLinear",
                     "Gemm", "QuantizeLinear", "DequantizeLinear"]  # fmt: skip


def test_a_file_is_written(tmp_path):
    model = digits_model("int8")
    save_onnx(model, (2, 1, 8, 8), tmp_path / "digits.onnx")
    onnx.checker.check_model(tmp_path / "digits.onnx", full_check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["digits.onnx"]


class Unfit(nn.Module):
    """What an int8 network cannot have, five times over."""

    def __init__(self):
        super().__init__()
        int6 = IntegerFormat(6, signed=True)
        self.first = QuantInput(replace(ACTIVATIONS, format=int6, narrow=True))
        asymmetric = replace(WEIGHTS, kind=QuantizationKind.ASYMMETRIC)
        self.conv = QuantConv2d(1, 2, 3, weights=asymmetric)
        self.second = QuantOutput()
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.average = nn.AvgPool2d(2)
        self.shape = nn.Softmax(dim=1)

    def forward(self, x):
        x = self.average(self.pool(self.second(self.conv(self.first(x)))))
        return torch.sigmoid(self.shape(x))


def test_all_that_has_no_integer_form_is_listed_at_once():
    model = Unfit()
    calibrate(model, [images()])
    with pytest.raises(ValueError, match=r"^the model has no int8 form: ") as caught:
        export_onnx(model, (1, 1, 8, 8))
    assert str(caught.value).partition(": ")[2].split("; ") == [
        "first has activations of 6 bits, and a file has only 8",
        "first leaves a code out, and a file does not",
        "conv has weights with a zero point: take symmetric weights",
        "pool rounds its output's size up (ceil_mode), which is not supported",
        "average must be read by one quantizer alone",
        "shape is Softmax, which is not supported",
        "sigmoid is a call of sigmoid, for which a module is needed",
        "output must be one tensor out of a quantizer",
    ]


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.add = QuantInput(), QuantInput(), QuantAdd()

    def forward(self, x, y):
        return self.add(self.first(x), self.second(y))


class Unused(nn.Module):
    """The last step is not the output."""

    def __init__(self):
        super().__init__()
        self.first, self.add = QuantInput(), QuantAdd()

    def forward(self, x):
        x = self.first(x)
        self.add(x, x)
        return x


def test_a_second_input_is_refused():
    with pytest.raises(ValueError, match="y is a second input, and the model is to have one"):
        export_onnx(TwoInputs(), (1, 4))


def test_the_output_is_what_forward_returns():
    model = Unused()
    calibrate(model, [torch.ones(2, 4)])
    outputs = [output.name for output in export_onnx(model, (2, 4)).graph.output]
    assert outputs == ["first.dequantize"]


def test_a_model_that_is_not_calibrated_is_refused():
    with pytest.raises(ValueError, match="input_1 is not calibrated; relu1 is not calibrated"):
        export_onnx(DigitsNetwork(), (1, 1, 8, 8))


def test_a_bias_beyond_int32_is_refused():
    model = nn.Sequential(QuantInput(), QuantLinear(2, 1), QuantOutput())
    with torch.no_grad():
        model[1].bias.fill_(3e9)
    calibrate(model, [torch.ones(2, 2)])
    with pytest.raises(ValueError, match=r"^the bias of _1 must fit int32, and its largest value"):
        export_onnx(model, (1, 2))


def test_int8_is_the_default():
    assert (WEIGHTS.format, ACTIVATIONS.format) == (INT8, INT8)
