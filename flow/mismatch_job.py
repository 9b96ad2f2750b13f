"""A folder with a small job that fails: network, inputs, outputs, waveform and command line."""

import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flow.errors import UserError
from flow.files import write_array
from flow.graph_file import save_graph
from flow.job import Level, Place
from flow.mismatch import Mismatch, explain_mismatch
from flow.mismatch_cuts import NetworkJob
from flow.mismatch_location import Location
from flow.mismatch_report import cause_lines, place_lines
from flow.model_memories import MEMORIES
from flow.network_run import compile_network, kept_tensors
from flow.program_job import run_program_job
from flow.program_machine import open_machine
from flow.reference import run_reference
from flow.tensor_files import file_names
from hw.accelerator_config import AcceleratorConfig
from sim.waveform import cut_waveform

__all__ = ["JobTarget", "SmallJob", "check_folder", "write_job"]

Int8Array = npt.NDArray[np.int8]

NETWORK, README, WAVES = "network.npz", "README.txt", "waves.vcd"
_ENGINE_OPTIONS = ("rows", "cols", "depth", "lanes", "multiplier")
_LONGEST_WINDOW = 512
_MARGIN = 8


@dataclass(frozen=True)
class JobTarget:
    """Where jobs run: one accelerator, built once, at a level."""

    config: AcceleratorConfig
    level: Place
    build_root: Path = Path("build/sim")

    def fails(self, job: NetworkJob) -> bool:
        """Whether a job can be run and gives something else than golden."""
        try:
            return self.run(job) is not None
        except UserError:
            return False

    def run(self, job: NetworkJob) -> "SmallJob | None":
        """Run a job; None if it gives what golden does."""
        program = compile_network(job.graph, self.config)
        result = run_program_job(program, job.inputs, self.level, build_root=self.build_root)
        expected = run_reference(job.graph, job.inputs)
        kept = kept_tensors(job.graph, program)
        if all(np.array_equal(result.tensors[name], expected[name]) for name in kept):
            return None
        return SmallJob(job, expected, result.tensors)

    def options(self) -> dict[str, str]:
        """What `lastbit run` takes for it."""
        engine = self.config.engine
        known = {field.name for field in fields(engine)}
        values = {name: getattr(engine, name) for name in _ENGINE_OPTIONS if name in known}
        values |= {name: getattr(self.config, name) for name in MEMORIES}
        place = {"on": self.level.value} if isinstance(self.level, Level) else self.level.options
        return place | {
            name.replace("_", "-"): str(value.value if isinstance(value, Enum) else value)
            for name, value in values.items()
        }


@dataclass(frozen=True, eq=False)
class SmallJob:
    """A job that fails: every tensor as it must be, and as it is."""

    job: NetworkJob
    expected: Mapping[str, Int8Array]
    actual: Mapping[str, Int8Array]


def check_folder(folder: Path) -> None:
    """Raise UserError unless a folder can be made, or is there and empty."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(f"--reduce {folder} is there already; name a folder that is not")
    if not folder.absolute().parent.is_dir():
        raise UserError(f"--reduce {folder} cannot be made; make the folder {folder.parent} first")


def write_job(folder: Path, small: SmallJob, target: JobTarget, whole: Mismatch) -> Mismatch | None:
    """Write a job that fails, and return what is wrong in it; the folder is there whole or not.

    `whole` is what was wrong in the job that it comes from: more differences say more of the cause.

    Raises
    ------
    UserError
        It cannot be written.
    """
    program = compile_network(small.job.graph, target.config)
    mismatch = explain_mismatch(small.job.graph, program, small.expected, small.actual)
    check_folder(folder)
    try:
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
    except OSError as error:
        raise UserError(f"--reduce {folder} cannot be made: {error.strerror}") from error
    try:
        made.chmod(0o755)
        output = small.job.graph.outputs[0] if mismatch is None else mismatch.location.layer
        lines = [*_heading(small, output), *_arrays(made, small, target, output)]
        if mismatch is not None and target.level is not Level.GOLDEN:
            lines += _waves(made, small.job, target, mismatch.location)
        lines += [] if mismatch is None else place_lines(mismatch)
        lines += ["", "In the job that this comes from:", *cause_lines(whole)]
        (made / README).write_text("\n".join(lines) + "\n", encoding="utf-8")
        made.replace(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return mismatch


def _heading(small: SmallJob, output: str) -> list[str]:
    layers = ", ".join(layer.name for layer in small.job.graph.layers)
    return [f"The smallest job found in which {output} is wrong. Layers: {layers}.", ""]


def _arrays(folder: Path, small: SmallJob, target: JobTarget, output: str) -> list[str]:
    """Write network, inputs and outputs; return the lines about them."""
    graph = small.job.graph
    save_graph(folder / NETWORK, graph)
    command = ["lastbit", "run", NETWORK]
    files = file_names(small.job.inputs, ("expected.npy", "actual.npy"))
    for name, values in small.job.inputs.items():
        file = files[name]
        write_array(folder / file, values)
        command += ["--input", file if len(graph.inputs) == 1 else f"{name}={file}"]
    for option, value in target.options().items():
        command += [f"--{option}", value]
    write_array(folder / "expected.npy", small.expected[output])
    write_array(folder / "actual.npy", small.actual[output])
    return [
        f"    {shlex.join(command)}",
        "",
        f"expected.npy is what golden makes of it ({output}), actual.npy what the hardware made.",
        "",
    ]


def _waves(folder: Path, job: NetworkJob, target: JobTarget, at: Location) -> list[str]:
    """Record the cycles around an element, in Verilator; return the lines about them."""
    stop = at.written + _MARGIN
    first = max(at.passes[0].launched - at.row - _MARGIN, stop - _LONGEST_WINDOW, 0)
    program = compile_network(job.graph, target.config)
    whole = folder / "whole.vcd"
    root = target.build_root
    try:
        with open_machine(program, Level.VERILATOR, waves=whole, build_root=root) as machine:
            machine.run(job.inputs)
    except UserError as error:
        whole.unlink(missing_ok=True)
        return [f"There is no waveform: {error}", ""]
    cut_waveform(whole, folder / WAVES, range(first, stop))
    whole.unlink()
    signals = (
        f"In core.datapath.engine: launcher, array, bank_{at.column} (i_sum in cycle "
        f"{at.passes[-1].summed}), lanes.lane_{at.lane}; in core: write_en, write_address and "
        f"write_data in cycle {at.written}."
    )
    shown = f"{WAVES} has cycles {first} to {stop - 1} of the run; cycle n begins at n * 10 ns."
    return [shown, signals, ""]
