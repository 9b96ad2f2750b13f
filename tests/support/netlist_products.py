"""Products with registers behind them, and a coroutine that compares them with Python's."""

import cocotb
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import delayed, registered
from sim import clock
from sim.environment import generator

BITS = 18
PART = 8
FIRST = {"one": 0, "two": 3, "three": 6, "lower": 1, "upper": 9}
"""First bit of the part of `a` and `b` of which a product is: no two are the same."""

LATENCIES = {"one": 2, "two": 3, "three": 4, "wide": 3, "sum": 3}
CYCLES = 300


class Products(wiring.Component):
    """Of parts of `a` and `b`, with one, two and three registers behind the product.

    `wide` is the product of all bits, with two; `sum` that of two products with a register each,
    and has one more. All factors are registered, too.
    """

    def __init__(self):
        widths = {"one": 2 * PART, "two": 2 * PART, "three": 2 * PART}
        widths |= {"wide": 2 * BITS, "sum": 2 * PART + 1}
        outputs = {name: Out(width) for name, width in widths.items()}
        super().__init__({"a": In(BITS), "b": In(BITS), **outputs})

    def elaborate(self, platform):
        m = Module()

        def product(bits, registers, name):
            a = registered(m, self.a[bits], name=f"{name}_a")
            b = registered(m, self.b[bits], name=f"{name}_b")
            return delayed(m, a * b, registers, name=name)

        parts = {name: slice(first, first + PART) for name, first in FIRST.items()}
        halves = product(parts["lower"], 1, "lower") + product(parts["upper"], 1, "upper")
        m.d.comb += [
            self.one.eq(product(parts["one"], 1, "passes")),
            self.two.eq(product(parts["two"], 2, "words")),
            self.three.eq(product(parts["three"], 3, "rows")),
            self.wide.eq(product(slice(BITS), 2, "address")),
            self.sum.eq(registered(m, halves, name="halves")),
        ]
        return m


def expected(a, b):
    mask = (1 << PART) - 1
    products = {name: (a >> first & mask) * (b >> first & mask) for name, first in FIRST.items()}
    return products | {"wide": a * b, "sum": products["lower"] + products["upper"]}


@cocotb.test()
async def every_product_is_python_s(dut):
    random, ends = generator("products"), (0, 1, (1 << BITS) - 1)
    given = []
    await clock.start(dut)
    for cycle in range(CYCLES):
        a, b = (
            int(random.choice(ends)) if random.random() < 0.3 else int(random.integers(1 << BITS))
            for _ in range(2)
        )
        dut.a.value, dut.b.value = a, b
        given.append(expected(a, b))
        await clock.edge(dut)
        for name, latency in LATENCIES.items():
            if cycle >= latency:
                found = int(getattr(dut, name).value)
                assert found == given[-1 - latency][name], f"cycle {cycle}: {name}"
