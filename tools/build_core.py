"""Build hook: builds the compiled kernels when the package is installed, where a C compiler is there.

Hatchling calls it for wheels and for editable installs (`uv run`). Without a compiler, or where the build fails,
it says so in one line and the package is installed with its numpy kernels alone. A wheel that holds the library is
tagged for this platform; without it the wheel is pure.

With the variable TNT_SIM_PURE the wheel is pure on any machine.

`python tools/build_core.py` builds the library beside its sources, for a checkout.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # started by hand, in an environment without hatchling
    BuildHookInterface = object  # type: ignore[assignment, misc]

_PACKAGE = Path("tnt_sim/kernel/compiled")


def load_build(root: Path) -> ModuleType:
    """Load `build.py` by its path, without the package around it."""
    spec = importlib.util.spec_from_file_location("tnt_core_build", root / _PACKAGE / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CoreBuildHook(BuildHookInterface):  # type: ignore[misc, unused-ignore]
    """Builds the library into the package's folder before hatchling collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library, and name it and the platform to a wheel that is to hold it."""
        if os.environ.get("TNT_SIM_PURE"):  # a wheel for every platform
            return
        build = load_build(Path(self.root))
        failure = build.build_library()
        if failure is not None:
            build.LIBRARY.unlink(missing_ok=True)
            self.app.display_info(f"tnt-sim is installed without its compiled kernels: {failure}")
            return
        build_data["artifacts"].append(f"/{_PACKAGE.as_posix()}/{build.LIBRARY.name}")
        if version != "editable":
            from packaging.tags import platform_tags

            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{next(iter(platform_tags()))}"


if __name__ == "__main__":
    sys.exit(load_build(Path(__file__).resolve().parents[1]).build_library())
