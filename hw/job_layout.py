"""Layouts of the jobs that the accelerator's units take: parts of an instruction."""

from amaranth.lib import data

from hw.instruction import INSTRUCTION

__all__ = ["job_layout"]


def job_layout(*names, **extra):
    """Return the layout of a job: fields of the instruction, with its names and shapes.

    Parameters
    ----------
    names : str
        Fields of `hw.instruction.INSTRUCTION`.
    extra : shape-like
        Members that the instruction does not have, by name.
    """
    fields = {field.name: INSTRUCTION.layout[field.name].shape for field in INSTRUCTION.fields}
    for name in names:
        if name not in fields:
            raise ValueError(f"a job has fields of the instruction, and {name!r} is none of them")
    for name in extra:
        if name in fields:
            raise ValueError(f"{name!r} is a field of the instruction: name it without a shape")
    return data.StructLayout({name: fields[name] for name in names} | extra)
