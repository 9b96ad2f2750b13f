"""The files that a person takes home: Verilog, port table, lint waivers."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

from flow.accelerator_kind import AnyConfig
from hw.accelerator_axi import AcceleratorAxi
from hw.accelerator_config import AcceleratorConfig
from hw.accelerator_uart import AcceleratorUart
from hw.config import EngineConfig
from hw.emit import check_module_name, emit_verilog, ports
from hw.gemm_axis import GemmAxis
from hw.instruction import AccumulateOperation
from hw.uart_transmitter import check_divisor
from sim.primitive_models import primitive_models

__all__ = ["accelerator_summary", "axi_files", "engine_files", "uart_files"]

_MEANINGS = {
    "clk": "Clock; everything happens at its rising edge.",
    "rst": "Reset, synchronous, active high, for at least one cycle.",
}
_ENGINE = {
    "s_axis_pass_tdata": "A pass: {pass_layout}. Operations: {operations}.",
    "s_axis_weight_tdata": "A row of the weight tile, column 0 in the lowest byte; {rows} a pass.",
    "s_axis_activation_tdata": "A row of activations, array row 0 in the lowest byte.",
    "s_axis_parameter_tdata": "Requantizer parameters of a column: {word_layout}; {cols} a drain.",
    "m_axis_output_tdata": "A row of results, column 0 in the lowest byte.",
    "m_axis_output_tlast": "The last row of a pass.",
}
_AXI = {
    "s_axis_link_tdata": "A word of a request's packet.",
    "s_axis_link_tlast": "The last word of a packet.",
    "m_axis_link_tdata": "A word of a reply's packet.",
    "m_axis_link_tlast": "The last word of a packet.",
    "s_axil_awaddr": "Byte address of a register to write: register n is at 4 n.",
    "s_axil_awprot": "Not used.",
    "s_axil_wdata": "What is written.",
    "s_axil_wstrb": "Which bytes are written; only whole words are.",
    "s_axil_bresp": "How the write ended: 0 OKAY, 2 SLVERR.",
    "s_axil_araddr": "Byte address of a register to read.",
    "s_axil_arprot": "Not used.",
    "s_axil_rdata": "What was read.",
    "s_axil_rresp": "How the read ended: 0 OKAY, 2 SLVERR.",
}
_UART = {
    "i_rx": "Serial line from the host: 8 bits, no parity, 1 stop bit, {divisor} cycles a bit.",
    "o_tx": "Serial line to the host, likewise.",
}
_HANDSHAKE = {"valid": "There is a beat.", "ready": "A beat is taken."}


def engine_files(config: EngineConfig, name: str) -> dict[str, str]:
    """Return the text of every file of the engine by its name.

    Raises ValueError if `name` is not a Verilog identifier or the configuration is not legal.
    """
    check_module_name(name)
    axis = GemmAxis(config)
    values = {
        "rows": config.rows,
        "cols": config.cols,
        "pass_layout": _fields(axis.engine.i_pass.payload.shape()),
        "operations": ", ".join(f"{code.value} {code.name}" for code in AccumulateOperation),
        "word_layout": _fields(axis.engine.parameter_word.layout),
    }
    latency = f"A row of activations is a result after {axis.engine.latency} cycles."
    return _files(axis, name, f"{_summary(config)} {latency}", _ENGINE, values)


def axi_files(config: AcceleratorConfig, name: str) -> dict[str, str]:
    """Return the text of every file of the accelerator with AXI ports; errors as above."""
    check_module_name(name)
    return _files(AcceleratorAxi(config), name, accelerator_summary(config), _AXI, {})


def uart_files(config: AcceleratorConfig, name: str, *, divisor: int) -> dict[str, str]:
    """Return the text of every file of the accelerator with a serial line; errors as above.

    `divisor` is how many clock cycles a bit takes.
    """
    check_module_name(name)
    check_divisor(divisor)
    top = AcceleratorUart(config, divisor=divisor)
    return _files(top, name, accelerator_summary(config), _UART, {"divisor": divisor})


def _summary(config: EngineConfig) -> str:
    schemes = ", ".join(sorted(scheme.value for scheme in config.schemes))
    return (
        f"{config.rows} x {config.cols} array, rows grouped by {config.group}, "
        f"{config.lanes} requantizers, passes of up to {config.depth} rows, schemes {schemes}."
    )


def accelerator_summary(config: AnyConfig) -> str:
    """Say how large an accelerator is."""
    held = "jobs" if config.gemm else "program"
    return (
        f"{_summary(config.engine)} Memories: {config.activation_bytes} bytes of activations, "
        f"{config.weight_words} words of weights, {config.parameter_words} of parameters, "
        f"{config.program_words} of {held}."
    )


def _files(
    top: Any, name: str, summary: str, meanings: Mapping[str, str], values: Mapping[str, Any]
) -> dict[str, str]:
    waivers = resources.files("sim").joinpath("verilator.vlt").read_text(encoding="utf-8")
    verilog = emit_verilog(top, name)
    models = {path.name: path.read_text(encoding="utf-8") for path in primitive_models(verilog)}
    if models:
        summary += f" To simulate it, add {', '.join(models)}; synthesis has the primitive itself."
    return {
        f"{name}.v": verilog,
        f"{name}.md": _port_table(top, name, summary, {**_MEANINGS, **meanings}, values),
        f"{name}.vlt": waivers,
        **models,
    }


def _port_table(
    top: Any, name: str, summary: str, meanings: Mapping[str, str], values: Mapping[str, Any]
) -> str:
    """List the ports with direction, width and meaning."""
    lines = [
        f"# Ports of `{name}`",
        "",
        summary,
        "",
        "| port | direction | bits | meaning |",
        "|---|---|---|---|",
    ]
    for port in ports(top):
        meaning = meanings.get(port.name) or _HANDSHAKE[port.name[-len("valid") :]]
        direction = "in" if port.is_input else "out"
        lines.append(f"| {port.name} | {direction} | {port.width} | {meaning.format(**values)} |")
    return "\n".join(lines) + "\n"


def _fields(layout: object) -> str:
    """Say where each field of a struct stands, lowest first."""
    return ", ".join(
        f"{name} [{field.offset + field.width - 1}:{field.offset}]"
        for name, field in layout  # type: ignore[attr-defined]
    )
