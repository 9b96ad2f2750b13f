import struct
import time
from pathlib import Path

import pytest

from sim.clock import CLOCK_PERIOD_NS
from sim.errors import SimulationError
from sim.link_bench import COMMAND, LinkBench
from sim.simulated_link import SimulatedLink, open_link
from sim.simulator import Simulator

HERE = Path(__file__).parent
BUILD_ROOT = Path("build/sim")
CYCLE = CLOCK_PERIOD_NS * 1e-9
RESET = 2
KEPT = (0, 5, 6)
PATIENCE = 1e-4


def frame(*words):
    return struct.pack(f"<{len(words)}I", *words)


def opened(server, verilog=None):
    """Open a link to echo.v: on Verilator's own main program or on cocotb's."""
    simulator, cocotb = server
    if (missing := simulator.missing()) is not None:
        pytest.skip(missing)
    text = verilog or (HERE / "echo.v").read_text()
    if not cocotb:
        return open_link(text, "echo", simulator=simulator, build_root=BUILD_ROOT)
    bench = LinkBench(text, "echo", simulator=simulator, build_root=BUILD_ROOT.resolve())
    return SimulatedLink(bench)


SERVERS = {
    "link server": (Simulator.VERILATOR, False),
    "cocotb on verilator": (Simulator.VERILATOR, True),
    "cocotb on icarus": (Simulator.ICARUS, True),
}
each_server = pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)


@each_server
def test_frames_come_back_whole_and_in_order(server):
    with opened(server) as link:
        sent = [frame(*range(start, start + length)) for start, length in ((1, 1), (7, 9), (3, 2))]
        for data in sent:
            link.send(data)
            assert link.receive(PATIENCE) == data
        for data in sent:
            link.send(data)
        received = b"".join(link.receive(PATIENCE) for _ in sent)
        assert received == b"".join(sent)
        assert link.receive(20 * CYCLE) == b""


@each_server
def test_time_passes_only_while_an_answer_is_waited_for(server):
    with opened(server) as link:
        start = link.now()
        assert link.receive(1000 * CYCLE) == b""
        assert link.now() - start == pytest.approx((1000 + RESET) * CYCLE, abs=3 * CYCLE)
        before = link.cycles
        link.send(frame(*KEPT))
        assert link.cycles == before
        assert link.receive(50 * CYCLE) == b""
        assert link.cycles - before == pytest.approx(50, abs=1)
        link.send(frame(9))
        link.receive(PATIENCE)
        assert link.cycles - before < 50 + 10, "it waited longer than it had to"


@each_server
def test_a_frame_that_is_late_is_not_lost(server):
    with opened(server) as link:
        long = frame(*range(1, 101))
        link.send(long)
        assert link.receive(50 * CYCLE) == b""
        assert link.receive(PATIENCE) == long


@each_server
@pytest.mark.parametrize("data", [b"", b"abc", b"abcde"])
def test_only_whole_words_are_sent(server, data):
    with (
        opened(server) as link,
        pytest.raises(
            ValueError, match=f"^a packet must be whole words of 4 bytes, not {len(data)} bytes$"
        ),
    ):
        link.send(data)


def test_a_simulator_that_ends_is_told():

    with opened(SERVERS["link server"]) as link:
        link._server._process.kill()
        link.send(frame(1))
        with pytest.raises(SimulationError, match=r"^the simulator of the accelerator has ended"):
            link.receive(PATIENCE)


@each_server
def test_a_simulator_that_waits_ends_with_its_host(server):
    with opened(server) as link:
        link._server.commands.write(COMMAND.pack(10**12, 0))
        link._server.commands.flush()
        time.sleep(0.2)  # it is in the middle of the wait
        start = time.monotonic()
        assert link._server.close() == ""
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("server", [SERVERS["link server"], SERVERS["cocotb on icarus"]])
def test_a_text_that_does_not_compile_is_told(server):
    text = (HERE / "echo.v").read_text().replace("endmodule", "")
    with pytest.raises(SimulationError, match="refuses echo"):
        opened(server, text)
