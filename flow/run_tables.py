"""What `lastbit run` says about a run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table

from flow.compiled_program import CompiledProgram
from flow.layer_work import kind
from flow.model_result import ModelRun, TensorReport
from flow.network_run import NetworkRun
from flow.unsupported import shown
from golden.compare import Comparison
from hw.accelerator_config import AcceleratorConfig
from hw.gemm_accelerator_config import GemmAcceleratorConfig

__all__ = ["show_model", "show_network"]


def show_network(run: NetworkRun, console: Console, clock: float) -> None:
    """A network's layers, cycles and counters."""
    table = _table(("layer", "kind", "on"), ("output", "elements", "differences"))
    for layer in run.layers:
        place = "accelerator" if layer.host is None else "host"
        counts = _counts(layer.comparison)
        table.add_row(layer.name, layer.kind, place, _times(layer.shape), *counts)
    console.print(table)
    for layer in run.layers:
        if layer.comparison and not layer.comparison.equal:
            console.print(f"{layer.name}: {layer.comparison}", style="red", markup=False)
    for layer in run.layers:
        if layer.host is not None:
            said = f"on the host: {layer.name}, because {layer.host}"
            console.print(said, markup=False)
    if isinstance(run.program, CompiledProgram) and any(
        layer.comparison is None for layer in run.layers
    ):
        _show_places(_tensor_bytes(run.program), console)
    _show_config(run.program.config, console)
    if run.result.cycles is not None:
        _show_cycles(run.result.cycles, run.products, run.program.config, console, clock)
    _show_counters([run.result.registers or asdict(run.result.counters)], console)
    if run.counters_differ:
        console.print(f"golden counted {run.expected_counters}", style="red")


def show_model(run: ModelRun, console: Console, clock: float) -> None:
    """A model's tensors, what stayed on the host and why, cycles and counters."""
    headings = ("output", "elements", "differences", "from the runtime", "cycles")
    table = _table(("tensor", "operator", "on"), headings)
    kinds = {layer.name: kind(layer) for h in run.hardware for layer in h.step.graph.layers}
    for tensor in run.tensors:
        name = tensor.tensor.name
        operator = kinds.get(name) or type(tensor.node.operator).__name__.lower()
        place = "accelerator" if tensor.host is None else "host"
        differences = "" if tensor.runtime is None else f"{tensor.runtime.count:,}"
        cycles = f"{tensor.cycles:,}" if tensor.cycles else ""
        shape = _times((run.images, *tensor.tensor.shape[1:]))
        counts = _counts(tensor.golden)
        table.add_row(_short(name), operator, place, shape, *counts, differences, cycles)
    console.print(table)
    for line in _differences(run.tensors):
        console.print(line, style="red", markup=False)
    for tensor in run.tensors:
        if tensor.host is not None:
            name = tensor.node.name
            said = f"on the host: {_short(name)}, because {tensor.host}"
            console.print(said, markup=False)
    for name, readers in run.partition.folded.items():
        said = f"padding {shown(name)} is done by {', '.join(map(shown, readers))}"
        console.print(said, markup=False)
    if any(tensor.golden is None for tensor in run.tensors):
        programs = [h.program for h in run.hardware if isinstance(h.program, CompiledProgram)]
        _show_places(max(map(_tensor_bytes, programs)), console)
    console.print(
        f"{sum(t.golden.total for t in run.tensors if t.golden):,} elements compared, "
        f"{run.differences:,} differ"
        + (
            f"; {sum(t.runtime.total for t in run.tensors if t.runtime):,} with the runtime, "
            f"{run.runtime_differences:,} differ"
            if any(t.runtime for t in run.tensors)
            else ""
        )
    )
    _show_config(run.config, console)
    _show_cycles(run.cycles, sum(h.products for h in run.hardware), run.config, console, clock)
    _show_counters([h.result.registers or asdict(h.result.counters) for h in run.hardware], console)
    for h in run.hardware:
        if h.result.counters != h.expected:
            console.print(f"golden counted {h.expected}", style="red")


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right")
    return table


def _differences(tensors: Sequence[TensorReport]) -> Iterator[str]:
    for tensor in tensors:
        for who, compared in (("", tensor.golden), (", runtime as expected", tensor.runtime)):
            if compared and not compared.equal:
                yield f"{shown(tensor.tensor.name)}{who}: {compared}"


def _counts(compared: Comparison | None) -> tuple[str, str]:
    return (f"{compared.total:,}", f"{compared.count:,}") if compared else ("", "not kept")


def _short(name: str) -> str:
    """The first of the names that a tensor got when nodes were put together."""
    return shown(name.split(";")[0])


def _times(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def _tensor_bytes(program: CompiledProgram) -> int:
    return sum(-(-place.type.bytes // 4) * 4 for place in program.tensors.values())


def _show_places(needed: int, console: Console) -> None:
    console.print(
        "places of tensors that are not kept were used again; "
        f"--activation-bytes {needed} keeps them all"
    )


def _show_config(config: AcceleratorConfig | GemmAcceleratorConfig, console: Console) -> None:
    engine = config.engine
    jobs = "jobs" if isinstance(config, GemmAcceleratorConfig) else "program"
    console.print(
        f"array of {engine.rows} × {engine.cols}, {engine.depth} rows of accumulators; "
        f"{config.activation_bytes:,} bytes of activations, words: {config.weight_words:,} of "
        f"weights, {config.parameter_words:,} of parameters, {config.program_words:,} of {jobs}"
    )


def _show_cycles(
    cycles: int,
    products: int,
    config: AcceleratorConfig | GemmAcceleratorConfig,
    console: Console,
    clock: float,
) -> None:
    if not cycles:
        return
    used = products / (cycles * config.engine.rows * config.engine.cols)
    console.print(
        f"{cycles:,} cycles, {products:,} products, {used:.1%} of the array used; "
        f"{cycles / clock / 1000:,.3f} ms at {clock:g} MHz"
    )


def _show_counters(runs: Sequence[Mapping[str, int]], console: Console) -> None:
    """Counters are there only where something counts besides the cycles."""
    counted = {name: _together([run[name] for run in runs], name) for name in runs[0]}
    if any(value for name, value in counted.items() if name != "cycles"):
        console.print(", ".join(f"{name} {value:,}" for name, value in counted.items()))


def _together(values: Sequence[int], name: str) -> int:
    """A counter of several runs: the largest, or all of them."""
    return max(values) if name == "largest" else sum(values)
