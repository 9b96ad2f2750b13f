"""Running a GEMM job on an engine in a simulator.

`run_gemm` is called by whoever wants the outputs; the coroutine below it runs in the simulator.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt

from sim import clock
from sim.environment import parameters
from sim.errors import SimulationError
from sim.gemm_job import GemmJob, GemmStreams
from sim.runner import run
from sim.simulator import Simulator
from sim.streams import StreamDriver, StreamMonitor

__all__ = ["GemmRun", "run_gemm"]

_STREAMS = ("passes", "weights", "activations", "parameters")
_PREFIXES = ("pass", "weight", "activation", "parameter")


@dataclass(frozen=True, eq=False)
class GemmRun:
    """What an engine put out, and when.

    Parameters
    ----------
    outputs : (M, N)
    cycles : from the first row of activations taken to the last row of results, both included
    busy : bool (cycles,), in which of them a row of activations was taken
    """

    outputs: npt.NDArray[Any]
    cycles: int
    busy: npt.NDArray[np.bool_]


def run_gemm(
    job: GemmJob,
    verilog: str,
    top: str,
    *,
    simulator: Simulator,
    waves: Path | None = None,
    build_root: Path = Path("build/sim"),
    timeout: float = 600,
) -> GemmRun:
    """Run a job on module ``top`` of ``verilog``, which is `hw.gemm_axis.GemmAxis` as emitted.

    ``waves`` is a .vcd file to write, ``timeout`` as `sim.runner.run` has it.

    Raises
    ------
    SimulationError
        The simulator failed, or the engine broke a rule of its streams.
    """
    streams = job.streams()
    with TemporaryDirectory(prefix="lastbit-job-") as name:
        inputs, outputs = Path(name, "inputs.npz"), Path(name, "outputs.npz")
        _save(inputs, streams)
        result = run(
            verilog,
            top,
            __name__,
            simulator=simulator,
            seed=0,
            parameters={
                "inputs": str(inputs),
                "outputs": str(outputs),
                "beats": job.output_beats,
                "within": _patience(streams),
            },
            waves=waves,
            build_root=build_root,
            timeout=timeout,
        )
        if result.failures:
            raise SimulationError(f"{top}: {result.failures[0].message}")
        with np.load(outputs) as saved:
            beats = [int.from_bytes(row.tobytes(), "little") for row in saved["output"]]
            taken, given = saved["taken"], saved["given"]
    first = int(taken[0])
    busy = np.zeros(int(given[-1]) - first + 1, np.bool_)
    busy[taken - first] = True
    return GemmRun(job.collect(beats), len(busy), busy)


def _patience(streams: GemmStreams) -> int:
    """Cycles after which a job without stalls is surely stuck."""
    return 10_000 + 4 * sum(len(getattr(streams, name)) for name in _STREAMS)


def _save(path: Path, streams: GemmStreams) -> None:
    """Save the beats of each stream as rows of bytes, lowest first."""
    arrays = {name: _to_bytes(getattr(streams, name)) for name in _STREAMS}
    np.savez(path, **arrays)  # type: ignore[arg-type]


def _to_bytes(beats: Any) -> npt.NDArray[np.uint8]:
    width = max(1, -(-max(beat.bit_length() for beat in beats) // 8))
    data = b"".join(beat.to_bytes(width, "little") for beat in beats)
    return np.frombuffer(data, np.uint8).reshape(len(beats), width)


@cocotb.test()
async def gemm(dut: Any) -> None:
    """Feed the job's streams, and keep what comes out."""
    settings = parameters()
    await clock.start(dut)
    output = StreamMonitor(dut, "m_axis_output")
    drivers = [StreamDriver(dut, f"s_axis_{prefix}") for prefix in _PREFIXES]
    with np.load(settings["inputs"]) as saved:
        for driver, name in zip(drivers, _STREAMS, strict=True):
            driver.start([int.from_bytes(row.tobytes(), "little") for row in saved[name]])
    beats = await output.receive(settings["beats"], within=settings["within"])
    np.savez(
        settings["outputs"],
        output=_to_bytes(beats),
        taken=np.array(drivers[2].cycles),
        given=np.array(output.cycles),
    )
