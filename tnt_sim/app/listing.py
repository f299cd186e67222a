"""The list of dossiers: filtered, searched, cut at the first rows; never more than is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.app.desk import Shown
from tnt_sim.app.parts import Drawer, moved_rows, plain
from tnt_sim.app.phrases import PAGE
from tnt_sim.app.state import FIRST_ROWS, State
from tnt_sim.errors import Lang, Text
from tnt_sim.rules.base import BoolArray
from tnt_sim.verify.words import dossier_sentences
from tnt_sim.view.decided import plain_reasons
from tnt_sim.view.figures import amount, count, plural

_HEADS = ("number", "title", "department", "requested", "granted", "why", "decision")
_RIGHT = ("requested", "granted")


def listed_part(drawer: Drawer, shown: Shown, last: Shown | None, state: State) -> str:
    """The part `list` for what the state looks at."""
    lang = drawer.lang
    rows = np.flatnonzero(_wanted(drawer, shown, last, state))
    first = rows[: state.rows].tolist()
    n, rest = len(rows), len(rows) - len(first)
    granted = amount(int(shown.allocation.granted_cents[rows].sum()), lang)
    dossiers = plural(n, ("dossier", "dossiers"), ("dossier", "dossiers"), lang)
    more = count(min(rest, FIRST_ROWS), lang)
    return drawer.macro(
        "dossiers",
        {
            "found": Text(f"{dossiers}, {granted} accordés.", f"{dossiers}, {granted} granted.").in_(lang),
            "heads": [{"words": PAGE[key].in_(lang), "n": key in _RIGHT} for key in _HEADS],
            "rows": _rows(shown, last, state, first, lang) if first else [],
            "more": Text(f"Montrer {more} de plus", f"Show {more} more").in_(lang) if rest else "",
        },
    )


def _wanted(drawer: Drawer, shown: Shown, last: Shown | None, state: State) -> BoolArray:
    """Which dossiers the state looks at, bool (n,)."""
    table = shown.problem.case.table
    wanted: BoolArray = _SHOWN[state.show](shown, last)
    for word in plain(state.search).split():
        wanted = wanted & drawer.haystack.str.contains(word, literal=True).to_numpy()
    if state.department:
        wanted = wanted & (table["department"] == state.department).fill_null(False).to_numpy()
    return wanted


def _of_rows(n: int, rows: Sequence[int]) -> BoolArray:
    found = np.zeros(n, dtype=np.bool_)
    found[list(rows)] = True
    return found


def _moved(shown: Shown, last: Shown | None, which: int) -> BoolArray:
    rows = [] if last is None else moved_rows(shown, last)[which]
    return _of_rows(shown.problem.case.n, rows)


_SHOWN: Mapping[str, Callable[[Shown, Shown | None], BoolArray]] = {
    "": lambda shown, _: np.ones(shown.problem.case.n, dtype=np.bool_),
    "funded": lambda shown, _: shown.allocation.funded,
    "refused": lambda shown, _: ~shown.allocation.funded,
    "enter": lambda shown, last: _moved(shown, last, 0),
    "leave": lambda shown, last: _moved(shown, last, 1),
    "forced": lambda shown, _: shown.problem.case.table["dossier"].is_in(list(shown.state.forced)).to_numpy(),
}


def _rows(
    shown: Shown, last: Shown | None, state: State, rows: Sequence[int], lang: Lang
) -> list[dict[str, Any]]:
    case, allocation = shown.problem.case, shown.allocation
    part = case.table[list(rows)]
    why = dossier_sentences(shown.problem, allocation, shown.reasons, lang)
    why = plain_reasons(shown.problem.scenario.spec, why, shown.reasons.code)
    enter, leave = (set(), set()) if last is None else map(set, moved_rows(shown, last))
    said = {**dict.fromkeys(enter, "enters"), **dict.fromkeys(leave, "leaves")}
    told = []
    for row, line in zip(rows, part.iter_rows(named=True), strict=True):
        funded = bool(allocation.funded[row])
        free = not shown.problem.offers.committed[row]
        act = "out" if funded else "in"
        told.append(
            {
                "dossier": line["dossier"],
                "title": line["title"] or "",
                "applicant": line["applicant"] or "",
                "department": line["department"] or "–",
                "requested": amount(line["requested_cents"], lang),
                "granted": amount(int(allocation.granted_cents[row]), lang) if funded else "–",
                "kept": funded,
                "why": why[row],
                "moved": PAGE[said[row]].in_(lang) if row in said else "",
                "forced": line["dossier"] in state.forced,
                "act": act if free else "",
                "act_words": PAGE["outside" if funded else "inside"].in_(lang).capitalize(),
            }
        )
    return told


def departments_of(drawer: Drawer, table: pl.DataFrame) -> list[tuple[str, str]]:
    """Code and name of each department that some dossier has."""
    if drawer.by_department is None:
        return []
    held = set(table["department"].drop_nulls().to_list())
    grouping = drawer.by_department
    pairs = zip(grouping.codes, grouping.names, strict=True)
    return [(code, name) for code, name in pairs if code in held]
