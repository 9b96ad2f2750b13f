# Constraints of the GEMM engine on standard cells. `lastbit asic` puts numbers for the words in
# braces; everything else is as a person would write it.

# The period that is asked for: --period.
create_clock -name clk -period {period} [get_ports clk]

# Jitter and skew of a clock tree that is not built yet: 3 % of the period.
set_clock_uncertainty {uncertainty} [get_clocks clk]

# A flip-flop elsewhere on the chip and the way from it take a fifth of the period: the streams'
# buffers need little of the rest.
set_input_delay {input_delay} -clock clk {inputs}

# A fifth of the period is left for the way from here to the next flip-flop.
set_output_delay {output_delay} -clock clk [all_outputs]

# An output drives four inputs of gates of some 4 fF and 200 um of wire.
set_load 0.05 [all_outputs]

# An input comes as fast as a middling gate's output does; only delays on the chip are looked at.
set_input_transition 0.1 {inputs}
