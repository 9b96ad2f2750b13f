"""The registers: one table for hardware, host driver and docs."""

from amaranth.lib import enum

from golden.program_error import ProgramError
from hw.field_table import Field, FieldTable

__all__ = ["COUNTERS", "MAGIC", "REGISTERS", "VERSION", "State"]

MAGIC = 0x01A57B17
"""What register 0 reads as."""

VERSION = 1
"""Of the instructions and of the register map."""


class State(enum.Enum, shape=2):
    """What the sequencer does."""

    IDLE = 0
    """Nothing has run since reset."""
    RUNNING = 1
    DONE = 2
    """The program came to HALT, and all its outputs are written."""
    ERROR = 3
    """The program was stopped; the registers say why and where."""


REGISTERS = FieldTable(32, [
    Field("magic",                0,  0, 32, "says that this is an accelerator of this project"),
    Field("version",              1,  0, 16, "of the instructions and registers"),
    Field("gemm",                 1, 16,  1, "runs GEMM jobs in place of instructions"),
    Field("rows",                 2,  0,  8, "rows of the array"),
    Field("cols",                 2,  8,  8, "columns of the array"),
    Field("lanes",                2, 16,  8, "requantizer lanes"),
    Field("accumulator_bits",     2, 24,  8, "width of the accumulators"),
    Field("depth",                3,  0, 16, "words of an accumulator bank"),
    Field("schemes",              3, 16,  8, "requantization schemes, a bit each"),
    Field("activation_bytes",     4,  0, 32, "size of the activation memory"),
    Field("weight_words",         5,  0, 32, "size of the weight memory, in words of C bytes"),
    Field("parameter_words",      6,  0, 32, "size of the parameter memory, in parameter words"),
    Field("program_words",        7,  0, 32, "size of the program memory, in words of 32 bits"),
    Field("number_rules",         8,  0, 32, "hash of the number rules"),
    Field("run",                  9,  0, 32, "writing a program address starts it"),
    Field("state",               10,  0,  2, "what the sequencer does", kind=State),
    Field("error",               10,  8,  8, "why it stopped",
          kind=ProgramError),
    Field("error_address",       11,  0, 32, "program address of the instruction it stopped at"),
    Field("cycles",              16,  0, 32, "cycles of the last run"),
    Field("passes",              17,  0, 32, "passes of the last run"),
    Field("stalls_weights",      18,  0, 32, "cycles that waited for weights"),
    Field("stalls_parameters",   19,  0, 32, "cycles that waited for parameters"),
    Field("stalls_room",         20,  0, 32, "cycles that waited for room for results"),
    Field("stalls_activations",  21,  0, 32, "cycles that waited for activations"),
    Field("stalls_recurrence",   22,  0, 32, "cycles that waited for sums to be written"),
    Field("stalls_outputs",      23,  0, 32, "cycles that waited for earlier outputs"),
    Field("saturated_low",       24,  0, 32, "results below the clip range"),
    Field("saturated_high",      25,  0, 32, "results above the clip range"),
    Field("ties",                26,  0, 32, "results that were exactly half way"),
    Field("largest",             27,  0, 32, "largest |accumulator|"),
])

COUNTERS = tuple(field.name for field in REGISTERS.fields if field.word >= 16)
"""Names of the registers that count; they follow each other."""
