"""What made a run: hashes of its inputs, resolved scenario, code, lock file, versions and result."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tnt_sim.verify.documents import canonical_sha256, file_sha256
from tnt_sim.verify.run_files import RESOLVED

PACKAGES = ("highspy", "numpy", "polars", "pulp", "pydantic", "ruamel.yaml", "scipy")
_PACKAGE = Path(__file__).resolve().parents[1]
_LOCK = _PACKAGE.parent / "requirements.lock"


def provenance(
    inputs: Sequence[Mapping[str, str]],
    files: Mapping[str, str],
    versions: Mapping[str, str],
    allocation_sha256: str | None,
    code_sha256: str,
    lock_sha256: str | None,
) -> dict[str, Any]:
    """The entry `provenance` of a summary."""
    return {
        "inputs_sha256": canonical_sha256(list(inputs)),
        "resolved_sha256": files[RESOLVED],
        "code_sha256": code_sha256,
        "lock_sha256": lock_sha256,
        "versions_sha256": canonical_sha256(dict(versions)),
        "result_sha256": allocation_sha256,
    }


@cache
def code_hash() -> str:
    """SHA-256 of the package: path and SHA-256 of every module and map by path, lines ending in LF; read once."""
    total = hashlib.sha256()
    for file in sorted([*_PACKAGE.rglob("*.py"), *_PACKAGE.rglob("*.parquet")]):
        data = file.read_bytes()
        if file.suffix == ".py":
            data = data.replace(b"\r\n", b"\n")
        name = file.relative_to(_PACKAGE).as_posix()
        total.update(f"{name}\t{hashlib.sha256(data).hexdigest()}\n".encode())
    return total.hexdigest()


def lock_hash() -> str | None:
    """SHA-256 of `requirements.lock` beside the package, None where there is none."""
    return file_sha256(_LOCK) if _LOCK.is_file() else None


def versions() -> dict[str, str]:
    """The versions of tnt_sim, of Python and of the packages that compute."""
    found = {"tnt_sim": _version("tnt-sim"), "python": platform.python_version()}
    return found | {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "?"
