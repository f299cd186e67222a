"""Write files and folders atomically: after any interruption, the old or the new version is complete."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from tnt_sim.disk import (
    OLD,
    PARTIAL,
    build_write_error,
    create_folders,
    flush_path,
    is_alive,
    put_all,
    quote_path,
)
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


def put_folder(target: Path, write: Callable[[Path], None]) -> None:
    """Write a folder next to `target`, flush it to disk, then rename it to `target` in one step."""
    with create_folders(target.parent):
        _recover_target(target)
        partial = target.parent / f".{target.name}.{os.getpid()}{PARTIAL}"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir()
            write(partial)
            for file in [*partial.rglob("*"), partial]:
                flush_path(file)
            _take_place(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    flush_path(target.parent)


def _take_place(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    if _exchange(partial, target):
        return
    # Without an exchange call, two renames; after an interruption the next write restores the old folder.
    old = target.parent / f".{target.name}{OLD}"
    target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _exchange(left: Path, other: Path) -> bool:
    """Exchange two names in one step; False if the system has no such call."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    done: int = call(
        _AT_FDCWD, os.fsencode(left), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE)
    )
    return done == 0


def _recover_target(target: Path) -> None:
    """Restore what an interrupted replacement left, and remove the remains of dead writers."""
    old = target.parent / f".{target.name}{OLD}"
    if old.is_dir() and not target.exists():
        old.rename(target)
    for partial in target.parent.glob(f".{target.name}.*{PARTIAL}"):
        owner = partial.name.removesuffix(PARTIAL).rpartition(".")[2]
        if owner.isdigit() and not is_alive(int(owner)):
            shutil.rmtree(partial, ignore_errors=True)


def check_target(target: Path, *, replace: bool) -> None:
    """Check that a file may be written: its folder exists, and no file is there unless it may be replaced."""
    folder = target.parent
    if not folder.is_dir():
        raise UsageError(
            _('there is no folder "{folder}". Create it, or correct --out.', folder=folder),
            code="usage.out",
        )
    if target.is_dir():
        raise UsageError(
            _('"{target}" is a folder. Give --out the name of a file.', target=target),
            code="usage.out",
        )
    if target.exists() and not replace:
        raise UsageError(
            _('"{target}" exists already: it is left as it is. Add --force to replace it.', target=target),
            code="usage.exists",
        )


def put_file(target: Path, data: bytes) -> None:
    """Write a file atomically."""
    _put({target: data}, target)


def put_files(folder: Path, data: Mapping[str, bytes], *, replace: bool) -> list[Path]:
    """Write several files into a folder, created if missing: all of them or none."""
    if not folder.exists():
        check_target(folder, replace=replace)
    elif not folder.is_dir():
        raise UsageError(
            _('"{folder}" is a file. Give --out the name of a folder.', folder=folder),
            code="usage.out",
        )
    else:
        for name in data:
            check_target(folder / name, replace=replace)
    files = {folder / name: content for name, content in data.items()}
    _put(files, folder)
    return list(files)


def _put(files: Mapping[Path, bytes], shown_as: Path) -> None:
    try:
        put_all(files)
    except OSError as error:
        raise build_write_error(quote_path(shown_as), error, _ELSEWHERE) from error


_ELSEWHERE = _("Choose another place with --out.")
