"""The tables of `docs/performance.md`."""

from collections.abc import Iterable, Sequence

from flow.compiler import compile_graph
from flow.example_networks import keyword_network, product, residual_network
from flow.graph import Graph
from flow.performance import (
    LayerPerformance,
    NetworkPerformance,
    elements,
    network_performance,
)
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from hw.launcher import StallCause

__all__ = ["EXAMPLE", "layers_table", "networks", "products_table", "tables"]

EXAMPLE = AcceleratorConfig(
    EngineConfig(rows=8, cols=8),
    activation_bytes=1 << 17,
    weight_words=1 << 15,
    program_words=1 << 14,
)
"""An array of 8 x 8, and memories for all of the examples."""

_PRODUCTS = ((8, 8, 8), (64, 64, 64), (256, 256, 256), *((m, 64, 64) for m in (1, 4, 7, 8, 9, 16)))

_CAUSES = {
    StallCause.WEIGHTS: "weights",
    StallCause.BANK: "banks",
    StallCause.PARAMETERS: "parameters",
    StallCause.RECURRENCE: "sums",
}


def networks() -> dict[str, Graph]:
    """The example networks by the titles that they have on the page."""
    return {"Keyword spotting": keyword_network(), "Residual network": residual_network()}


def tables() -> Iterable[str]:
    """Every table in order, as Markdown."""
    yield products_table()
    for graph in networks().values():
        yield layers_table(_performance(graph))


def products_table() -> str:
    """Products of matrices."""
    lines = []
    for m, k, n in _PRODUCTS:
        done = _performance(product(m, k, n))
        (layer,) = done.layers
        ideal = max(layer.roofs.values())
        lines.append(
            [
                f"{m} x {k} x {n}",
                done.cycles,
                done.streaming,
                ideal,
                done.streaming - ideal,
                _percent(done.products, done.streaming * elements(done.engine)),
                layer.roof.value,
            ]
        )
    titles = ["M x K x N", "cycles", "streaming", "ideal", "overhead", "utilization", "roof"]
    return _table(titles, lines)


def layers_table(done: NetworkPerformance) -> str:
    """The layers of a network, and their sum."""
    titles = ["layer", "products", "cycles", "utilization", "at the roof", "roof"]
    titles += ["products per byte of weights", "of activations", "cycles without a row"]
    lines = [_layer_line(layer, done) for layer in done.layers]
    used = _percent(done.products, done.cycles * elements(done.engine))
    lines.append(["all", done.products, done.cycles, used, "", "", "", "", ""])
    return _table(titles, lines)


def _layer_line(layer: LayerPerformance, done: NetworkPerformance) -> list[object]:
    engine = done.engine
    return [
        layer.name,
        layer.products,
        layer.cycles,
        _percent(layer.products, layer.cycles * elements(done.engine)),
        _percent(layer.products, layer.roofs[layer.roof] * elements(done.engine)),
        layer.roof.value,
        f"{layer.products_per_weight(engine):.1f}",
        f"{layer.products_per_activation(engine):.1f}",
        _stalls(layer),
    ]


def _stalls(layer: LayerPerformance) -> str:
    """Cycles without a row, by cause, without those that are 0."""
    without = layer.stalls.get(StallCause.ACTIVATIONS, 0)
    parts = {title: layer.stalls.get(cause, 0) for cause, title in _CAUSES.items()}
    parts |= {"outputs": layer.waits, "activations": without - layer.waits}
    parts |= {"start": layer.stalls.get(StallCause.PASS, 0)}
    return ", ".join(f"{count} {title}" for title, count in parts.items() if count)


def _performance(graph: Graph) -> NetworkPerformance:
    return network_performance(graph, compile_graph(graph, EXAMPLE))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.1f} %"


def _table(titles: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    rows = [titles, ["---", *["---:"] * (len(titles) - 1)], *lines]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)
