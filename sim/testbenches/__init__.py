"""The cocotb tests of the components, one module each; `sim.testbench` tells how they run."""
