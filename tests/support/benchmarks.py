"""Scripts of `benchmarks/` as modules: some tests run a sample of what a script runs for hours."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from support.paths import ROOT

FOLDER = ROOT / "benchmarks"


def benchmark(name: str) -> ModuleType:
    """The script of that name; what it imports from beside itself is found too."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    return import_module(name)
