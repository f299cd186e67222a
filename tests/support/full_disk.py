"""A disk that is full from a chosen write on, and a picture of a folder to compare."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tnt_sim import disk
from tnt_sim.engine.run_folder import sign_register as register


class FullDisk:
    """Counts what is written through the door; from write number `full_from` on the disk is full."""

    def __init__(self, full_from: int | None = None, error: int = errno.ENOSPC) -> None:
        self.full_from, self.error, self.n_writes = full_from, error, 0

    def take(self) -> None:
        self.n_writes += 1
        if self.full_from is not None and self.n_writes >= self.full_from:
            raise OSError(self.error, os.strerror(self.error))


@contextmanager
def full_disk(full_from: int | None = None, error: int = errno.ENOSPC) -> Iterator[FullDisk]:
    """Half of the bytes of write number `full_from` get to the disk, then nothing more."""
    state = FullDisk(full_from, error)
    write, copy = disk._write, disk.copy

    def half(handle: int, data: bytes) -> None:
        try:
            state.take()
        except OSError:
            write(handle, data[: len(data) // 2])
            raise
        write(handle, data)

    def counted(source: Path, target: Path) -> None:
        copy(source, target)
        state.take()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "_write", half)
        patch.setattr(disk, "copy", counted)
        patch.setattr(register, "copy", counted)
        yield state


def picture(folder: Path) -> dict[str, bytes | None]:
    """Every file with its bytes, and every folder, under a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
