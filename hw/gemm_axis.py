"""The GEMM engine with AXI4-Stream ports: what goes onto a board."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.gemm_engine import GemmEngine

__all__ = ["GemmAxis"]


class GemmAxis(wiring.Component):
    """`GemmEngine` behind AXI4-Stream ports, with its contract.

    In every `tdata` the fields of a beat stand from bit 0 on, and the rest, up to whole bytes, is
    not used: column 0 or row 0 is the lowest byte.

    Parameters
    ----------
    config : EngineConfig
        Sizes, formats and requantization schemes.

    Members
    -------
    s_axis_pass_*, s_axis_weight_*, s_axis_activation_*, s_axis_parameter_*
        `tdata` In, `tvalid` In, `tready` Out: `GemmEngine.i_pass` and so on.
    m_axis_output_*
        `tdata` Out, `tvalid` Out, `tready` In: results. `tlast` Out: last row of a pass.
    """

    INPUTS = ("pass", "weight", "activation", "parameter")

    def __init__(self, config):
        self.config = config
        self.engine = GemmEngine(config)
        members = {}
        for name in self.INPUTS:
            width = len(getattr(self.engine, f"i_{name}").payload.as_value())
            members |= {
                f"s_axis_{name}_tdata":  In(_whole_bytes(width)),
                f"s_axis_{name}_tvalid": In(1),
                f"s_axis_{name}_tready": Out(1),
            }
        members |= {
            "m_axis_output_tdata":  Out(_whole_bytes(len(self.engine.o.payload.data.as_value()))),
            "m_axis_output_tvalid": Out(1),
            "m_axis_output_tready": In(1),
            "m_axis_output_tlast":  Out(1),
        }
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.submodules.engine = engine = self.engine

        for name in self.INPUTS:
            stream = getattr(engine, f"i_{name}")
            payload = stream.payload.as_value()
            m.d.comb += [
                payload.eq(getattr(self, f"s_axis_{name}_tdata")[:len(payload)]),
                stream.valid.eq(getattr(self, f"s_axis_{name}_tvalid")),
                getattr(self, f"s_axis_{name}_tready").eq(stream.ready),
            ]
        m.d.comb += [
            self.m_axis_output_tdata.eq(engine.o.payload.data),
            self.m_axis_output_tlast.eq(engine.o.payload.last),
            self.m_axis_output_tvalid.eq(engine.o.valid),
            engine.o.ready.eq(self.m_axis_output_tready),
        ]

        return m


def _whole_bytes(width):
    return -(-width // 8) * 8
