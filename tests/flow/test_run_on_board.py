"""`lastbit run --on board`: over a serial port, behind which a simulated accelerator answers."""

import re
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from serial_bridge import serial_port
from small_accelerator import OPTIONS, SMALL

from flow.board_catalog import find_board
from flow.board_options import changed_board
from flow.board_port import BoardPort
from flow.cli import main
from flow.graph_file import save_graph
from flow.hardware_verilog import TOP, accelerator_verilog
from flow.link_protocol import decode, encode
from flow.random_graphs import random_graph, random_inputs
from flow.run_place import board_place
from hw.host_port import HostMemory
from sim.simulated_link import SimulatedLink, open_link
from sim.simulator import Simulator

BOARD = "ulx3s-12f"
SIZES = {name.replace("-", "_"): value for name, value in SMALL.items()}


def lastbit(*arguments):
    return CliRunner().invoke(main, ["run", *arguments])


@pytest.fixture
def network(tmp_path):
    """The arguments that name a network and its input, and its layers' names."""
    random = np.random.default_rng(2)
    graph = random_graph(random, layers=4, largest=5)
    save_graph(tmp_path / "network.npz", graph)
    np.save(tmp_path / "image.npy", random_inputs(graph, random)["image"])
    names = [layer.name for layer in graph.layers]
    return [str(tmp_path / "network.npz"), "--input", str(tmp_path / "image.npy")], names


@pytest.fixture
def port():
    """A port behind which the accelerator of `OPTIONS` is."""
    if (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    config = changed_board(find_board(BOARD), SIZES).config
    link = open_link(accelerator_verilog(config), TOP, simulator=Simulator.VERILATOR)
    with link, serial_port(link) as name:
        yield name


@pytest.mark.long
def test_every_tensor_of_a_board_is_compared(network, port):
    arguments, names = network
    result = lastbit(*arguments, "--on", "board", "--board", BOARD, "--port", port, *OPTIONS)
    assert result.exit_code == 0, result.output
    for name in names:
        assert re.search(rf"^ *{name} .* 0 *$", result.output, re.MULTILINE)


@pytest.mark.long
def test_a_board_that_is_wrong_is_found_out(network, port, monkeypatch):
    arguments, _ = network
    whole = SimulatedLink.receive

    def wrong(self, timeout):
        packet = decode(whole(self, timeout))
        if packet.memory is HostMemory.ACTIVATION and packet.payload:
            packet = replace(packet, payload=(packet.payload[0] ^ 1, *packet.payload[1:]))
        return encode(packet)

    monkeypatch.setattr(SimulatedLink, "receive", wrong)
    result = lastbit(*arguments, "--on", "board", "--board", BOARD, "--port", port, *OPTIONS)
    assert result.exit_code == 1, result.output
    assert re.search(r"^ *layer0 .* [1-9]\d* *$", result.output, re.MULTILINE)


@pytest.mark.long
def test_a_board_with_another_bitstream_is_refused(network, port):
    arguments, _ = network
    options = [*OPTIONS, "--cols", "2"]
    result = lastbit(*arguments, "--on", "board", "--board", BOARD, "--port", port, *options)
    assert result.exit_code == 2
    assert "cols must be 2, and the hardware says 3: load the bitstream of this" in result.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--on", "board"], "--on board needs --board: which board it is, and on which serial"),
        (["--on", "board", "--board", BOARD], "--on board needs --port: "),
        (["--port", "/dev/ttyUSB0"], "--port is for a board; say --on board"),
        (["--board", BOARD], "--board is for a board; say --on board"),
        (["--on", "board", "--board", "ulx", "--port", "x"], "--board must be one of "),
        (["--on", "board", "--board", BOARD, "--port", "/nowhere"], "/nowhere cannot be opened: "),
        (["--on", "board", "--board", BOARD, "--port", "x", "--baud", "3"], "baud must be a speed"),
    ],
)
def test_what_is_missing_or_wrong_is_told(network, options, sentence):
    arguments, _ = network
    result = lastbit(*arguments, *options)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_accelerator_is_the_boards_but_for_what_is_given():
    name = "orangecrab-25f"
    board = find_board(name)
    place = board_place(name, "port", {"rows": 2, "weight_words": 64}, clock=None)
    assert (place.engine.rows, place.engine.cols) == (2, board.config.engine.cols)
    assert place.memories["weight_words"] == 64
    assert place.memories["program_words"] == board.config.program_words
    assert place.clock == float(board.made_frequency) != 100
    assert place.place == BoardPort(name, "port", board.baud, place.clock)
    assert place.place.options["on"] == "board"
