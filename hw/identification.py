"""What the registers tell a host about the accelerator it talks to."""

from hw.parameter_word import SchemeCode
from hw.register_map import MAGIC, VERSION

__all__ = ["NUMBER_RULES", "identification"]

NUMBER_RULES = 0x371A5B3B
"""`golden.fingerprint.number_rules()`, which a test holds equal to this."""


def identification(config):
    """Return the constant registers of an accelerator, by the names of `REGISTERS`."""
    engine = config.engine
    return {
        "magic": MAGIC,
        "version": VERSION,
        "gemm": int(config.gemm),
        "rows": engine.rows,
        "cols": engine.cols,
        "lanes": getattr(engine, "lanes", engine.cols),
        "accumulator_bits": engine.accumulator_bits,
        "depth": engine.depth,
        "schemes": sum(1 << SchemeCode[scheme.name].value for scheme in engine.schemes),
        "activation_bytes": config.activation_bytes,
        "weight_words": config.weight_words,
        "parameter_words": config.parameter_words,
        "program_words": config.program_words,
        "number_rules": NUMBER_RULES,
    }
