"""How the compiled kernels are built: its sources, their stamp, and the compiler's command.

`tools/build_core.py` reads this file by its path, before the package and numpy are installed; so it imports the
standard library alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LIBRARY = FOLDER / ("core.dll" if sys.platform == "win32" else "core.so")
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-ffp-contract=off", "-fwrapv")
SECONDS = 120.0
"""A compiler that takes longer is given up."""


def list_sources() -> list[Path]:
    """Return the C files and headers, sorted by name."""
    return sorted([*FOLDER.glob("*.c"), *FOLDER.glob("*.h")])


def compute_stamp() -> str:
    """Return the SHA-256 of the sources; the library carries it, so that one of other sources is never used."""
    total = hashlib.sha256()
    for file in list_sources():
        total.update(file.name.encode() + b"\t" + file.read_bytes().replace(b"\r\n", b"\n") + b"\n")
    return total.hexdigest()


def find_compiler() -> list[str] | None:
    """Return the compiler's command: the variable CC, or the first of `COMPILERS`; None without a compiler."""
    asked = os.environ.get("CC", "").split()
    if asked and shutil.which(asked[0]):
        return asked
    found = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    return None if found is None else [found]


def build_library(target: Path = LIBRARY, flags: Sequence[str] = FLAGS) -> str | None:
    """Build the library; return None, or why there is none.

    The library appears whole or not at all, so that two builds at once do no harm.
    """
    compiler = find_compiler()
    if compiler is None:
        return f"no C compiler ({', '.join(COMPILERS)})"
    sources = [str(file) for file in list_sources() if file.suffix == ".c"]
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as folder:
        draft = Path(folder) / target.name
        command = [*compiler, *flags, f'-DTNT_STAMP="{compute_stamp()}"', "-o", str(draft), *sources]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{compiler[0]} failed: {error}"
        if done.returncode or not draft.is_file():
            return f"{compiler[0]} failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
        os.replace(draft, target)
    return None
