"""The demo's report page: one self-contained HTML file, without scripts."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from html import escape
from importlib.resources import files
from string import Template

import numpy as np
import numpy.typing as npt

from flow.charts import ClippingRange, Phase, histogram, pixels, timeline
from flow.demo_result import DemoResult, LayerResult
from flow.feature_maps import feature_maps
from golden.quantize import Quantization

__all__ = ["report"]

DIGITS_SHOWN = 40


def report(result: DemoResult) -> str:
    """The page as text. Every number on it is from `result`."""
    template = Template(files("flow").joinpath("report.html").read_text(encoding="utf-8"))
    return template.substitute(
        style=files("flow").joinpath("page.css").read_text(encoding="utf-8"),
        verdict=escape(_sentence(result.verdict)),
        verdict_class="equal" if result.equal else "different",
        summary=escape(_summary(result)),
        figures=_figures(result),
        layer_rows=_lines(_layer_row(layer) for layer in result.layers),
        layer_total=_layer_total(result),
        timeline=timeline(
            [Phase(layer.name, np.full(layer.rows, layer.utilization)) for layer in result.layers],
            label=f"Utilization over {result.rows:,} rows of activations",
            unit="rows of activations",
        ),
        counter_rows=_lines(_counter_rows(result)),
        maps=feature_maps(result, int(_shown(result)[0][0])),
        held_out=f"{len(result.held_out):,}",
        accuracy_rows=_lines(_accuracy_rows(result)),
        digits_caption=escape(_digits_caption(result)),
        digits=_lines(_digit_items(result)),
        error_rows=_lines(_error_row(layer) for layer in result.layers),
        histograms=_lines(_histograms(result)),
        facts=_lines(_facts(result)),
    )


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]


def _summary(result: DemoResult) -> str:
    return (
        f"A convolutional network read {len(result.held_out):,} scanned digits that it was not "
        "trained on. It was compiled to a program of the accelerator, and every output of every "
        "layer that the program left in the activation memory was compared with the golden model "
        "of the network, which knows no programs."
    )


def _figures(result: DemoResult) -> str:
    ran = result.accuracies[-1]
    kinds = {
        "held-out images read right": f"{ran.fraction:.1%}",
        "elements that differ from golden": f"{result.differences:,}",
    }
    if result.cycles is not None:
        kinds["clock cycles"] = f"{result.cycles:,}"
    kinds["array utilization"] = f"{result.utilization:.1%}"
    return _lines(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in kinds.items())


def _layer_row(layer: LayerResult) -> str:
    cells = _cells(
        " × ".join(map(str, layer.shape)),
        f"{layer.comparison.total:,}",
        f"{layer.comparison.count:,}",
        f"{layer.multiply_accumulates:,}",
        f"{layer.rows:,}",
        f"{layer.utilization:.1%}",
    )
    return (
        f'<tr><th scope="row">{escape(layer.name)}</th><td class="words">{escape(layer.kind)}</td>'
        f"{cells}</tr>"
    )


def _layer_total(result: DemoResult) -> str:
    cells = _cells(
        "",
        "",
        f"{result.elements:,}",
        f"{result.differences:,}",
        f"{sum(layer.multiply_accumulates for layer in result.layers):,}",
        f"{result.rows:,}",
        f"{result.utilization:.1%}",
    )
    return f'<tr><th scope="row">together</th>{cells}</tr>'


def _counter_rows(result: DemoResult) -> Iterator[str]:
    counted = asdict(result.counters)
    for name, expected in asdict(result.expected_counters).items():
        cells = _cells(f"{counted[name]:,}", f"{expected:,}")
        yield f'<tr><th scope="row">{escape(name.replace("_", " "))}</th>{cells}</tr>'


def _accuracy_rows(result: DemoResult) -> Iterator[str]:
    for accuracy in result.accuracies:
        cells = _cells(f"{accuracy.right} of {accuracy.total}", f"{accuracy.fraction:.1%}")
        kind = ' class="main"' if accuracy is result.accuracies[-1] else ""
        yield (
            f'<tr{kind}><th scope="row">{escape(accuracy.network)}</th>{cells}'
            f'<td class="words">{escape(accuracy.computed_by)}</td></tr>'
        )


def _error_row(layer: LayerResult) -> str:
    weights, outputs = layer.weights, layer.error
    cells = _cells(
        f"{weights.error.sqnr_db:.1f} dB" if weights else "",
        f"{weights.error.clipped:.2%}" if weights else "",
        f"{outputs.sqnr_db:.1f} dB",
        f"{outputs.max_abs:.3g}",
        f"{outputs.clipped:.2%}",
    )
    return f'<tr><th scope="row">{escape(layer.name)}</th>{cells}</tr>'


def _shown(result: DemoResult) -> tuple[npt.NDArray[np.int64], int]:
    """Which images are shown, the wrong ones first, and how many of them are wrong."""
    wrong = result.predictions != result.held_out.labels
    order = np.argsort(~wrong, kind="stable")[:DIGITS_SHOWN]
    return order, int(wrong[order].sum())


def _digits_caption(result: DemoResult) -> str:
    shown, wrong = _shown(result)
    total = len(result.held_out) - result.accuracies[-1].right
    which = f"All {wrong}" if wrong == total else f"The first {wrong} of {total}"
    rest = f", then the first {len(shown) - wrong} read right" if len(shown) > wrong else ""
    return f"{which} held-out images that were read wrong{rest}."


def _digit_items(result: DemoResult) -> Iterator[str]:
    for index in _shown(result)[0]:
        read, label = int(result.predictions[index]), int(result.held_out.labels[index])
        words = f"A scan of the digit {label}, read as {read}"
        image = pixels(result.held_out.images[index, ..., 0], label=words)
        if read == label:
            yield f"<li>{image}<b>{read}</b></li>"
        else:
            yield f'<li class="wrong">{image}<b>{read}</b>should be {label}</li>'


def _histograms(result: DemoResult) -> Iterator[str]:
    """The weights of all layers, then their outputs: a row of the page each."""
    for layer in result.layers:
        if layer.weights is not None:
            weights = layer.weights
            yield _histogram(f"{layer.name}: weights", weights.values, weights.quantization)
    for layer in result.layers:
        yield _histogram(f"{layer.name}: outputs", layer.float_outputs, layer.quantization)


def _histogram(name: str, values: npt.NDArray[np.float32], quantization: Quantization) -> str:
    low, high = (np.atleast_1d(end) for end in (quantization.range.low, quantization.range.high))
    clipping = ClippingRange((low.min(), high.max()), (low.max(), high.min()))
    words = f"{values.size:,} values from {values.min():.3g} to {values.max():.3g}; "
    if low.size == 1:
        words += f"range {low[0]:.3g} to {high[0]:.3g}"
    else:
        words += f"range ±{high.min():.3g} to ±{high.max():.3g} by channel"
    words = words.replace("-", "−")
    chart = histogram(values, clipping, label=f"Histogram of {name}: {words}")
    return (
        f'<figure class="card"><h3>{escape(name)}</h3>{chart}'
        f"<figcaption>{escape(words)}</figcaption></figure>"
    )


def _facts(result: DemoResult) -> Iterator[str]:
    times = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.seconds.items())
    for name, value in {**result.settings, "wall time": times}.items():
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"


def _cells(*values: str) -> str:
    return "".join(f"<td>{escape(value)}</td>" for value in values)


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts)
