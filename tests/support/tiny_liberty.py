"""A standard cell library with the fewest cells that a netlist can be made of."""

_GATES = {
    "INV": ("!A", 2.0, 0.1),
    "BUF1": ("A", 3.0, 0.1),
    "BUF4": ("A", 5.0, 0.4),
    "NAND2": ("!(A B)", 3.0, 0.1),
    "NOR2": ("(A + B)'", 3.0, 0.1),
    "XOR2": ("A ^ B", 5.0, 0.1),
}

_TIMING = """
      timing () {{
        related_pin : "{pin}";
        timing_sense : {sense};
{type}{tables}
      }}"""
_TABLE = """
        {kind} (ramp) {{
          index_1 ("0.01, 1.0");
          index_2 ("0.001, 0.1");
          values ("0.05, 0.5", \\
                  "0.10, 0.6");
        }}"""


_SETUP = """
      timing () {
        related_pin : "CK";
        timing_type : setup_rising;
        rise_constraint (scalar) { values ("0.1"); }
        fall_constraint (scalar) { values ("0.1"); }
      }"""


def _arc(pin, sense="non_unate", kind=""):
    tables = "".join(
        _TABLE.format(kind=name)
        for name in ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
    )
    extra = f"        timing_type : {kind};" if kind else ""
    return _TIMING.format(pin=pin, sense=sense, type=extra, tables=tables)


def _input(name, *, clock=False, arcs=""):
    extra = (" clock : true;" if clock else "") + arcs
    return f"    pin ({name}) {{ direction : input; capacitance : 0.002;{extra} }}\n"


def _output(name, function, drive, arcs):
    return (
        f'    pin ({name}) {{ direction : output; function : "{function}"; '
        f"max_capacitance : {drive};{arcs}\n    }}\n"
    )


def _gate(name, function, area, drive):
    pins = [pin for pin in "AB" if pin in function]
    inputs = "".join(_input(pin) for pin in pins)
    arcs = "".join(_arc(pin) for pin in pins)
    return (
        f"  cell ({name}) {{\n    area : {area};\n    cell_leakage_power : 1.5;\n"
        f"{inputs}{_output('Y', function, drive, arcs)}  }}\n"
    )


def _flip_flop(name, state):
    inputs = _input("CK", clock=True) + _input("D", arcs=_SETUP) + _input("RN")
    output = _output("Q", "IQ", 0.1, _arc("CK", kind="rising_edge"))
    return (
        f"  cell ({name}) {{\n    area : 10.0;\n    ff (IQ, IQN) {{ {state} }}\n"
        f"{inputs}{output}  }}\n"
    )


_FLIP_FLOP = _flip_flop("DFFR", 'clocked_on : "CK"; next_state : "D"; clear : "!RN";')
_LATCH = (
    "  cell (LATCH) {\n    area : 8.0;\n"
    '    latch (IQ, IQN) { enable : "G"; data_in : "D"; }\n'
    f"{_input('G', clock=True)}{_input('D')}{_output('Q', 'IQ', 0.1, _arc('G'))}  }}\n"
)
_TIES = "".join(
    f"  cell (TIE{value}) {{ area : 1.0; "
    f'pin (Y) {{ direction : output; function : "{value}"; }} }}\n'
    for value in (0, 1)
)
_HEAD = """/* cells of no process */
library (tiny) {
  delay_model : table_lookup;
  time_unit : "1ns";
  voltage_unit : "1V";
  current_unit : "1mA";
  leakage_power_unit : "1nW";
  pulling_resistance_unit : "1kohm";
  capacitive_load_unit (1, pf);
  nom_voltage : 1.0;
  operating_conditions (typical) { process : 1.0; temperature : 25.0; voltage : 1.0; }
  default_operating_conditions : typical;
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
  lu_table_template (ramp) {
    variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance;
    index_1 ("0.01, 1.0");
    index_2 ("0.001, 0.1");
  }
"""


def tiny_liberty(*, without=()):
    """Return the text of the library, without the named cells."""
    cells = {name: _gate(name, *about) for name, about in _GATES.items()}
    cells |= {"DFFR": _FLIP_FLOP, "LATCH": _LATCH, "TIES": _TIES}
    return _HEAD + "".join(text for name, text in cells.items() if name not in without) + "}\n"
