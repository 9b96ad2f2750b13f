"""Layers as loop nests of the accelerator, one file for each kind."""
