"""`tests/example_package`, and other packages made for a test, as if they were installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from support.paths import ROOT, TESTS
from tnt_sim.errors import UsageError

FOLDER = TESTS / "example_package"
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def write_distribution(site: Path, name: str, entries: Mapping[str, Mapping[str, str]]) -> None:
    """Write into `site` what an installed package says of itself: its name and its entry points by group."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    lines = [
        line
        for group, objects in entries.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in objects.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_example(site: Path) -> None:
    """Write into `site` that the example package is installed."""
    write_distribution(site, PROJECT["name"], PROJECT["entry-points"])


def check_refusal(
    load: Callable[[], object], entry: tuple[str, str, str], why: str, site: Path, patch: pytest.MonkeyPatch,
    modules: Mapping[str, str],
) -> None:  # fmt: skip
    """Check that a package with this entry (group, name, value) is refused by its name, with the reason.

    The example package is installed too; `modules` holds the source of each module of the refused one.
    """
    group, name, value = entry
    for module, source in modules.items():
        (site / f"{module}.py").write_text(source, encoding="utf-8")
        patch.delitem(sys.modules, module, raising=False)
    write_example(site)
    write_distribution(site, "zz-broken", {group: {name: value}})
    patch.syspath_prepend(site)
    patch.syspath_prepend(FOLDER)
    with pytest.raises(UsageError) as refused:
        load()
    assert f"zz-broken ({group}: {name})" in refused.value.text.en
    assert f"zz-broken ({group}: {name})" in refused.value.text.fr
    assert why in refused.value.text.en


def run_python(
    site: Path, words: Sequence[str], folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python on `words` in a process of its own that finds the packages of `site` and the example's code."""
    path = os.pathsep.join(str(entry) for entry in (site, FOLDER, ROOT))
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder or site,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
