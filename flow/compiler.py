"""From a network to a program for an accelerator of some configuration."""

from collections.abc import Iterator
from contextlib import contextmanager

from flow.allocation import Reuse
from flow.compiled_program import CompiledProgram, LayerCode, TensorPlace
from flow.constants import ParameterImage, WeightImage
from flow.graph import Graph
from flow.hazards import with_waits
from flow.instruction_words import encode
from flow.layers import Layer
from flow.lowering.layer import lower_layer
from flow.lowering.nest import Addresses, Nest, instructions
from flow.tensor_memory import tensor_addresses
from golden.instruction import Instruction, Opcode
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig

__all__ = ["compile_graph"]


def compile_graph(
    graph: Graph, config: AcceleratorConfig, *, reuse: Reuse = Reuse.BY_LIFETIME
) -> CompiledProgram:
    """Compile a network.

    Every accumulator is proven wide enough from the actual weights. Raises ValueError, in a
    sentence that names the layer, if one cannot be proven so or does not fit; it says which
    parameter of the configuration to change, and to what.
    """
    addresses = tensor_addresses(graph, config.activation_bytes, reuse)
    weights, parameters = WeightImage(config.engine.cols), ParameterImage()
    program: list[Instruction] = []
    layers = []
    outgrown = _Outgrown()
    for layer in graph.layers:
        first = len(program)
        with _naming(layer):
            for nest in lower_layer(
                layer, [graph.types[name] for name in layer.inputs], config.engine
            ):
                _check_weights(nest, config.engine)
                at = Addresses(
                    source=addresses[nest.source],
                    target=addresses[layer.name],
                    weights=weights.place(nest.tiles),
                    parameters=parameters.place(nest.parameters),
                )
                program += instructions(nest, at, config.engine.depth)
            for step in program[first:]:
                encode(step)  # raises for a field that is too small
                _check_start(step, config)
        layers.append(LayerCode(layer.name, first, len(program) - first))
        outgrown.note(layer, "weight_words", len(weights), config.weight_words)
        outgrown.note(layer, "parameter_words", len(parameters.words), config.parameter_words)
        words = (len(program) + 1) * config.program_words // config.instructions
        outgrown.note(layer, "program_words", words, config.program_words)
    outgrown.check()
    program = [*with_waits(program), Instruction(opcode=Opcode.HALT)]
    return CompiledProgram(
        config=config,
        instructions=program,
        weights=weights.words,
        parameters=parameters.words,
        tensors={name: TensorPlace(addresses[name], kind) for name, kind in graph.types.items()},
        layers=layers,
        inputs=tuple(graph.inputs),
        outputs=tuple(graph.outputs),
    )


def _check_weights(nest: Nest, engine: EngineConfig) -> None:
    if not engine.weight.contains(nest.tiles):
        raise ValueError(
            f"its weights reach from {nest.tiles.min()} to {nest.tiles.max()}, and the engine's "
            f"are {engine.weight}; take an engine with wider ones"
        )


def _check_start(step: Instruction, config: AcceleratorConfig) -> None:
    """Raise ValueError for padding before an image that the accelerator cannot count."""
    before = -min(step.x_start, step.y_start)
    if before > config.activation_bytes:
        needed = -(-before // config.banks) * config.banks
        raise ValueError(
            f"its padding begins {before} bytes or rows before the image, and there are "
            f"{config.activation_bytes} activation_bytes; it needs activation_bytes={needed}"
        )


class _Outgrown:
    """The first layer that does not fit each memory, and what the whole network needs."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, int]] = {}
        self._needed: dict[str, int] = {}

    def note(self, layer: Layer, parameter: str, needed: int, available: int) -> None:
        """Note how much is needed up to a layer."""
        if needed > available:
            self._first.setdefault(parameter, (layer.name, available))
            self._needed[parameter] = needed

    def check(self) -> None:
        """Raise ValueError for the first memory that is too small."""
        for parameter, (name, available) in self._first.items():
            raise ValueError(
                f"layer {name} does not fit: there are {available} {parameter}, and the network "
                f"needs {parameter}={self._needed[parameter]}"
            )


@contextmanager
def _naming(layer: Layer) -> Iterator[None]:
    """Put the layer's name before what its lowering says."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"layer {layer.name}: {error}") from error
