"""A folder put in place whole: whatever stops the program leaves the old one or the new one."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable
from pathlib import Path

PARTIAL = ".partial"
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


def put_folder(target: Path, write: Callable[[Path], None]) -> None:
    """Write a folder beside `target`, make it durable, then give it the name `target` in one step.

    Raises
    ------
    OSError
        The folder cannot be written; what stood at `target` is still there.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    partial = target.parent / f".{target.name}.{os.getpid()}{PARTIAL}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        write(partial)
        for file in [*partial.rglob("*"), partial]:
            _sync(file)
        _take_place(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _sync(target.parent)


def _take_place(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    if _exchange(partial, target):
        return
    # Without an exchange, two renames: the next write brings the old folder back if we stop in between.
    old = target.parent / f".{target.name}.old"
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
    old = target.parent / f".{target.name}.old"
    if old.is_dir() and not target.exists():
        old.rename(target)
    for partial in target.parent.glob(f".{target.name}.*{PARTIAL}"):
        owner = partial.name.removesuffix(PARTIAL).rpartition(".")[2]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(partial, ignore_errors=True)


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _sync(path: Path) -> None:
    """Flush a file or a folder to the disk; a folder only where the system can."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        if path.is_dir():
            return
        raise
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():
            raise
    finally:
        os.close(handle)
