"""`lastbit quantize`: a float ONNX model made one of integers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flow.errors import UserError, user_input

if TYPE_CHECKING:
    from rich.console import Console

    from flow.quantization_job import QuantizationResult, QuantizationSettings
    from golden.ranges import RangeRule

__all__ = ["command"]


@click.command("quantize")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--calibrate",
    "calibration",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="float32 samples for the input, .npy; a hundred or so as the network will see them.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write.  [default: MODEL with _int8 before its ending]",
)
@click.option(
    "--method",
    type=click.Choice(["minmax", "moving-average", "percentile", "entropy", "mse"]),
    default="minmax",
    show_default=True,
    help="How the range of an activation follows from its values.",
)
@click.option("--percentile", type=float, help="Of the magnitudes kept.  [default: 99.99]")
@click.option(
    "--weight-method",
    type=click.Choice(["minmax", "mse"]),
    help="The same for weights.  [default: minmax, and mse for 4 bits]",
)
@click.option("--weight-bits", type=click.Choice(["8", "4"]), default="8", show_default=True)
@click.option(
    "--per-channel/--per-tensor",
    default=True,
    show_default=True,
    help="A weight scale for each output channel, or one for all.",
)
@click.option(
    "--scale",
    type=click.Choice(["any", "power-of-two"]),
    default="any",
    show_default=True,
    help="Power of two: hardware rescales by a shift.",
)
@click.option(
    "--activations", type=click.Choice(["int8", "uint8"]), default="int8", show_default=True
)
@click.option(
    "--asymmetric/--symmetric",
    default=True,
    show_default=True,
    help="Activations with a zero point anywhere, or with 0 (128 of uint8).",
)
@click.option(
    "--batch", type=click.IntRange(min=1), help="Samples at a time.  [default: the model's, or 32]"
)
@click.option(
    "--validate",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Samples to report on, .npy.  [default: those of --calibrate]",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Their right classes, integers in .npy: accuracy is then reported.",
)
def command(
    model: Path,
    calibration: Path,
    out: Path | None,
    batch: int | None,
    validate: Path | None,
    labels: Path | None,
    **settings: Any,
) -> None:
    """Quantize a float MODEL (.onnx) to int8 and write it with QuantizeLinear, DequantizeLinear.

    ONNX Runtime fuses the file's int8 activations if session.qdqisint8allowed is "1".

    Exit status: 0 written, 2 bad input.
    """
    from rich.console import Console

    from flow.quantization_job import quantize_file

    chosen = _settings(**settings)
    out = model.with_name(f"{model.stem}_int8.onnx") if out is None else out
    if out.resolve() == model.resolve():
        raise UserError(f"--out {out} is the float model itself; give another name")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    with console.status("read") as status:
        result = quantize_file(
            model,
            calibration,
            out,
            chosen,
            batch=batch,
            validation=validate,
            labels=labels,
            on_stage=status.update,
        )
    _show(result, console)
    console.print(f"{out}: {result.size:,} bytes", markup=False)


def _settings(
    method: str,
    percentile: float | None,
    weight_method: str | None,
    weight_bits: str,
    per_channel: bool,
    scale: str,
    activations: str,
    asymmetric: bool,
) -> "QuantizationSettings":
    """Return what the options of the same names ask for."""
    from flow.calibration import ActivationSettings
    from flow.quantization_job import QuantizationSettings
    from flow.weight_quantization import WeightSettings
    from golden.formats import IntegerFormat

    if percentile is not None and method != "percentile":
        raise UserError(f"--percentile is about --method percentile, not {method}; give one")
    weight_method = weight_method or ("minmax" if weight_bits == "8" else "mse")
    with user_input():
        return QuantizationSettings(
            ActivationSettings(
                rule=_rule(method),
                percent=percentile,
                format=IntegerFormat.parse(activations),
                symmetric=not asymmetric,
                power_of_two=scale == "power-of-two",
            ),
            WeightSettings(
                format=IntegerFormat(int(weight_bits), signed=True),
                rule=_rule(weight_method),
                per_channel=per_channel,
                power_of_two=scale == "power-of-two",
            ),
        )


def _rule(method: str) -> "RangeRule":
    from golden.ranges import RangeRule

    return {
        "minmax": RangeRule.MIN_MAX,
        "moving-average": RangeRule.MOVING_AVERAGE,
        "percentile": RangeRule.PERCENTILE,
        "entropy": RangeRule.ENTROPY,
        "mse": RangeRule.MEAN_SQUARED_ERROR,
    }[method]


def _show(result: "QuantizationResult", console: "Console") -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("tensor", overflow="fold")
    table.add_column("operator")
    for heading in (
        "scale",
        "zero",
        "dB",
        "clipped %",
        "network dB",
        "weights dB",
        "clipped %",
    ):
        table.add_column(heading, justify="right")
    for layer in result.report.layers:
        weights = ("", "")
        if layer.weights is not None:
            weights = (f"{layer.weights.sqnr_db:.1f}", f"{100 * layer.weights.clipped:.3f}")
        table.add_row(
            layer.name,
            layer.operator,
            f"{float(layer.quantization.scale):.4g}",
            str(int(layer.quantization.zero_point)),
            f"{layer.sqnr_db:.1f}",
            f"{100 * layer.clipped:.3f}",
            f"{layer.network_sqnr_db:.1f}",
            *weights,
        )
    console.print(table)
    console.print(
        "dB: signal to quantization noise, of the tensor alone, of the network up to there "
        "against float, and of the weights"
    )
    for name, codes in result.quantized.layers.items():
        if codes.widened:
            console.print(
                f"{name}: {codes.widened} weight scales were raised, so that the bias fits int32",
                markup=False,
            )
    answers = result.report.answers
    total = len(answers.real)
    if answers.labels is not None:
        for name, found in (("float", answers.real), ("integers", answers.integer)):
            right = answers.right(found)
            console.print(f"{name}: {right:,} of {total:,} right, {right / total:.2%}")
    console.print(f"the same answer as in float: {answers.same:,} of {total:,}")
