"""A job's memory images: hex files that `$readmemh` and a board's loader read."""

from collections.abc import Iterable

from bitstring import Bits

from hw.launcher import Pass
from hw.parameter_word import ParameterWord
from sim.gemm_job import GemmJob

__all__ = ["memory_images"]


def memory_images(job: GemmJob, title: str) -> dict[str, str]:
    """Return the text of each image by its file name.

    `pass.hex`, `weight.hex`, `activation.hex` and `parameter.hex` hold the beats that the input
    streams take, one a line, as wide as `tdata`. `expected.hex` holds golden's outputs, row after
    row, one element a line. `title` stands in the first line of each, a comment.
    """
    config, streams = job.config, job.streams()
    word = ParameterWord(out_format=config.output, acc_bits=config.accumulator_bits)
    beats = {
        "pass": (streams.passes, Pass(depth=config.depth).size),
        "weight": (streams.weights, config.cols * config.weight.bits),
        "activation": (streams.activations, config.rows * config.activation.bits),
        "parameter": (streams.parameters, word.width),
    }
    images = {
        f"{name}.hex": _image(f"{title}: s_axis_{name}", words, -(-bits // 8) * 8)
        for name, (words, bits) in beats.items()
    }
    outputs, fmt = job.golden(), config.output
    m, n = outputs.shape
    codes = (value & (1 << fmt.bits) - 1 for value in outputs.ravel().tolist())
    images["expected.hex"] = _image(f"{title}: {m} x {n} outputs, {fmt}", codes, fmt.bits)
    return images


def _image(title: str, words: Iterable[int], bits: int) -> str:
    width = -(-bits // 4) * 4
    lines = [Bits(uint=word, length=width).hex for word in words]
    return "\n".join([f"// {title}, {len(lines)} words of {bits} bits", *lines, ""])
