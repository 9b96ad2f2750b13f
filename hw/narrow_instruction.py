"""The fields of an instruction, no wider than the memories of an accelerator need them."""

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.utils import bits_for

from hw.folded import folded, folded_bits
from hw.instruction import INSTRUCTION

__all__ = ["NarrowInstruction"]

# What is added up to addresses that only rise: behind the end of the memory all are alike.
_ADDRESSES = (
    "activation_address", "output_address", "output_step_n", "output_pitch_y", "output_pitch_x",
)


# What is added up, from a start in an image or before it, to offsets and rows.
_STEPS = ("step_x", "step_kx", "step_kc", "step_n", "step_y", "step_ky")


class NarrowInstruction(data.StructLayout):
    """An instruction as it goes to the units, if it is legal.

    What `InstructionCheck` bounds has as many bits as its bound. An address of the activation
    memory has one bit more than a good one; there, one that is too large is another that is. So it
    is with a step in an image: one that leads behind the image from wherever it starts is another.

    Parameters
    ----------
    config : AcceleratorConfig
        Sizes of the memories.
    """

    def __init__(self, config):
        engine = config.engine
        largest = {
            **dict.fromkeys(("tiles_n", "steps_ky", "steps_kx", "steps_kc"), config.passes),
            **dict.fromkeys(("rows_y", "rows_x"), engine.depth),
            **dict.fromkeys(("width", "last_width"), engine.cols),
            "weight_address": config.weight_words - 1,
            "parameter_address": config.parameter_words - 1,
        }
        size = config.activation_bytes
        largest |= dict.fromkeys(("row_bytes", "image_rows"), size)
        bits = {name: bits_for(value) for name, value in largest.items()}
        bits |= dict.fromkeys(("x_start", "y_start"), 1 + bits_for(size - 1))
        # From the lowest start, a step of `2 * size` leads to `size` or further.
        self._limits = dict.fromkeys(_ADDRESSES, size - 1) | dict.fromkeys(_STEPS, 2 * size - 1)
        bits |= {name: folded_bits(limit) for name, limit in self._limits.items()}
        super().__init__({
            field.name: Shape(min(bits.get(field.name, field.bits), field.bits), field.signed)
            if field.name in bits else INSTRUCTION.layout[field.name].shape
            for field in INSTRUCTION.fields
        })

    def narrowed(self, name, value):
        """Return a field in these bits, from its bits in memory."""
        if name in self._limits:
            return folded(value, self._limits[name])
        return value[:self[name].width]
