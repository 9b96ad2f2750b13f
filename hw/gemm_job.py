"""The job of a GEMM accelerator: one table for hardware, host and docs."""

from hw.field_table import Field, FieldTable

__all__ = ["JOB"]

JOB = FieldTable(8, [
    Field("rows",               0,  0, 16, "rows of activations, M; 0 ends the list of jobs"),
    Field("tiles_n",            0, 16, 16, "tiles of C output channels"),
    Field("steps_k",            1,  0, 16, "passes of a tile, R products each"),
    Field("activation_address", 2,  0, 32, "word of the first activations"),
    Field("weight_address",     3,  0, 32, "word of the first row of weights"),
    Field("parameter_address",  4,  0, 32, "word of parameters of channel 0, a multiple of C"),
    Field("output_address",     5,  0, 32, "word of the first results"),
])
