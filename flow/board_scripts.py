"""What makes a bitstream of a board's files in other people's tools. None of it is run here."""

from flow.board import Board, Toolchain
from flow.parts import Family

__all__ = ["board_scripts"]

_NOT_RUN = "lastbit does not run it: nobody has yet tried it on these files."

_VIVADO = """\
# Makes the bitstream of {title} from {name}.v and {name}.xdc:
#     vivado -mode batch -source {name}.tcl
# {not_run}
read_verilog {name}.v
read_xdc {name}.xdc
synth_design -top {name} -part {device}
opt_design
place_design
phys_opt_design
route_design
report_utilization -file {name}.utilization.rpt
report_timing_summary -file {name}.timing.rpt
set slack [get_property SLACK [get_timing_paths -delay_type max]]
if {{$slack < 0}} {{ error "timing fails by [expr -$slack] ns" }}
write_bitstream -force {name}.bit
"""

_QPF = """\
# The project of {title}: open it in Quartus, or
#     quartus_sh --flow compile {name}
# {not_run}
PROJECT_REVISION = "{name}"
"""

_QSF = """\
# {not_run}
set_global_assignment -name FAMILY "{family}"
set_global_assignment -name DEVICE {device}
set_global_assignment -name TOP_LEVEL_ENTITY {name}
set_global_assignment -name VERILOG_FILE {name}.v
set_global_assignment -name SDC_FILE {name}.sdc
set_global_assignment -name PROJECT_OUTPUT_DIRECTORY .
source {name}.pins.tcl
"""

_MAKE = """\
# Makes the bitstream of {title} with tools that are installed; `lastbit build` does the same with
# those of PyPI, and knows better places for an array's multipliers.
# {not_run}
YOSYS ?= yosys
NEXTPNR ?= {nextpnr}
PACK ?= {pack}

{name}{suffix}: {name}{routed}
\t$(PACK) {pack_arguments}

{name}{routed}: {name}.json {name}{pins}
\t$(NEXTPNR) {nextpnr_arguments} --freq {mhz:g} --seed 1

{name}.json: {name}.v
\t$(YOSYS) -p "read_verilog {name}.v; {synth} -top {name} -json {name}.json"

.PHONY: load clean
load: {name}{suffix}
\t{load}
clean:
\trm -f {name}{suffix} {name}{routed} {name}.json
"""

_ECP5_SIZES = {"12F": "--12k", "25F": "--25k", "45F": "--45k", "85F": "--85k"}


def board_scripts(board: Board, name: str) -> dict[str, str]:
    """Return the name and the text of each script of a board, whose top module is `name`."""
    words = {
        "name": name,
        "title": board.title,
        "device": board.device,
        "family": board.device_family,
        "not_run": _NOT_RUN,
    }
    if board.toolchain is Toolchain.VIVADO:
        return {f"{name}.tcl": _VIVADO.format(**words)}
    if board.toolchain is Toolchain.QUARTUS:
        return {f"{name}.qpf": _QPF.format(**words), f"{name}.qsf": _QSF.format(**words)}
    return {"Makefile": _MAKE.format(**words, **_open_tools(board, name))}


def _open_tools(board: Board, name: str) -> dict[str, object]:
    """Commands and suffixes of the family's tools."""
    words: dict[str, object] = {"mhz": float(board.made_frequency)}
    extra = " ".join(["", *board.pack])
    if board.family is Family.ECP5:
        assert board.part is not None
        size = _ECP5_SIZES[board.part.name.rpartition("-")[2]]
        words |= {
            "nextpnr": "nextpnr-ecp5",
            "nextpnr_arguments": f"{size} --package {board.package} --speed {board.speed} "
            f"--router router1 --json {name}.json --lpf {name}.lpf --textcfg {name}.config",
            "pack": "ecppack",
            "pack_arguments": f"--compress{extra} {name}.config {name}.bit",
            "synth": "synth_ecp5 -abc9",
            "suffix": ".bit",
            "routed": ".config",
            "pins": ".lpf",
        }
    elif board.family is Family.ICE40:
        words |= {
            "nextpnr": "nextpnr-ice40",
            "nextpnr_arguments": f"--up5k --package {str(board.package).lower()} "
            f"--json {name}.json --pcf {name}.pcf --asc {name}.asc",
            "pack": "icepack",
            "pack_arguments": f"{extra} {name}.asc {name}.bin".strip(),
            "synth": "synth_ice40 -abc9 -device u -dsp",
            "suffix": ".bin",
            "routed": ".asc",
            "pins": ".pcf",
        }
    else:
        words |= {
            "nextpnr": "nextpnr-himbaechel --uarch gowin",
            "nextpnr_arguments": f"--device GW1NR-LV9{board.package}{board.speed} "
            f"--vopt family=GW1N-9C --vopt cst={name}.cst --json {name}.json "
            f"--write {name}.routed.json",
            "pack": "gowin_pack",
            "pack_arguments": f"-d GW1N-9C{extra} -o {name}.fs {name}.routed.json",
            "synth": "synth_gowin",
            "suffix": ".fs",
            "routed": ".routed.json",
            "pins": ".cst",
        }
    return words | {"load": board.load.format(file=f"{name}{words['suffix']}")}
