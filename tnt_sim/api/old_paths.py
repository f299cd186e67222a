"""Import paths of version 0.1 for public names; they work with a warning until they are removed in 0.3.0."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import MappingProxyType, ModuleType
from typing import Any

OLD_PATHS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "tnt_sim.result": dict.fromkeys(("Proof", "Result", "Status"), "tnt_sim"),
        "tnt_sim.run_access": {"open_run": "tnt_sim"},
        "tnt_sim.session": {"Session": "tnt_sim"},
        "tnt_sim.study.alternatives": {"alternatives": "tnt_sim"},
        "tnt_sim.study.audit": {"audit": "tnt_sim"},
        "tnt_sim.study.batch.executors": {"executor": "tnt_sim.analysis.shared.executors"},
        "tnt_sim.study.batch.plan": {"read_plan": "tnt_sim.analysis.batch.plan"},
        "tnt_sim.study.batch.run": {"run_batch": "tnt_sim.analysis.batch.runner"},
        "tnt_sim.study.compare.api": dict.fromkeys(("Comparison", "compare"), "tnt_sim"),
        "tnt_sim.study.conflict": {"conflict": "tnt_sim"},
        "tnt_sim.study.core": {"core": "tnt_sim"},
        "tnt_sim.study.ensemble.api": dict.fromkeys(("Ensemble", "ensemble"), "tnt_sim"),
        "tnt_sim.study.extend.api": dict.fromkeys(("Extension", "extend"), "tnt_sim"),
        "tnt_sim.study.opinions": {"by_opinion": "tnt_sim"},
        "tnt_sim.study.questions": dict.fromkeys(
            ("entries", "extension", "next_euro", "prices", "target"), "tnt_sim"
        ),
        "tnt_sim.study.sweep_object": dict.fromkeys(("Sweep", "sweep"), "tnt_sim"),
        "tnt_sim.study.weights": {"weights": "tnt_sim"},
        "tnt_sim.view.imported": {"import_file": "tnt_sim"},
        "tnt_sim.view.notebook_table": {"table": "tnt_sim"},
    }
)
"""By old module: its public names, with the module that defines each of them now."""


class OldPaths:
    """Import finder for the modules of `OLD_PATHS` and their packages, used if no real module has that name.

    It is a finder and a loader without the abstract base classes, whose import would double that of
    `tnt_sim`.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of an old path; None for any other name."""
        is_folder = any(old.startswith(f"{fullname}.") for old in OLD_PATHS)
        if fullname not in OLD_PATHS and not is_folder:
            return None
        return ModuleSpec(fullname, self, is_package=is_folder)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python create the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Define the old names of the module, each resolved on use."""
        names = OLD_PATHS.get(module.__name__, {})

        def get_attribute(name: str) -> Any:
            if name not in names:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            warnings.warn(
                f"{module.__name__}.{name} is now {names[name]}.{name}; the old path goes in 0.3.0",
                DeprecationWarning,
                stacklevel=2,
            )
            return getattr(import_module(names[name]), name)

        vars(module)["__getattr__"] = get_attribute


def install() -> None:
    """Register the finder after all others."""
    if not any(isinstance(finder, OldPaths) for finder in sys.meta_path):
        sys.meta_path.append(OldPaths())
