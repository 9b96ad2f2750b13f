"""The files that a person takes home: Verilog, port table, lint waivers."""

from importlib import resources

from hw.config import EngineConfig
from hw.emit import check_module_name, emit_verilog, ports
from hw.gemm_axis import GemmAxis
from hw.instruction import AccumulateOperation

__all__ = ["engine_files"]

_MEANINGS = {
    "clk": "Clock; everything happens at its rising edge.",
    "rst": "Reset, synchronous, active high, for at least one cycle.",
    "s_axis_pass_tdata": "A pass: {pass_layout}. Operations: {operations}.",
    "s_axis_weight_tdata": "A row of the weight tile, column 0 in the lowest byte; {rows} a pass.",
    "s_axis_activation_tdata": "A row of activations, array row 0 in the lowest byte.",
    "s_axis_parameter_tdata": "Requantizer parameters of a column: {word_layout}; {cols} a drain.",
    "m_axis_output_tdata": "A row of results, column 0 in the lowest byte.",
    "m_axis_output_tlast": "The last row of a pass.",
}
_HANDSHAKE = {"tvalid": "There is a beat.", "tready": "A beat is taken."}


def engine_files(config: EngineConfig, name: str) -> dict[str, str]:
    """Return the text of every file by its name.

    Raises ValueError if `name` is not a Verilog identifier or the configuration is not legal.
    """
    check_module_name(name)
    engine = GemmAxis(config)
    waivers = resources.files("sim").joinpath("verilator.vlt").read_text(encoding="utf-8")
    return {
        f"{name}.v": emit_verilog(engine, name),
        f"{name}.md": _port_table(engine, name),
        f"{name}.vlt": waivers,
    }


def _port_table(engine: GemmAxis, name: str) -> str:
    """List the ports with direction, width and meaning."""
    config = engine.config
    values = {
        "rows": config.rows,
        "cols": config.cols,
        "pass_layout": _fields(engine.engine.i_pass.payload.shape()),
        "operations": ", ".join(f"{code.value} {code.name}" for code in AccumulateOperation),
        "word_layout": _fields(engine.engine.parameter_word.layout),
    }
    schemes = ", ".join(sorted(scheme.value for scheme in config.schemes))
    summary = (
        f"{config.rows} x {config.cols} array, rows grouped by {config.group}, passes of up to "
        f"{config.depth} rows, schemes {schemes}. A row of activations is a result after "
        f"{engine.engine.latency} cycles."
    )
    lines = [
        f"# Ports of `{name}`",
        "",
        summary,
        "",
        "| port | direction | bits | meaning |",
        "|---|---|---|---|",
    ]
    for port in ports(engine):
        meaning = _MEANINGS.get(port.name) or _HANDSHAKE[port.name.rpartition("_")[2]]
        direction = "in" if port.is_input else "out"
        lines.append(f"| {port.name} | {direction} | {port.width} | {meaning.format(**values)} |")
    return "\n".join(lines) + "\n"


def _fields(layout: object) -> str:
    """Say where each field of a struct stands, lowest first."""
    return ", ".join(
        f"{name} [{field.offset + field.width - 1}:{field.offset}]"
        for name, field in layout  # type: ignore[attr-defined]
    )
