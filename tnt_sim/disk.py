"""Atomic writing: every file of the program is written here, completely or not at all.

Bytes are prepared in memory, written beside their target, flushed to the disk, and renamed in one step, so
that a full disk leaves what was there before. `tests/test_one_writer.py` finds code that writes
elsewhere.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from tnt_sim.errors import TntError, UsageError
from tnt_sim.i18n.message import Bilingual, Text, _, join_sentences

if TYPE_CHECKING:
    import polars as pl

PARTIAL, OLD = ".partial", ".old"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers of a full disk or an exhausted quota."""

_PIECE = 1 << 22
_LONGEST = 60
"""Most characters of a file's name used in the name of its draft; each may take four bytes."""

_ELSEWHERE = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EEXIST,
        errno.EISDIR,
        errno.ENAMETOOLONG,
    }
)
"""Error numbers after which another place may work."""

_WHY = {
    errno.EACCES: _("permission denied"),
    errno.EPERM: _("permission denied"),
    errno.EROFS: _("the disk is read-only"),
    errno.ENOSPC: _("the disk is full"),
    errno.EFBIG: _("the disk is full or the file is larger than allowed"),
    errno.EDQUOT: _("the disk is full for you: your quota is used up"),
    errno.EIO: _("the disk reported an error"),
    errno.ENOENT: _("this path cannot be created"),
    errno.ENOTDIR: _("a part of the path is a file"),
    errno.EEXIST: _("a file has this name already"),
    errno.EISDIR: _("a folder has this name already"),
    errno.ENAMETOOLONG: _("this name is too long"),
}


def explain_refusal(error: OSError) -> Text:
    """Return why the system refused, in both languages."""
    named = error.strerror or type(error).__name__
    return _WHY.get(error.errno or 0, Bilingual(named, named))


def build_write_error(
    what: Text, error: OSError, remedy: Text | None = None, *, usage: str = "usage.out", code: str = "output"
) -> TntError:
    """Return the error for something that cannot be written.

    It is a UsageError where another place may work, else a TntError.

    Parameters
    ----------
    what : what was to be written, as the subject of the sentence
    error : the error of the system
    remedy : a sentence that says what to do
    usage, code : codes of the UsageError and of the TntError
    """
    why = explain_refusal(error)
    text = _("{file} cannot be written: {reason}.", file=what, reason=why)
    text = join_sentences(text, remedy)
    return UsageError(text, code=usage) if error.errno in _ELSEWHERE else TntError(text, code=code)


def quote_path(path: Path) -> Text:
    """Return a path as the subject of a sentence."""
    return _('"{path}"', path=path)


def encode_parquet(table: pl.DataFrame, **options: Any) -> bytes:
    """Return a table as the bytes of a Parquet file.

    Polars' own file writer reports a full disk differently.
    """
    stream = io.BytesIO()
    table.write_parquet(stream, **options)
    return stream.getvalue()


def put(target: Path, data: bytes, *, replace: bool = True) -> None:
    """Write one file, as `put_all` does."""
    put_all({target: data}, replace=replace)


def put_all(files: Mapping[Path, bytes], *, replace: bool = True) -> None:
    """Write several files and their folders: all of them, or none."""
    aside: dict[Path, Path] = {}
    with create_folders(*(file.parent for file in files)):
        try:
            for target, data in files.items():
                if _is_device(target):
                    _fill(target, data)
                    continue
                if target.exists() and not replace:
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
                _remove_drafts(target.parent, f".{target.name[:_LONGEST]}.")
                aside[target] = _build_draft_path(target, PARTIAL)
                fill(aside[target], data)
            _rename_all(aside)
        finally:
            for partial in aside.values():
                partial.unlink(missing_ok=True)
    for folder in {target.parent for target in aside}:
        flush_path(folder)


def put_each(files: Mapping[Path, bytes]) -> None:
    """Write many files and their folders, each completely or not at all, and flush nothing.

    It is for thousands of small files whose hashes a manifest states, which `put` writes afterwards: a file that a
    power failure cuts off has another hash.
    """
    folders = {file.parent for file in files}
    with create_folders(*folders):
        for folder in folders:
            _remove_drafts(folder)
        for target, data in files.items():
            draft = _build_draft_path(target, PARTIAL)
            try:
                _fill(draft, data, flushed=False)
                draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)


def _rename_all(aside: Mapping[Path, Path]) -> None:
    """Rename each draft to its file; if one fails, restore those before it."""
    earlier: dict[Path, Path | None] = {}
    try:
        for target, partial in aside.items():
            earlier[target] = _make_backup(target)
            partial.replace(target)
    except BaseException:
        for target, old in earlier.items():
            if old is not None:
                old.replace(target)
                old.unlink(missing_ok=True)  # if both names are links to one file, the rename left both
            elif not aside[target].exists():  # it was renamed already
                target.unlink(missing_ok=True)
        raise
    for old in earlier.values():
        if old is not None:
            old.unlink(missing_ok=True)


def _make_backup(target: Path) -> Path | None:
    """Keep the present file under a second name until the new one is in place."""
    if not target.is_file():
        return None
    old = _build_draft_path(target, OLD)
    old.unlink(missing_ok=True)
    try:
        os.link(target, old)
    except OSError:  # a file system without hard links
        shutil.copyfile(target, old)
    return old


@contextmanager
def open_draft(target: Path) -> Iterator[Path]:
    """Yield a draft path beside a file, for a writer that needs a path; rename it to the file at the end."""
    if _is_device(target):
        yield target
        return
    with create_folders(target.parent):
        draft = _build_draft_path(target, PARTIAL)
        try:
            yield draft
            flush_path(draft)
            _rename_all({target: draft})
        finally:
            draft.unlink(missing_ok=True)
    flush_path(target.parent)


@contextmanager
def hold_texts(texts: Iterable[str]) -> Iterator[Iterator[str]]:
    """Write texts to a file without a name, and yield them once all are there; the file ends with the block."""
    import tempfile

    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogatepass", newline="") as file:
        file.writelines(texts)
        file.seek(0)
        yield iter(partial(file.read, 1_000_000), "")


def _is_device(target: Path) -> bool:
    """Return whether the target is a device or a pipe, which takes bytes and keeps its name."""
    return target.exists() and not target.is_file() and not target.is_dir()


def fill(file: Path, data: bytes | Iterable[bytes], *, private: bool = False) -> None:
    """Write and flush a file in a folder that only this process uses; remove it on failure.

    `data` may come in parts, so that a long file is never whole in memory. A `private` file must be new and is
    readable by this user only.
    """
    try:
        _fill(file, data, private=private)
    except FileExistsError:  # another process's file: leave it
        raise
    except BaseException:
        with suppress(OSError):
            file.unlink(missing_ok=True)
        raise


def copy(source: Path, target: Path) -> None:
    """Copy a file into a folder that has not been renamed into place yet, and flush it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    flush_path(target)


def put_copy(source: Path, target: Path, sha256: str) -> bool:
    """Copy a file, completely or not at all, if its bytes have this SHA-256; return whether they have.

    The bytes are hashed while they are copied. The copy shares nothing with its source but the permissions, so
    that an editor that writes in place does not change it.
    """
    try:
        stream = source.open("rb")
    except OSError:
        return False
    digest = hashlib.sha256()

    def read() -> Iterator[bytes]:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            yield piece

    with stream, create_folders(target.parent):
        draft = _build_draft_path(target, PARTIAL)
        draft.unlink(missing_ok=True)
        try:
            fill(draft, read(), private=True)
            if digest.hexdigest() != sha256:
                return False
            shutil.copymode(source, draft)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    flush_path(target.parent)
    return True


@cache
def open_process_folder() -> TemporaryDirectory[str]:
    """Return a folder of this process, which goes with it; it is created at the first use."""
    return TemporaryDirectory(prefix="tnt-sim-")


def is_in_process_folder(path: Path) -> bool:
    """Return whether a path is in that folder."""
    is_open = open_process_folder.cache_info().currsize > 0
    return is_open and path.is_relative_to(Path(open_process_folder().name).resolve())


def append(file: Path, record: bytes) -> None:
    """Append a line to a file, flushed when this returns; a line that does not fit leaves nothing."""
    handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        try:
            _write(handle, (b"\n" if torn else b"") + record + b"\n")
            os.fsync(handle)
        except BaseException:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


def open_lock(file: Path) -> BinaryIO:
    """Open an empty file to lock, creating it if it is missing."""
    return file.open("a+b")


def touch(file: Path) -> None:
    """Create an empty file, whose name alone carries the information."""
    _fill(file, b"")


@contextmanager
def create_folders(*folders: Path) -> Iterator[None]:
    """Create missing folders; remove those still empty if the block fails."""
    created: list[Path] = []
    try:
        for folder in folders:
            missing = [one for one in (folder, *folder.parents) if not one.exists()]
            for entry in reversed(missing):
                entry.mkdir(exist_ok=True)
                created.append(entry)
            if not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        yield
    except BaseException:
        for entry in reversed(created):
            with suppress(OSError):
                entry.rmdir()
        raise


def flush_path(path: Path) -> None:
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


def is_alive(pid: int) -> bool:
    """Return whether a process of this machine is running."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _fill(file: Path, data: bytes | Iterable[bytes], *, private: bool = False, flushed: bool = True) -> None:
    fresh = os.O_EXCL if private else os.O_TRUNC
    flags = os.O_WRONLY | os.O_CREAT | fresh | getattr(os, "O_BINARY", 0)
    handle = os.open(file, flags, 0o600 if private else 0o666)
    try:
        for part in (data,) if isinstance(data, bytes) else data:
            _write(handle, part)
        if flushed and stat.S_ISREG(os.fstat(handle).st_mode):
            os.fsync(handle)
    finally:
        os.close(handle)


def _write(handle: int, data: bytes) -> None:
    """Write all bytes, however few the system takes at a time."""
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _build_draft_path(target: Path, suffix: str) -> Path:
    """Return a draft name beside a file, unique to this process and short enough for the file system."""
    return target.with_name(f".{target.name[:_LONGEST]}.{os.getpid()}{suffix}")


def _remove_drafts(folder: Path, start: str = ".") -> None:
    """Remove the drafts that killed writers left, of files whose drafts begin with `start`."""
    dead = []
    for entry in folder.iterdir():
        owner = entry.name.removesuffix(entry.suffix).rpartition(".")[2]
        if entry.name.startswith(start) and owner.isdigit() and entry.suffix in (PARTIAL, OLD):
            dead.append((int(owner), entry))
    for pid, entry in dead:
        if not is_alive(pid):
            entry.unlink(missing_ok=True)
