"""What a run of a deployed model found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flow.layer_work import multiply_accumulates
from flow.machine_run import Program
from flow.model_graph import HardwareStep, Partition
from flow.network_run import host_layers
from flow.program_job import ProgramResult
from golden.compare import Comparison
from golden.kernels.kernel_set import Values
from golden.model import Node, Tensor
from golden.program import Counters
from hw.accelerator_config import AcceleratorConfig
from hw.gemm_accelerator_config import GemmAcceleratorConfig

__all__ = ["HardwareRun", "ModelRun", "TensorReport"]


@dataclass(frozen=True, eq=False)
class TensorReport:
    """What became of a tensor.

    Parameters
    ----------
    node : that writes it
    tensor : the model's
    host : why the host computes it; None if the accelerator does
    golden : what was computed against the kernel set; None if its place was used again
    runtime : the kernel set against the runtime; None if that did not run or does not show it
    cycles : predicted for the layer, all images together; 0 on the host
    """

    node: Node
    tensor: Tensor
    host: str | None
    golden: Comparison | None
    runtime: Comparison | None
    cycles: int = 0


@dataclass(frozen=True, eq=False)
class HardwareRun:
    """One of the networks that the accelerator ran.

    Parameters
    ----------
    step : the network
    program : what it became
    result : what was left and counted, all images together
    expected : golden's counters
    cycles : predicted for one program, by the names of layers and, for the whole, an empty one
    runs : of the program
    """

    step: HardwareStep
    program: Program
    result: ProgramResult
    expected: Counters
    cycles: Mapping[str, int]
    runs: int

    @property
    def products(self) -> int:
        """That the definitions of the layers have that it computes, all images together."""
        types, host = self.step.graph.types, host_layers(self.program)
        return self.runs * sum(
            multiply_accumulates(layer, [types[name] for name in layer.inputs])
            for layer in self.step.graph.layers
            if layer.name not in host
        )


@dataclass(frozen=True, eq=False)
class ModelRun:
    """What a run of a model found.

    Parameters
    ----------
    partition : what ran where
    config : the accelerator
    images : that were run, `batch` of them in a program
    tensors : every tensor that a node writes
    hardware : what the accelerator ran, in order
    seconds : that each stage took
    """

    partition: Partition
    config: AcceleratorConfig | GemmAcceleratorConfig
    images: int
    batch: int
    tensors: Sequence[TensorReport]
    hardware: Sequence[HardwareRun]
    values: Values
    seconds: Mapping[str, float]

    @property
    def differences(self) -> int:
        """Elements that are not what the kernel set makes them."""
        return sum(tensor.golden.count for tensor in self.tensors if tensor.golden)

    @property
    def runtime_differences(self) -> int:
        """Elements that the runtime makes otherwise than the kernel set."""
        return sum(tensor.runtime.count for tensor in self.tensors if tensor.runtime)

    @property
    def counters_differ(self) -> bool:
        """Whether something else was counted than by golden."""
        return any(run.result.counters != run.expected for run in self.hardware)

    @property
    def equal(self) -> bool:
        """Whether every element and every counter is what it must be."""
        return not (self.differences or self.runtime_differences or self.counters_differ)

    @property
    def cycles(self) -> int:
        """Of all programs and images: counted, or predicted where no clock runs."""
        return sum(
            run.cycles[""] * run.runs if run.result.cycles is None else run.result.cycles
            for run in self.hardware
        )

    @property
    def utilization(self) -> float:
        """Useful products over those that the array could do in the cycles."""
        engine = self.config.engine
        products = sum(run.products for run in self.hardware)
        possible: int = self.cycles * engine.rows * engine.cols
        return products / possible
