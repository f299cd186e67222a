"""Generate a notebook that opens a run folder (`report --notebook`), for Jupyter and papermill.

The run's path is its parameter and no result is copied into it, so that it can show another run.
Deterministic for a run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.reporting.decision_page.subtotals import build_groupings
from tnt_sim.reporting.report_tree import SYNTHETIC

Cell = dict[str, Any]
_MARKS = re.compile(r"([\\`*_\[\]#$~|])")


def build_run_notebook(run: StoredRun, path: str, lang: Lang) -> bytes:
    """Return the notebook of a run.

    Parameters
    ----------
    path : run folder relative to the notebook
    """
    cells = [_build_cell(k, *part) for k, part in enumerate(_list_cells(run, path, lang))]
    book = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(book, ensure_ascii=False, indent=1) + "\n").encode()


def _build_cell(number: int, kind: str, text: str, tags: Sequence[str] = ()) -> Cell:
    cell: Cell = {
        "cell_type": kind,
        "id": f"cell-{number}",
        "metadata": {"tags": list(tags)} if tags else {},
        "source": text.splitlines(keepends=True),
    }
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}


def _list_cells(run: StoredRun, path: str, lang: Lang) -> list[tuple[Any, ...]]:
    """Return kind, text and tags of each cell."""
    synthetic = f"\n\n*{SYNTHETIC.in_(lang)}*" if run.synthetic else ""

    def build_phrase(text: Text) -> tuple[str, str]:
        return "markdown", text.in_(lang)

    pieces: list[tuple[Any, ...]] = [
        ("markdown", f"# {escape_markdown(run.title)}\n\n{_ABOUT.in_(lang)}{synthetic}"),
        ("code", f"run_dir = {path!r}\nlang = {lang.value!r}", ("parameters",)),
        ("code", "import altair\n\nimport tnt_sim as tnt\n\n"
                 f'altair.renderers.enable("svg")  # {_STILL.in_(lang)}\n'
                 "run = tnt.open_run(run_dir, lang)\nrun"),
        build_phrase(_("## Money by envelope")),
        ("code", "run.plot.by_envelope()"),
    ]  # fmt: skip
    if any(one.key == "department" for one in build_groupings(run, lang)):
        pieces += [
            build_phrase(_("## The map")),
            ("code", "run.plot.by_department()"),
            ("code", 'run.plot.by_department("head")'),
        ]
    if run.data.rules:
        pieces += [
            build_phrase(_("## The rules, and what is at its bound")),
            ("code", 'tnt.table(run.to_dataframe(table="rules"), lang=lang)'),
        ]
    return [*pieces, *_list_dossier_cells(lang)]


def _list_dossier_cells(lang: Lang) -> list[tuple[Any, ...]]:
    """Return the cells on applications, their reasons, and what to ask next."""
    columns = '"dossier", "title", "funded", "granted_cents", "reason"'
    return [
        ("markdown", _("## The applications, and why").in_(lang)),
        ("code", "dossiers = run.to_dataframe()\n"
                 f"tnt.table(dossiers.select({columns}), lang=lang)"),
        ("code", 'reasons = dossiers.group_by("funded", "reason_code").len().sort("len", descending=True)\n'
                 "tnt.table(reasons, lang=lang)"),
        ("code", "summary = run.summary()\n"
                 'assert dossiers["granted_cents"].sum() == summary["granted_cents"]\n'
                 'assert dossiers["funded"].sum() == summary["n_funded"]'),
    ]  # fmt: skip


_STILL = _("still pictures, which ask for nothing outside")
_ABOUT = _(
    "This notebook opens the folder of a run and shows what it holds; every file is compared "
    "with its hash. The path is a parameter, and the same notebook serves another run: "
    "`papermill notebook.ipynb out.ipynb -p run_dir PATH`."
)


def escape_markdown(text: str) -> str:
    """Escape a planner's text for Markdown."""
    return _MARKS.sub(r"\\\1", escape(" ".join(text.split()), quote=False))
