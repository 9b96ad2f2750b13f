"""Where a row of the array stands in memory, and which of its bytes are padding."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.folded import folded
from hw.multiplier import product_shape
from hw.multiplier_ecp5 import add_mult18
from hw.multiplier_kind import MultiplierKind
from hw.pipeline import delayed, registered

__all__ = ["ActivationWindow"]


class ActivationWindow(wiring.Component):
    """Computes the window of memory bytes for one place of the activation reader's loop nest.

    ::

        row    = sum_y + sum_ky
        offset = sum_n + sum_kx + sum_kc + sum_x
        byte i = memory[activation_address + row * row_bytes + offset + i]
                 if lead <= i < end else padding

    `lead` bytes of the window lie before the image row; from byte `end` on, they lie behind it, and
    all do if the row is not one of `image_rows`. The window is `outside` if one of its bytes that
    are not padding is not in the memory.

    A pipeline without flow control: `o_address` comes `ADDRESS_AFTER` cycles after the sums,
    `o_lead` and `o_end` `EXTENT_AFTER`, `o_outside` `OUTSIDE_AFTER`. Throughput one window per
    cycle.

    Parameters
    ----------
    iteration : data.StructLayout
        What `LoopNest` puts out, with the sums above and the job's fields.
    rows : int
        Bytes of a window.
    size : int
        Bytes of the memory.
    multiplier : MultiplierKind
        What the product is built of, if its factors fit.

    Members
    -------
    i : In(iteration)
        A place in the loop nest.
    o_address : Out(range(size))
        Address of byte 0 of the window, modulo 2^(its bits).
    o_lead, o_end : Out(range(rows + 1))
        The bytes that are not padding.
    o_outside : Out(1)
        The window reads outside the memory.
    """

    ADDRESS_AFTER = 4
    EXTENT_AFTER = 5
    OUTSIDE_AFTER = 7

    def __init__(self, iteration, *, rows, size, multiplier=MultiplierKind.PORTABLE):
        self.multiplier = multiplier
        self.rows = rows
        self.size = size
        super().__init__({
            "i":         In(iteration),
            "o_address": Out(range(size)),
            "o_lead":    Out(range(rows + 1)),
            "o_end":     Out(range(rows + 1)),
            "o_outside": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        sums, job = self.i.sums, self.i.job

        # Cycle 1: sums of two.
        outer = registered(m, sums.n + sums.kx, name="outer")
        inner = registered(m, sums.kc + sums.x, name="inner")
        row = registered(m, sums.ky + sums.y, name="row")
        row_bytes = registered(m, job.row_bytes, name="row_bytes")
        image_rows = registered(m, job.image_rows, name="image_rows")

        # Cycle 2: the place in the image. A row before it is, without its sign, one behind it.
        offset = registered(m, outer + inner, name="offset")
        in_image = registered(m, (row.as_unsigned() - image_rows)[-1], name="in_image")
        product = self._product(m, row[:len(image_rows)], row_bytes)
        row_bytes = registered(m, row_bytes, name="row_bytes_2")

        # Cycle 3: the place from the start of the image. The product counts only for a row of it.
        before = registered(m, -offset, name="before")
        remaining = registered(m, row_bytes - offset, name="remaining")
        base = delayed(m, job.activation_address, 2, name="base")
        # If a byte is not padding, the offset has no more bits than this. Where a sum is behind the
        # end of the memory, it does not matter how far.
        near = offset[:len(row_bytes) + 2].as_signed()
        start = registered(m, base + near, name="start")
        in_image = registered(m, in_image, name="in_image_3")

        # Cycle 4: the address, and whether the row is behind the memory.
        bits = len(self.o_address)
        address = registered(m, start + product[:bits], name="address")
        m.d.comb += self.o_address.eq(address[:bits])
        above = registered(m, product[bits:], name="above")
        behind = delayed(m, above.any(), 2, name="behind")

        # Cycle 5: the extent.
        m.d.comb += [
            self.o_lead.eq(self._clamped(m, before, C(1), name="lead")),
            self.o_end.eq(self._clamped(m, remaining, in_image, name="end")),
        ]

        # Cycle 6: whether fewer bytes are left in the memory than are not padding. Cycle 7: whether
        # that is so or the row is behind it.
        left = registered(m, self.size - address, name="left")
        over = registered(m, (left - self.o_end)[-1], name="over")
        some = registered(m, self.o_lead < self.o_end, name="some")
        m.d.comb += self.o_outside.eq(registered(m, some & (behind | over), name="outside"))

        return m

    def _product(self, m, row, row_bytes):
        """Return where a row begins, two cycles later, or something behind the memory."""
        kind = self.multiplier
        if kind is MultiplierKind.ECP5 and max(len(row), len(row_bytes)) < kind.max_bits:
            # The block may be far away: on the way in there is no logic, on the way out one sum.
            shape = product_shape(row.shape(), row_bytes.shape())
            return add_mult18(m, row, row_bytes, C(1, 1), o_shape=shape)
        # Fewer registers: an address is folded before the last of them.
        product = registered(m, row * row_bytes, name="product")
        return registered(m, folded(product, self.size - 1), name="product_3")

    def _clamped(self, m, value, enable, *, name):
        """Return a signed value clamped to 0 … rows, or 0 without `enable`, two cycles later."""
        bits = len(self.o_end)
        low = value[:bits]
        above = registered(
            m, value[bits:-1].any() | (low > self.rows if (1 << bits) - 1 > self.rows else 0),
            name=f"{name}_above",
        )
        positive = registered(m, ~value[-1] & enable, name=f"{name}_positive")
        low = registered(m, low, name=f"{name}_low")
        return registered(m, Mux(positive, Mux(above, self.rows, low), 0), name=name)
