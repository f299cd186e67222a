"""A folder put in place whole: whatever stops the program leaves the old one or the new one."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tnt_sim.disk import OLD, PARTIAL, flush, folders_for, is_alive

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


def put_folder(target: Path, write: Callable[[Path], None]) -> None:
    """Write a folder beside `target`, make it durable, then give it the name `target` in one step.

    Raises
    ------
    OSError
        The folder cannot be written; what stood at `target` is still there.
    """
    with folders_for(target.parent):
        _sweep(target)
        partial = target.parent / f".{target.name}.{os.getpid()}{PARTIAL}"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir()
            write(partial)
            for file in [*partial.rglob("*"), partial]:
                flush(file)
            _take_place(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    flush(target.parent)


def _take_place(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    if _exchange(partial, target):
        return
    # Without an exchange, two renames: the next write brings the old folder back if we stop in between.
    old = target.parent / f".{target.name}{OLD}"
    target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system has no such call."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    done: int = call(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE)
    )
    return done == 0


def _sweep(target: Path) -> None:
    """Bring back what an interrupted replacement left, and remove the remains of dead writers."""
    old = target.parent / f".{target.name}{OLD}"
    if old.is_dir() and not target.exists():
        old.rename(target)
    for partial in target.parent.glob(f".{target.name}.*{PARTIAL}"):
        owner = partial.name.removesuffix(PARTIAL).rpartition(".")[2]
        if owner.isdigit() and not is_alive(int(owner)):
            shutil.rmtree(partial, ignore_errors=True)
