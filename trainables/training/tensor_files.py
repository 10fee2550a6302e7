"""Tensors by name in one safetensors file, written from where they lie."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

_NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
    torch.bool: "BOOL", torch.complex64: "C64",
}  # fmt: skip


def write_tensors(path: Path, tensors: Mapping[str, Any], about: str) -> None:
    """Write what `safetensors.torch.save` gives as bytes, which holds all of it twice in memory.

    Its `save_file` makes a draft of its own beside ours, and does not tell a full disk by an error's number.

    Args:
        path: The file.
        tensors: By name, on any device.
        about: Text that goes along with them, as its metadata's "learner".
    """
    # The widest first: each then begins at a multiple of its numbers' size.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header: dict[str, Any] = {"__metadata__": {"learner": about}}
    end = 0
    for name, tensor in ordered:
        start, end = end, end + tensor.nbytes
        kind, shape = _NAMES[tensor.dtype], list(tensor.shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
    told = json.dumps(header, separators=(",", ":")).encode()
    told += b" " * (-len(told) % 8)
    with path.open("wb") as file:
        file.write(len(told).to_bytes(8, "little") + told)
        for _, tensor in ordered:
            flat = tensor.detach().cpu().contiguous().flatten()
            file.write(flat.view(torch.uint8).numpy())
