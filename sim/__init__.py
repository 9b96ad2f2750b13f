"""Cocotb testbenches, their drivers and scoreboards, and the runner over the simulators."""
