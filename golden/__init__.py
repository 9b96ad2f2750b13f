"""Bit-exact models: what every bit must be. NumPy and the standard library only."""
