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


class NarrowInstruction(data.StructLayout):
    """An instruction as it goes to the units, if it is legal.

    What `InstructionCheck` bounds has as many bits as its bound. An address of the activation
    memory has one bit more than a good one; there, one that is too large is another that is.

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
        bits = {name: bits_for(value) for name, value in largest.items()}
        bits |= dict.fromkeys(_ADDRESSES, folded_bits(config.activation_bytes - 1))
        self._last_byte = config.activation_bytes - 1
        super().__init__({
            field.name: unsigned(bits[field.name]) if bits.get(field.name, field.bits) < field.bits
            else INSTRUCTION.layout[field.name].shape
            for field in INSTRUCTION.fields
        })

    def narrowed(self, name, value):
        """Return a field in these bits, from its bits in memory."""
        if name in _ADDRESSES:
            return folded(value, self._last_byte)
        return value[:self[name].width]
