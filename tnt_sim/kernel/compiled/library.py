"""Load the compiled kernels, and say which path the kernels take.

The variable `TNT_SIM_KERNELS` chooses: `numpy` leaves the compiled kernels out; `compiled`, or nothing, takes it
where it is built. Both paths give the same bytes, so the choice enters no hash and no certificate.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.kernel.compiled.build import LIBRARY, compute_stamp

VARIABLE = "TNT_SIM_KERNELS"
NUMPY, COMPILED = "numpy", "compiled"

_INT, _ARRAY = ctypes.c_int64, ctypes.c_void_p
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "add_items": (None, [_ARRAY, _ARRAY, _INT, _INT, _ARRAY, _ARRAY, _INT]),
    "mark_efficient": (_INT, [_ARRAY, _INT, _INT, _INT]),
    "list_efficient": (None, [_ARRAY, _INT, _INT, _ARRAY, _ARRAY]),
    "knapsack_start": (None, [_ARRAY, _ARRAY, _ARRAY, _INT, _ARRAY, _ARRAY, _INT, _ARRAY, _ARRAY]),
    "knapsack_grow": (
        _INT,
        [_ARRAY, _ARRAY, _ARRAY, _INT, _ARRAY, _ARRAY, _INT, _ARRAY, _INT]
        + [_ARRAY] * 5
        + [ctypes.c_double, _INT, _INT],
    ),
    "leaf_grow": (
        _INT,
        [_ARRAY] * 4
        + [_INT, _ARRAY, _INT, _ARRAY, _ARRAY, _INT, _INT, _INT, _ARRAY, _ARRAY, _ARRAY, _ARRAY]
        + [_INT, _ARRAY, _INT, _ARRAY, _INT],
    ),
    "list_near_states": (
        _INT,
        [_ARRAY] * 6
        + [_INT] * 5
        + [_ARRAY] * 4
        + [_INT, _ARRAY, _INT]
        + [_ARRAY] * 3
        + [_INT]
        + [_ARRAY] * 2
        + [_INT, _ARRAY, _INT, _INT],
    ),
    "list_hull": (_INT, [_ARRAY, _ARRAY, _INT, _INT, _ARRAY, _ARRAY]),
    "fill_decisions": (None, [_ARRAY, _ARRAY, _INT, _ARRAY, _ARRAY, _ARRAY, _INT]),
    "knapsack_recover": (None, [_INT, _ARRAY, _ARRAY, _ARRAY, _ARRAY]),
}
"""Result and arguments of each function; those of `_WIDTHS` exist once for each width."""
_WIDTHS = frozenset({"add_items", "mark_efficient", "list_efficient"})


type CompiledCore = dict[str, Callable[..., int]]
"""The functions of the compiled kernels by name, without `tnt_`."""


DONE, MORE_TIME, MORE_STATES, MORE_CODES, TOO_MANY = range(5)
"""Results of a loop that its caller repeats."""


@dataclass(frozen=True, slots=True)
class KernelPath:
    """Which path the kernels take.

    Attributes
    ----------
    functions : the loops in C by name; None on the numpy path
    reason : why the numpy path runs: `chosen`, `not built`, `older than its sources` or `cannot be loaded`
    """

    functions: CompiledCore | None
    reason: str = ""


def get_kernel_path() -> KernelPath:
    """Return the path that the environment chooses; the library is loaded once."""
    if os.environ.get(VARIABLE) == NUMPY:
        return _CHOSEN
    return _load_library()


def get_core() -> CompiledCore | None:
    """Return the functions of the compiled kernels, or None where the numpy path runs."""
    return get_kernel_path().functions


_CHOSEN = KernelPath(None, "chosen")


@cache
def _load_library() -> KernelPath:
    if not LIBRARY.is_file():
        return KernelPath(None, "not built")
    try:
        library = ctypes.CDLL(str(LIBRARY))
        library.tnt_stamp.restype = ctypes.c_char_p
        if library.tnt_stamp() != compute_stamp().encode():
            return KernelPath(None, "older than its sources")
        return KernelPath(dict(_prepare_functions(library)))
    except (OSError, AttributeError):
        return KernelPath(None, "cannot be loaded")


def _prepare_functions(library: ctypes.CDLL) -> list[tuple[str, Any]]:
    typed = []
    for name, (result, arguments) in _SIGNATURES.items():
        for full in [f"{name}_32", f"{name}_64"] if name in _WIDTHS else [name]:
            function = getattr(library, f"tnt_{full}")
            function.restype, function.argtypes = result, arguments
            typed.append((full, function))
    return typed


def get_address(array: NDArray[np.generic]) -> int:
    """Return where an array begins, for an argument in C; the caller holds the array until the call ends.

    Raises
    ------
    ValueError
        Unless its numbers lie side by side.
    """
    if not array.flags.c_contiguous:
        raise ValueError("an array for the compiled kernels must be contiguous")
    return int(array.__array_interface__["data"][0])


def to_int64(array: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return an array as contiguous int64, the same one where it is that."""
    return np.ascontiguousarray(array, dtype=np.int64)
