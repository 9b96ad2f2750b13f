"""The memory images of a compiled network: files that `$readmemh` and a board's loader read."""

import json
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from flow.compiled_program import CompiledProgram
from flow.instruction_words import WORD_BITS

__all__ = ["program_images"]

Int8Array = npt.NDArray[np.int8]


def program_images(
    program: CompiledProgram, inputs: Mapping[str, Int8Array], expected: Mapping[str, Int8Array]
) -> dict[str, str]:
    """Return the text of each file by its name.

    `program.hex`, `weight.hex` and `parameter.hex` hold the words of these memories, one a line.
    `input/` holds the network's inputs and `expected/` what its tensors must be, one element a
    line, image after image. `tensors.json` says where in the activation memory a run has each.
    The first line of a hex file is a comment.
    """
    config = program.config
    weight_bits = config.engine.cols * config.engine.weight.bits
    images = {
        "program.hex": _image("program memory", program.program_words(), WORD_BITS),
        "weight.hex": _image("weight memory", program.weight_words(), weight_bits),
        "parameter.hex": _image(
            "parameter memory", program.parameter_words(), config.parameter_word.width
        ),
        "tensors.json": _places(program),
    }
    for folder, tensors in (("input", inputs), ("expected", expected)):
        for name, values in tensors.items():
            codes = values.astype(np.uint8).ravel().tolist()
            shape = " x ".join(map(str, values.shape))
            images[f"{folder}/{file_name(name)}.hex"] = _image(f"{name}, {shape}", codes, 8)
    return images


def file_name(tensor: str) -> str:
    """The name of a tensor in a path."""
    return tensor.replace(" ", "_")


def _places(program: CompiledProgram) -> str:
    places = {
        name: {
            "address": place.address,
            "shape": place.type.shape,
            "zero_point": place.type.zero_point,
        }
        for name, place in program.tensors.items()
    }
    return json.dumps(places, indent=1) + "\n"


def _image(title: str, words: Iterable[int], bits: int) -> str:
    lines = [f"{word:0{-(-bits // 4)}x}" for word in words]
    return "\n".join([f"// {title}: {len(lines)} words of {bits} bits", *lines, ""])
