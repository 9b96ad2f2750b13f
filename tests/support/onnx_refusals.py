"""What the tests of refused .onnx files share."""

import numpy as np
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder

from flow.errors import UserError
from flow.onnx_reader import read_onnx

INT8 = Numbers(0.05, -3)
KERNEL = np.ones((4, 4, 3, 3), np.int8)


def refusal(data):
    with pytest.raises(UserError) as caught:
        read_onnx(data)
    return str(caught.value)


def builder(form=Form.QDQ, opset=17, shape=(1, 4, 8, 8)):
    b = OnnxBuilder(form, opset)
    return b, b.input("x", shape, INT8)
