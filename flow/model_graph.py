"""A deployed model in parts: networks for the accelerator, and nodes for the host."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flow.compiler import compile_graph
from flow.graph import Graph
from flow.layers import Layer, TensorType
from flow.model_layers import lower_node
from flow.model_layout import Placement, placed_input
from flow.model_padding import fold_padding
from flow.model_site import (
    Lowered,
    OtherArithmeticError,
    Site,
    StaysOnHostError,
    quantization,
)
from flow.unsupported import Unsupported
from golden.kernels.kernel_set import KernelSet
from golden.model import Model, Node
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig

__all__ = [
    "HardwareStep",
    "HostStep",
    "Partition",
    "Step",
    "largest_memories",
    "partition_model",
]


@dataclass(frozen=True)
class HostStep:
    """A node that the kernel set computes, and why."""

    node: Node
    reason: str


@dataclass(frozen=True, eq=False)
class HardwareStep:
    """A network for the accelerator.

    Parameters
    ----------
    graph : its inputs and layers are named after the model's tensors
    inputs : model's tensors that the host writes
    tensors : model's tensors that are in memory afterwards; several may be at one place
    nodes : that it computes
    """

    graph: Graph
    inputs: Mapping[str, Placement]
    tensors: Mapping[str, Placement]
    nodes: Sequence[Node]


Step = HostStep | HardwareStep


@dataclass(frozen=True, eq=False)
class Partition:
    """A model in parts.

    Parameters
    ----------
    model : its nodes are those of the steps; padding may have moved into convolutions
    steps : in the order of execution
    folded : nodes of padding that did, each with the names of those convolutions
    """

    model: Model
    steps: Sequence[Step]
    folded: Mapping[str, tuple[str, ...]]

    @property
    def hardware(self) -> list[HardwareStep]:
        """What the accelerator runs."""
        return [step for step in self.steps if isinstance(step, HardwareStep)]

    @property
    def host(self) -> list[HostStep]:
        """What it does not."""
        return [step for step in self.steps if isinstance(step, HostStep)]


def largest_memories(engine: EngineConfig) -> AcceleratorConfig:
    """The accelerator with the largest memories that there can be."""
    return AcceleratorConfig(engine, 1 << 24, 1 << 20, 1 << 20, 1 << 18)


def partition_model(
    model: Model, kernels: KernelSet, engine: EngineConfig, *, batch: int
) -> Partition:
    """Divide a model between accelerator and host, in as few turns as possible.

    The accelerator gets every node that it computes to the last bit as the kernel set does; `batch`
    is the number of images that a program takes.

    Raises UserError, naming all such nodes, if there are convolutions or matrix products that the
    accelerator could run if the kernel set's arithmetic were its own, and if it can run no node.
    """
    folded = fold_padding(model)
    parts = _Parts(folded.model, kernels, engine, batch)
    steps = list(parts.steps())
    on_host = [step for step in steps if isinstance(step, HostStep)]
    refused = on_host if len(on_host) == len(steps) else []
    unsupported = Unsupported()
    for step in refused or (step for step in on_host if step.node.name in parts.other_arithmetic):
        unsupported.add(type(step.node.operator).__name__, step.node.name, step.reason)
    unsupported.check()
    return Partition(folded.model, steps, folded.folded)


class _Parts:
    """Takes the nodes that can be computed next, by turns for the host and for the accelerator."""

    def __init__(self, model: Model, kernels: KernelSet, engine: EngineConfig, batch: int) -> None:
        self._model = model
        self._kernels = kernels
        self._config = largest_memories(engine)
        self._batch = batch
        self._pending = list(model.nodes)
        self._reasons: dict[str, str] = {}
        self._known = {
            "",
            *model.inputs,
            *(name for name, tensor in model.tensors.items() if tensor.data is not None),
        }
        self.other_arithmetic: set[str] = set()

    def steps(self) -> Iterator[Step]:
        """All steps."""
        while self._pending:
            yield from self._host()
            segment = _Segment(self._model, self._kernels, self._config, self._batch)
            for node in self._ready():
                try:
                    segment.add(node)
                except StaysOnHostError as error:
                    self._reasons[node.name] = str(error)
                    if isinstance(error, OtherArithmeticError):
                        self.other_arithmetic.add(node.name)
                else:
                    self._done(node)
            if segment.nodes:
                yield segment.step(self._needed(segment))

    def _host(self) -> Iterator[HostStep]:
        """Nodes that must be computed by the host, as long as there are any."""
        for node in self._ready():
            if node.name in self._reasons:
                self._done(node)
                yield HostStep(node, self._reasons[node.name])

    def _ready(self) -> Iterator[Node]:
        """Nodes whose inputs are there, in order; those that are made ready meanwhile too."""
        for node in list(self._pending):
            if set(node.inputs) <= self._known:
                yield node

    def _done(self, node: Node) -> None:
        self._pending.remove(node)
        self._known |= set(node.outputs)

    def _needed(self, segment: "_Segment") -> set[str]:
        """The segment's tensors that something reads afterwards, or that are wanted in the end."""
        read = {name for node in self._pending for name in node.inputs}
        return {name for name in segment.tensors if name in read or name in self._model.outputs}


class _Segment:
    """A network that grows by nodes."""

    def __init__(
        self, model: Model, kernels: KernelSet, config: AcceleratorConfig, batch: int
    ) -> None:
        self._model = model
        self._kernels = kernels
        self._config = config
        self._batch = batch
        self._inputs: dict[str, Placement] = {}
        self._layers: list[Layer] = []
        self._types: dict[str, TensorType] = {}
        self.tensors: dict[str, Placement] = {}
        self.nodes: list[Node] = []

    def add(self, node: Node) -> None:
        """Take a node in. Raises StaysOnHostError if the accelerator cannot compute it."""
        names = [name for name in node.inputs if name and self._model.tensors[name].data is None]
        read = [self._placement(name) for name in names]
        lowered = lower_node(Site(self._model, node, self._kernels, read))
        if not lowered.layers and names[0] not in self.tensors:
            raise StaysOnHostError("it only rearranges what is on the host")
        self._types |= self._checked(lowered, read)
        self._inputs |= {
            name: place for name, place in zip(names, read, strict=True) if name not in self.tensors
        }
        self._layers += lowered.layers
        self.tensors[node.outputs[0]] = lowered.output
        self.nodes.append(node)

    def step(self, needed: set[str]) -> HardwareStep:
        """The network; `needed` are the tensors that are wanted afterwards."""
        outputs = dict.fromkeys(self.tensors[name].name for name in self.tensors if name in needed)
        inputs = {place.name: place.type(self._batch) for place in self._inputs.values()}
        graph = Graph(inputs, self._layers, tuple(outputs))
        return HardwareStep(graph, self._inputs, self.tensors, self.nodes)

    def _placement(self, name: str) -> Placement:
        if name in self.tensors:
            return self.tensors[name]
        tensor = self._model.tensors[name]
        quantization(tensor)
        return self._inputs.get(name) or placed_input(tensor, self._model.layout)

    def _checked(self, lowered: Lowered, read: Sequence[Placement]) -> dict[str, TensorType]:
        """The types of what the layers write, after the accelerator has been seen to fit them."""
        if not lowered.layers:
            return {}
        inputs = {
            place.name: self._types.get(place.name, place.type(self._batch)) for place in read
        }
        graph = Graph(inputs, lowered.layers)
        try:
            compile_graph(graph, self._config)
        except ValueError as error:
            raise StaysOnHostError(str(error)) from error
        return dict(graph.types)
