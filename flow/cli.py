"""The command `lastbit`."""

import importlib

import click

from flow.errors import UserError

__all__ = ["main"]

COMMANDS = {
    "asic": ("flow.asic_command", "Synthesize the engine to standard cells; run a job on them."),
    "boards": ("flow.boards_command", "List the boards: parts, fit, clock, predicted speed."),
    "build": ("flow.build_command", "Make the bitstream of a board with open tools."),
    "compare": (
        "flow.compare_command",
        "Compare two files of numbers; say where and why they differ.",
    ),
    "demo": ("flow.demo_command", "Run a real network on the generated hardware, all compared."),
    "doctor": ("flow.doctor_command", "Say which tools are found and how to get the missing ones."),
    "explain": (
        "flow.explain_command",
        "Say where two kernel sets differ on a model, and if it matters.",
    ),
    "explore": ("flow.explore_command", "Measure accelerators on FPGAs; find the best of them."),
    "quantize": ("flow.quantize_command", "Make a float ONNX model one of integers."),
    "run": ("flow.run_command", "Run a network on the accelerator; compare every tensor."),
    "simulate": ("flow.simulate_command", "Run the testbenches and sum up."),
    "verilog": ("flow.verilog_command", "Write the engine or the accelerator as one Verilog file."),
}
"""Name of each command: the module that holds it as `command`, and its line in the help."""


class _LazyGroup(click.Group):
    """Imports a command's module only when the command is run, so that the help is quick.

    This is also the one place where a `UserError` becomes a sentence and exit status 2.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        try:
            command = importlib.import_module(module).command
        except ImportError as error:
            raise UserError(
                f"`lastbit {cmd_name}` cannot start: {error}; "
                "install lastbit again with `pip install --force-reinstall lastbit`"
            ) from error
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"{args[0]!r} is not a command; the commands are {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except UserError as error:
            sentence = str(error)
        except OSError as error:
            if error.filename is None or error.strerror is None:
                raise
            sentence = f"{error.filename}: {error.strerror}"
        click.echo(f"lastbit: {sentence}", err=True)
        raise click.exceptions.Exit(2)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lastbit", message="lastbit %(version)s")
def main() -> None:
    """From a trained network to int8 hardware, equal to the last bit.

    Exit status: 0 done, 1 a difference or a failure was found, 2 bad input.
    """
