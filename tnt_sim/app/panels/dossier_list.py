"""The list of applications: filters that hold together, their totals, and the first rows; all text is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tnt_sim.app.live_answers import LiveAnswer
from tnt_sim.app.page_state import FILTERS, FIRST_ROWS, State
from tnt_sim.app.page_text import PAGE
from tnt_sim.app.panels.result_panels import Drawer, find_moved_rows, normalise_text
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.numbers import format_amount, format_integer, format_short_amount
from tnt_sim.reporting.decision_page.outcomes import CLOSED
from tnt_sim.reporting.reports.decision_table import simplify_reasons
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.verify.reason_sentences import describe_dossiers

_HEADS = ("number", "title", "department", "requested", "granted", "why", "decision")
_RIGHT = ("requested", "granted")
_WHOLE = ("", "funded", "waiting", "closed")
"""Outcomes that are always offered: the last three add up to the first."""


def render_list(drawer: Drawer, answer: LiveAnswer, last: LiveAnswer | None, state: State) -> str:
    """Return the panel `list` for the view of the state."""
    lang = drawer.lang
    chosen = _select_dossiers(drawer, answer, state)
    wanted = chosen & _OUTCOMES[state.show](answer, last)
    rows = np.flatnonzero(wanted)
    first = rows[: state.rows].tolist()
    rest = len(rows) - len(first)
    more = format_integer(min(rest, FIRST_ROWS), lang)
    return drawer.render_macro(
        "dossiers",
        {
            "found": _describe_total(answer, wanted, lang),
            "outcomes": _list_outcomes(answer, last, state, chosen, lang),
            "heads": [{"words": _label_head(key, answer, lang), "n": key in _RIGHT} for key in _HEADS],
            "rows": _build_rows(answer, last, state, first, lang) if first else [],
            "more": _("Show {more} more", more=more).in_(lang) if rest else "",
        },
    )


def _label_head(key: str, answer: LiveAnswer, lang: Lang) -> str:
    """Return the header of a column; that of the territory is the scenario's own, if it has one."""
    own = answer.problem.scenario.spec.place_label if key == "department" else ""
    return own or PAGE[key].in_(lang)


def describe_filters(
    drawer: Drawer, answer: LiveAnswer | None, last: LiveAnswer | None, state: State
) -> dict[str, Any]:
    """Return the filters in use, each with its name, and how many applications they leave."""
    set_ = [key for key in FILTERS if getattr(state, key)]
    if answer is None or not set_:
        return {"filters": [], "found": ""}
    lang = drawer.lang
    n = int((_select_dossiers(drawer, answer, state) & _OUTCOMES[state.show](answer, last)).sum())
    return {
        "filters": [{"key": key, "words": _label_filter(drawer, answer, key, state)} for key in set_],
        "found": _n("See {n} application", "See {n} applications", n=n).in_(lang),
    }


def _label_filter(drawer: Drawer, answer: LiveAnswer, key: str, state: State) -> str:
    value = str(getattr(state, key))
    if key == "show":
        return PAGE[f"show_{value}"].in_(drawer.lang)
    if key == "search":
        return _('"{words}"', words=value).in_(drawer.lang)
    if key == "envelope":
        tree = answer.problem.case.tree
        return tree.titles[tree.get_node(value)] or value if value in tree.ids else value
    grouping = drawer.by_department
    names = {} if grouping is None else dict(zip(grouping.codes, grouping.names, strict=True))
    return names.get(value, value)


def _describe_total(answer: LiveAnswer, wanted: BoolArray, lang: Lang) -> str:
    """Write how many applications the filters leave, and their money: always the sums of the list."""
    n, funded = int(wanted.sum()), int((wanted & answer.allocation.funded).sum())
    requested = int(answer.problem.case.table["requested_cents"].filter(wanted).sum() or 0)
    granted = int(answer.allocation.granted_cents[wanted].sum())
    return _n(
        "{n} application, {granted} granted to {funded}; {requested} requested.",
        "{n} applications, {granted} granted to {funded}; {requested} requested.",
        n=n,
        granted=format_amount(granted, lang),
        funded=format_integer(funded, lang),
        requested=format_amount(requested, lang),
    ).in_(lang)


def _list_outcomes(
    answer: LiveAnswer, last: LiveAnswer | None, state: State, chosen: BoolArray, lang: Lang
) -> list[dict[str, Any]]:
    """Return each outcome with how many applications the other filters leave of it, and what they are granted."""
    result = []
    for key, select in _OUTCOMES.items():
        wanted = chosen & select(answer, last)
        n = int(wanted.sum())
        if key not in _WHOLE and key != state.show and (not n or key == "refused"):
            continue
        result.append(
            {
                "key": key,
                "words": PAGE[f"show_{key}"].in_(lang),
                "n": format_integer(n, lang),
                "amount": format_short_amount(int(answer.allocation.granted_cents[wanted].sum()), lang)
                if key == "funded"
                else "",
                "chosen": key == state.show,
            }
        )
    return result


def _select_dossiers(drawer: Drawer, answer: LiveAnswer, state: State) -> BoolArray:
    """Return which applications the filters but the outcome select, bool (n,)."""
    case = answer.problem.case
    wanted: BoolArray = np.ones(case.n, dtype=np.bool_)
    for word in normalise_text(state.search).split():
        wanted = wanted & drawer.haystack.str.contains(word, literal=True).to_numpy()
    if state.department:
        wanted = wanted & (case.table["department"] == state.department).fill_null(False).to_numpy()
    if state.envelope:
        if state.envelope not in case.tree.ids:
            return np.zeros(case.n, dtype=np.bool_)
        node = case.tree.get_node(state.envelope)
        wanted = wanted & (case.node >= node) & (case.node < case.tree.end[node])
    return wanted


def _of_rows(n: int, rows: Sequence[int]) -> BoolArray:
    found = np.zeros(n, dtype=np.bool_)
    found[list(rows)] = True
    return found


def _select_moved(answer: LiveAnswer, last: LiveAnswer | None, which: int) -> BoolArray:
    rows = [] if last is None else find_moved_rows(answer, last)[which]
    return _of_rows(answer.problem.case.n, rows)


def _select_waiting(answer: LiveAnswer) -> BoolArray:
    return ~answer.allocation.funded & ~_select_closed(answer)


def _select_closed(answer: LiveAnswer) -> BoolArray:
    closed: BoolArray = answer.reasons.code.fill_null("").is_in(sorted(CLOSED)).to_numpy()
    return ~answer.allocation.funded & closed


_OUTCOMES: Mapping[str, Callable[[LiveAnswer, LiveAnswer | None], BoolArray]] = {
    "": lambda shown, __: np.ones(shown.problem.case.n, dtype=np.bool_),
    "funded": lambda shown, __: shown.allocation.funded,
    "waiting": lambda shown, __: _select_waiting(shown),
    "closed": lambda shown, __: _select_closed(shown),
    "refused": lambda shown, __: ~shown.allocation.funded,
    "enter": lambda shown, last: _select_moved(shown, last, 0),
    "leave": lambda shown, last: _select_moved(shown, last, 1),
    "forced": lambda shown, __: (
        shown.problem.case.table["dossier"].is_in(list(shown.state.forced)).to_numpy()
    ),
}


def _build_rows(
    answer: LiveAnswer, last: LiveAnswer | None, state: State, rows: Sequence[int], lang: Lang
) -> list[dict[str, Any]]:
    case, allocation = answer.problem.case, answer.allocation
    chunk = case.table[list(rows)]
    why = describe_dossiers(answer.problem, allocation, answer.reasons, lang)
    why = simplify_reasons(answer.problem.scenario.spec, why, answer.reasons.code)
    enter, leave = (set(), set()) if last is None else map(set, find_moved_rows(answer, last))
    words = {**dict.fromkeys(enter, "enters"), **dict.fromkeys(leave, "leaves")}
    place = answer.problem.scenario.spec.place_column or "department"
    entries = []
    for row, record in zip(rows, chunk.iter_rows(named=True), strict=True):
        funded = bool(allocation.funded[row])
        free = not answer.problem.offers.committed[row]
        act = "out" if funded else "in"
        entries.append(
            {
                "dossier": record["dossier"],
                "title": record["title"] or "",
                "applicant": record["applicant"] or "",
                "department": record[place] or "–",
                "requested": format_amount(record["requested_cents"], lang),
                "granted": format_amount(int(allocation.granted_cents[row]), lang) if funded else "–",
                "kept": funded,
                "why": why[row],
                "moved": PAGE[words[row]].in_(lang) if row in words else "",
                "forced": record["dossier"] in state.forced,
                "act": act if free else "",
                "act_words": PAGE["outside" if funded else "inside"].in_(lang).capitalize(),
            }
        )
    return entries
