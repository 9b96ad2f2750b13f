"""Layouts of the jobs that the accelerator's units take: parts of an instruction."""

from amaranth.lib import data

from hw.instruction import INSTRUCTION

__all__ = ["job_layout"]


def job_layout(*names, instruction=None, **extra):
    """Return the layout of a job: fields of the instruction, with its names and shapes.

    Parameters
    ----------
    names : str
        Fields of `hw.instruction.INSTRUCTION`.
    instruction : data.Layout or None
        A layout with those fields, in shapes of its own. None takes the instruction's.
    extra : shape-like
        Members that the instruction does not have, by name.
    """
    layout = INSTRUCTION.layout if instruction is None else instruction
    fields = {field.name: layout[field.name].shape for field in INSTRUCTION.fields}
    for name in names:
        if name not in fields:
            raise ValueError(f"a job has fields of the instruction, and {name!r} is none of them")
    for name in extra:
        if name in fields:
            raise ValueError(f"{name!r} is a field of the instruction: name it without a shape")
    return data.StructLayout({name: fields[name] for name in names} | extra)
