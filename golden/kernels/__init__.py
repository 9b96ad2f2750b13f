"""Kernel sets: the rules by which deployed runtimes compute an operator on integers."""
