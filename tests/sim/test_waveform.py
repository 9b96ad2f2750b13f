"""Parts of waveforms, counted in cycles of a program."""

import pytest

from sim.waveform import cut_waveform, read_waveform

HEADER = """$version hand-made $end
$timescale 1ns $end
 $scope module TOP $end
  $var wire 1 c clk $end
  $scope module core $end
   $var wire 8 d data [7:0] $end
   $var wire 1 v valid $end
   $scope module sequencer $end
    $var wire 1 c clk $end
    $var wire 2 s o_state [1:0] $end
   $upscope $end
  $upscope $end
 $upscope $end
$enddefinitions $end
"""


def waveform(folder, *, running=3, cycles=12, state="b01"):
    """Cycle n of the file begins at 10 n + 5 ns; in it, data is n and valid whether n is odd."""
    lines = ["#0", "0c", "b0 d", "0v", "b00 s"]
    for n in range(cycles):
        lines += [f"#{10 * n + 5}", "1c", f"b{n:b} d", f"{n % 2}v"]
        lines += [f"{state} s"] if n == running else []
        lines += [f"#{10 * n + 10}", "0c"]
    path = folder / "whole.vcd"
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def test_values_of_signals_by_cycle(tmp_path):
    waves = read_waveform(waveform(tmp_path))
    assert waves.values("core.data") == {n: n for n in range(12)}
    assert waves.values("valid") == {n: n % 2 for n in range(12)}
    assert waves.signal("data").path == "TOP.core.data"


def test_a_part_is_counted_from_the_start_of_the_program(tmp_path):
    """It is started in the cycle before that in which it runs: the file's cycle 2."""
    cut_waveform(waveform(tmp_path), tmp_path / "part.vcd", range(1, 5))
    part = read_waveform(tmp_path / "part.vcd")
    assert part.values("core.data") == {1: 3, 2: 4, 3: 5, 4: 6}
    assert part.values("valid") == {1: 1, 2: 0, 3: 1, 4: 0}
    text = (tmp_path / "part.vcd").read_text()
    assert text.startswith(HEADER)
    assert "\n#10\n" in text
    assert text.endswith("#50\n")


def test_signals_that_do_not_change_in_the_part_are_in_it(tmp_path):
    cut_waveform(waveform(tmp_path), tmp_path / "part.vcd", range(4, 6))
    assert read_waveform(tmp_path / "part.vcd").values("o_state") == {4: 1, 5: 1}


def test_unknown_values_are_none(tmp_path):
    path = waveform(tmp_path)
    path.write_text(path.read_text().replace("b101 d", "b1x1 d"))
    assert read_waveform(path).values("data")[5] is None


@pytest.mark.parametrize(
    ("suffix", "sentence"),
    [
        ("nothing", "one signal must end in nothing, not none"),
        ("ata", "one signal must end in ata, not none"),
    ],
)
def test_signals_that_are_not_there(tmp_path, suffix, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_waveform(waveform(tmp_path)).signal(suffix)


def test_a_waveform_without_a_program(tmp_path):
    with pytest.raises(ValueError, match="no program runs in the waveform"):
        cut_waveform(waveform(tmp_path, state="b10"), tmp_path / "part.vcd", range(3))
    assert not (tmp_path / "part.vcd").exists()
