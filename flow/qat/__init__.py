"""Quantization-aware training in PyTorch, for the extra `lastbit[torch]`.

Nothing else of the project imports PyTorch.
"""

from importlib.util import find_spec

if find_spec("torch") is None:
    raise ModuleNotFoundError(
        "flow.qat needs PyTorch, which is not installed: pip install lastbit[torch]", name="torch"
    )
