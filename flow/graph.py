"""An int8 network: layers that read each other's tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flow.layers import Layer, TensorType

__all__ = ["Graph"]


@dataclass(frozen=True, eq=False)
class Graph:
    """A network, checked: every tensor's type follows from the inputs'.

    Parameters
    ----------
    inputs : the types of the network's inputs, by name
    layers : in an order in which each reads only inputs and what earlier layers write
    outputs : the tensors that are wanted in the end; the last layer's, if there are none

    Members
    -------
    types : the type of every tensor, by name
    """

    inputs: Mapping[str, TensorType]
    layers: Sequence[Layer]
    outputs: Sequence[str] = ()
    types: Mapping[str, TensorType] = field(init=False)

    def __post_init__(self) -> None:
        if not self.inputs or not self.layers:
            raise ValueError("a network must have at least one input and one layer")
        types = dict(self.inputs)
        for layer in self.layers:
            if layer.name in types:
                raise ValueError(f"layer {layer.name} must have a name that no other tensor has")
            for name in layer.inputs:
                if name not in types:
                    raise ValueError(
                        f"layer {layer.name} reads {name}, which no layer before it writes; "
                        f"there are {', '.join(types)}"
                    )
            try:
                types[layer.name] = layer.output([types[name] for name in layer.inputs])
            except (TypeError, ValueError) as error:
                raise type(error)(f"layer {layer.name}: {error}") from error
        outputs = tuple(self.outputs) or (self.layers[-1].name,)
        for name in outputs:
            if name not in types:
                raise ValueError(f"output {name} must be one of {', '.join(types)}")
        object.__setattr__(self, "outputs", outputs)
        object.__setattr__(self, "types", types)
