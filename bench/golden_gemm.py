"""Exact int8 products: golden.gemm.matmul against other ways, as times of a float32 `@`.

Operands that a way wants in its own type are converted before the clock starts, except for golden.
"""

from collections.abc import Callable

import apytypes
import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import TensorProto, helper

from bench.timing import interleaved_medians, print_table
from golden.gemm import matmul

SQUARE = [(256, 256, 256), (512, 512, 512), (1024, 1024, 1024)]
SKINNY = [(1, 1024, 1024), (16, 1024, 1024), (1024, 1024, 8), (1024, 64, 1024), (64, 4096, 512)]

Matrix = npt.NDArray[np.int8]


def run() -> None:
    """Print the table."""
    header, rows = [], []
    for m, k, n in SQUARE + SKINNY:
        rng = np.random.default_rng(m + k + n)
        ways = candidates(operand(rng, (m, k)), operand(rng, (k, n)))
        medians = interleaved_medians(ways)
        reference = medians.pop("float32 @")
        header = ["M x K x N", "float32 @ (ms)", *medians]
        ratios = [f"{seconds / reference:.2f}" for seconds in medians.values()]
        rows.append([f"{m} x {k} x {n}", f"{reference * 1e3:.3f}", *ratios])
    print_table(header, rows)


def operand(rng: np.random.Generator, shape: tuple[int, int]) -> Matrix:
    """Uniform int8 values."""
    return rng.integers(-128, 128, shape, np.int8)


def candidates(a: Matrix, w: Matrix) -> dict[str, Callable[[], object]]:
    """Every way to multiply a and w, checked to agree where it is exact."""
    af, wf = a.astype(np.float32), w.astype(np.float32)
    ai, wi = a.astype(np.int32), w.astype(np.int32)
    ap, wp = (apytypes.APyFixedArray.from_array(x, int_bits=8, frac_bits=0) for x in (a, w))
    signed, unsigned = matmul_integer(a, w), matmul_integer(a.view(np.uint8), w)
    np.testing.assert_array_equal(matmul(a, w), signed())
    np.testing.assert_array_equal(matmul(a.view(np.uint8), w), unsigned())
    return {
        "float32 @": lambda: af @ wf,
        "golden": lambda: matmul(a, w),
        "ORT s8s8": signed,
        "ORT u8s8": unsigned,
        "apytypes @": lambda: ap @ wp,
        "NumPy int32 @": lambda: ai @ wi,
    }


def matmul_integer(a: npt.NDArray[np.generic], w: Matrix) -> Callable[[], npt.NDArray[np.int32]]:
    """A call of onnxruntime's MatMulInteger with the weights as a constant."""
    kind = helper.np_dtype_to_tensor_dtype(a.dtype)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "w"], ["y"])],
        "gemm",
        [helper.make_tensor_value_info("a", kind, a.shape)],
        [helper.make_tensor_value_info("y", TensorProto.INT32, None)],
        [helper.make_tensor("w", TensorProto.INT8, w.shape, w.tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    # Its threads would still be spinning when the next way takes its turn.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"a": a})[0]
