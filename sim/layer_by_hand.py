"""Layers whose instructions a testbench writes by hand, with golden's results."""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.channel_parameters import channel_parameters
from golden.gemm import matmul
from golden.program import Memories
from golden.requantize import Requantization, requantize
from golden.scheme import Scheme
from golden.tiling import tile_weights
from hw.accelerator_config import AcceleratorConfig
from hw.instruction import INSTRUCTION, AccumulateOperation, Opcode
from sim.environment import generator
from sim.stimulus import weighted

__all__ = ["Layer", "fully_connected_word", "matmul_word"]

Int8Array = npt.NDArray[np.int8]


class Layer:
    """A product with weights (K, N) per output channel, laid out for the array."""

    def __init__(self, config: AcceleratorConfig, key: str, k: int, n: int) -> None:
        random = generator(key)
        self.weights = weighted(random, (k, n)).astype(np.int8)
        self.requantization = Requantization.from_scale(
            Scheme.FIXED,
            2.0 ** random.uniform(-2, 0, n) / (64 * np.sqrt(k)),
            random.integers(-2000, 2000, n),
            zero_point=-5,
        )
        self.config = config
        self.n = n

    def fields(self) -> dict[str, int]:
        """What an instruction says of the output channels."""
        cols = self.config.engine.cols
        tiles = -(-self.n // cols)
        return {
            "tiles_n": tiles,
            "width": cols,
            "last_width": self.n - (tiles - 1) * cols,
            "output_step_n": cols,
            "output_pitch_x": self.n,
        }

    def memories(self, inputs: Int8Array, groups: int = 1) -> Memories:
        """What to load: the reduction axis is `groups` runs, each padded to whole rows."""
        engine, config = self.config.engine, self.config
        runs = [
            tile_weights(part, engine.rows, engine.cols) for part in np.split(self.weights, groups)
        ]
        tiles = np.concatenate(runs, axis=1).reshape(-1, engine.cols)
        weights = np.zeros((config.weight_words, engine.cols), np.int8)
        weights[: len(tiles)] = tiles
        channels = channel_parameters(self.requantization)
        channels += channels[-1:] * (config.parameter_words - len(channels))
        activation = np.zeros(config.activation_bytes, np.int8)
        activation[: inputs.size] = inputs.ravel()
        return Memories(activation, weights, channels)

    def golden(self, rows: Int8Array) -> Int8Array:
        """Return the outputs of rows (M, K)."""
        outputs: Int8Array = requantize(matmul(rows, self.weights), self.requantization)
        return outputs


def matmul_word(**fields: Any) -> int:
    """Return a MATMUL that sets, adds and drains, and has counts of 1 unless said."""
    common = {
        "opcode": Opcode.MATMUL,
        "first": AccumulateOperation.SET,
        "rest": AccumulateOperation.ADD,
        "drain": 1,
        **dict.fromkeys(("steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x"), 1),
    }
    return int(INSTRUCTION.encode(common | fields))


def fully_connected_word(layer: Layer, m: int, k: int, output: int) -> int:
    """Return the instruction for inputs (m, k) at byte 0."""
    rows = layer.config.engine.rows
    return matmul_word(
        **layer.fields(),
        rows_y=m,
        step_y=1,
        image_rows=m,
        row_bytes=k,
        steps_kc=-(-k // rows),
        step_kc=rows,
        output_address=output,
        output_pitch_y=layer.n,
    )
