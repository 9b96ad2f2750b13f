"""Registers along a pipeline."""

from amaranth.hdl import *

__all__ = ["copied", "delayed", "named", "registered"]


def copied(m, value, count, *, name):
    """Return `value` as it was a cycle ago, `count` times: registers that synthesis keeps apart.

    Each of them stands near its own users, where one for all would be far from some.
    """
    copies = [
        Signal(value.shape(), name=f"{name}_{n}", reset_less=True, attrs={"keep": 1})
        for n in range(count)
    ]
    m.d.sync += [copy.eq(value) for copy in copies]
    return copies


def delayed(m, value, cycles, *, name):
    """Return `value` as it was `cycles` cycles ago: a chain of registers without reset."""
    for stage in range(cycles):
        register = Signal(value.shape(), name=f"{name}_{stage + 1}", reset_less=True)
        m.d.sync += register.eq(value)
        value = register
    return value


def named(m, value, *, name):
    """Return `value` as a signal of exactly its shape, so that what uses it twice is built once."""
    signal = Signal(value.shape(), name=name)
    m.d.comb += signal.eq(value)
    return signal


def registered(m, value, *, name):
    """Return `value` as it was a cycle ago: a register of exactly its shape, without reset."""
    register = Signal(value.shape(), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
