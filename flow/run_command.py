"""`lastbit run`: a network or a deployed model on the accelerator, every tensor compared."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flow.engine_options import engine_options, memory_options
from flow.errors import UserError, user_input
from flow.parts import Family
from hw.multiplier_kind import MultiplierKind

if TYPE_CHECKING:
    import numpy.typing as npt
    from rich.console import Console

    from flow.job import Level
    from flow.netlist_level import NetlistLevel
    from flow.run_place import RunPlace
    from golden.kernels.kernel_set import Values
    from golden.kernels.registry import KernelSets
    from golden.model import Model

__all__ = ["command"]

NETWORK = ".npz"
RTL, NETLIST, BOARD = "rtl", "netlist", "board"


@click.command("run")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--input",
    "inputs",
    multiple=True,
    required=True,
    metavar="[NAME=]FILE",
    help="Numbers of an input; NAME= where there are several. A model takes float32 too.",
)
@click.option(
    "--on",
    "level",
    type=click.Choice(["golden", RTL, "verilator", "icarus", NETLIST, BOARD]),
    default=RTL,
    show_default=True,
    help="Where it runs: the NumPy model, the generated Verilog (rtl: in Verilator), an FPGA's "
    "netlist, or a board.",
)
@click.option(
    "--family",
    type=click.Choice([family.value for family in Family]),
    help="Whose cells the netlist is made of.",
)
@click.option("--board", metavar="NAME", help="Which board; what is not given is the board's.")
@click.option(
    "--port", type=click.Path(path_type=Path), help="Serial port of the board: /dev/ttyUSB0."
)
@click.option("--baud", type=int, help="Bits a second of the board's serial line.")
@engine_options(
    rows=8,
    cols=8,
    depth=512,
    lanes=None,
    multiplier=MultiplierKind.PORTABLE.value,
    dsp_rows=None,
    dsp_cols=None,
)
@memory_options(activation_bytes=None, weight_words=None, parameter_words=None, program_words=None)
@click.option(
    "--clock", type=float, metavar="MHZ", help="For the time.  [default: 100, or the board's]"
)
@click.option("--kernels", metavar="NAME", help="Kernel set of a model.  [default: of its runtime]")
@click.option(
    "--runtime/--no-runtime",
    "runtime",
    default=None,
    help="Compare a model with its runtime.  [default: if it is installed]",
)
@click.option("--batch", type=int, help="Images in a program of a model.  [default: a few]")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write every tensor to, as .npy.",
)
@click.option(
    "--reduce",
    "small",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="If the accelerator is wrong, write the smallest job that shows it.",
)
def command(
    model: Path,
    inputs: tuple[str, ...],
    level: str,
    family: str | None,
    board: str | None,
    port: Path | None,
    baud: int | None,
    engine: dict[str, Any],
    memories: dict[str, int | None],
    clock: float | None,
    kernels: str | None,
    runtime: bool | None,
    batch: int | None,
    out: Path | None,
    small: Path | None,
) -> None:
    """Run a MODEL (.tflite, .onnx) or network (.npz) on the accelerator and compare every tensor.

    A model's tensors are compared with what its kernel set makes of the inputs, and these with the
    runtime's; what the accelerator cannot run is computed by the kernel set, and named. The first
    element that differs is explained. A board must hold the bitstream of `lastbit build` with the
    same options; it is asked if it does.

    Exit status: 0 all equal, 1 something differs, 2 bad input.
    """
    from rich.console import Console

    from flow.mismatch_job import check_folder
    from flow.run_place import board_place, level_place
    from flow.tensor_files import write_tensors

    where = _level(level, family, {"--board": board, "--port": port, "--baud": baud})
    if where is None:
        given = {key: value for key, value in (engine | memories).items() if _is_given(key)}
        place = board_place(board, port, given, baud=baud, clock=clock)
    else:
        place = level_place(where, engine, memories, clock)
    if small is not None:
        if place.gemm is not None:
            raise UserError("--reduce is for accelerators that run programs, and this runs jobs")
        check_folder(small)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140
    common = _Common(model, inputs, place, small)
    if model.suffix == NETWORK:
        for name, value in (("--kernels", kernels), ("--runtime", runtime), ("--batch", batch)):
            if value is not None:
                raise UserError(f"{name} is for .tflite and .onnx models, and {model} is a network")
        equal, tensors = common.network(console)
    else:
        equal, tensors = common.model(console, kernels, runtime, batch)
    if out is not None:
        write_tensors(tensors, out)
        console.print(f"{len(tensors)} tensors are in {out}")
    if not equal:
        click.get_current_context().exit(1)


def _level(
    level: str, family: str | None, of_boards: dict[str, object]
) -> "Level | NetlistLevel | None":
    """Where it runs, None for a board; options that belong elsewhere are refused."""
    from flow.job import Level
    from flow.netlist_level import NetlistLevel

    if (family is not None) != (level == NETLIST):
        raise UserError("--on netlist and --family belong together: say both, or neither")
    if level == BOARD:
        return None
    for name, value in of_boards.items():
        if value is not None:
            raise UserError(f"{name} is for a board; say --on board")
    if family is not None:
        return NetlistLevel(Family(family))
    return Level("verilator" if level == RTL else level)


def _is_given(option: str) -> bool:
    """Whether an option stands on the command line."""
    source = click.get_current_context().get_parameter_source(option)
    return source is not click.core.ParameterSource.DEFAULT


class _Common:
    """What networks and models are run with; each returns whether all is equal, and the tensors."""

    def __init__(
        self,
        path: Path,
        inputs: tuple[str, ...],
        place: "RunPlace",
        small: Path | None,
    ) -> None:
        self._path = path
        self._inputs = inputs
        self._on = place
        self._small = small

    def network(self, console: "Console") -> "tuple[bool, dict[str, npt.NDArray[Any]]]":
        """A network that is for the accelerator already."""
        from flow.graph_file import load_graph
        from flow.mismatch_run import explain_run, ran_network
        from flow.model_memories import compile_together
        from flow.network_run import read_inputs, run_network
        from flow.run_tables import show_network

        graph = load_graph(self._path)
        values = read_inputs(graph, self._inputs)
        with user_input():
            config = (
                self._on.gemm
                or compile_together([graph], self._on.engine, self._on.memories)[0].config
            )
        with console.status("begin") as status:
            run = run_network(graph, values, config, self._on.place, on_stage=status.update)
        show_network(run, console, self._on.clock)
        if not run.equal and self._on.gemm is None:
            ran = ran_network(graph, values, run)
            explain_run(ran, self._on.place, console, folder=self._small)
        return run.equal, dict(run.result.tensors)

    def model(
        self, console: "Console", kernels: str | None, runtime: bool | None, batch: int | None
    ) -> "tuple[bool, dict[str, npt.NDArray[Any]]]":
        """A deployed model."""
        from flow.mismatch_run import explain_run, ran_model
        from flow.model_file import load_model
        from flow.model_inputs import read_model_inputs
        from flow.model_run import Target, run_model
        from flow.model_runtime import Runtime
        from flow.run_tables import show_model
        from golden.kernels.registry import KernelSets

        loaded = load_model(self._path)
        with user_input("--kernels"):
            chosen = KernelSets.parse(kernels) if kernels else Runtime.of(self._path).kernels[0]
        if batch is not None and batch < 1:
            raise UserError(f"--batch must be at least 1, not {batch}")
        values = read_model_inputs(loaded, self._inputs, chosen.kernels)
        target = Target(self._on.engine, self._on.place, self._on.memories, batch, self._on.gemm)
        with console.status("runtime") as status, user_input():
            shown = self._runtime(loaded, values, chosen, runtime, console)
            run = run_model(
                loaded, values, chosen.kernels, target, runtime=shown, on_stage=status.update
            )
        show_model(run, console, self._on.clock)
        if (run.differences or run.counters_differ) and self._on.gemm is None:
            explain_run(ran_model(run), self._on.place, console, folder=self._small)
        return run.equal, {
            name: run.values[name] for name in loaded.activations if name in run.values
        }

    def _runtime(
        self,
        model: "Model",
        values: "Values",
        kernels: "KernelSets",
        wanted: bool | None,
        console: "Console",
    ) -> "Values | None":
        """What the runtime makes of the inputs; None, and why, if it is not asked."""
        from flow.model_runtime import Runtime, run_runtime

        if wanted is False:
            return None
        runtime = Runtime.of(self._path)
        reason = runtime.missing
        if kernels not in runtime.kernels:
            reason = f"kernel set {kernels.value} is not one of {self._path.name}'s runtime"
        if reason and wanted is None:
            console.print(f"not compared with the runtime: {reason}", markup=False)
            return None
        return run_runtime(self._path, model, values, kernels)
