"""Every command that reads a run folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from tnt_sim.reporting.export.formats import FORMATS

Call = Callable[[Path, Path], list[str]]
"""The words of a command, from a run folder and a folder to write into."""


def _exported(name: str) -> Call:
    return lambda run, out: [
        "export",
        str(run),
        "--format",
        name,
        "--out",
        str(out / f"{name}{FORMATS[name].suffixes[0]}"),
    ]


def _reported(suffix: str) -> Call:
    return lambda run, out: ["report", str(run), "--no-explain", "--out", str(out / f"report{suffix}")]


def _beside(run: Path) -> str:
    """The scenario of a run, as its summary names it."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    name = next(entry["path"] for entry in summary["inputs"] if entry["kind"] == "scenario")
    return str(run.parent.parent / name)


LINES = Path(__file__).parents[1] / "data" / "accounting-lines.csv"
"""An accounting export of one line."""

READERS: Mapping[str, Call] = {
    "verify": lambda run, _: ["verify", str(run)],
    "explain": lambda run, _: ["explain", str(run), "--all"],
    "inversions": lambda run, _: ["inversions", str(run)],
    "core": lambda run, _: ["core", str(run), str(run)],
    "compare": lambda run, _: ["compare", str(run), str(run), "--no-causes"],
    "audit": lambda run, _: ["audit", _beside(run), "--selection", str(run)],
    "sign": lambda run, out: ["sign", str(run), "--as", "liste-1", "--register", str(out / "registre")],
    "transparency": lambda run, out: ["transparency", str(run), "--out", str(out / "sheets")],
    "send": lambda run, _: ["send", str(run)],
    "reconcile": lambda run, _: ["reconcile", str(run), str(LINES)],
    "export --by": lambda run, out: ["export", str(run), "--by", "department", "--out", str(out / "by")],
    **{f"export {name}": _exported(name) for name in FORMATS},
    **{f"report {suffix}": _reported(suffix) for suffix in (".html", ".xlsx", ".ipynb")},
}


ACTS = {"send", "transparency", *(f"export {name}" for name, one in FORMATS.items() if one.is_act)}
