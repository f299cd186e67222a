"""The tree of envelopes as a table, and why money is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.view.figures import amounts, count, plural, short_amount
from tnt_sim.view.grid import grid, hanging, width_of
from tnt_sim.view.words import UNSPENT

MOST_CHILDREN = 12
"""An envelope with more children than this (a split by department, say) shows them in one line."""
FEWEST_LETTERS = 16
_BETWEEN = " · "
RUN_COLUMNS = (
    ("amount_cents", Text("Montant", "Amount")),
    ("granted_cents", Text("Accordé", "Granted")),
    ("unspent_cents", Text("Reste", "Left")),
    ("n_dossiers", Text("Déposés", "Filed")),
    ("n_eligible", Text("Éligibles", "Eligible")),
    ("n_funded", Text("Financés", "Funded")),
)
_EFFECTIVE = ("effective_cents", Text("Disponible", "Available"))
_ENVELOPE = Text("Enveloppe", "Envelope")

Entry = Mapping[str, Any]


def envelope_table(
    entries: Sequence[Entry], lang: Lang, width: int, keys: Sequence[tuple[str, Text]] = ()
) -> list[Line]:
    """Envelopes with amounts and counts: exact where the width allows it, else in short amounts.

    Ids are never cut; a table wider than the terminal is left to the terminal. `keys` names the columns
    (``…_cents`` are amounts); those of a run by default.
    """
    columns = list(keys or RUN_COLUMNS)
    rows = _rows(entries, lang, [key for key, _ in columns])
    if not keys and any(entry.get(_EFFECTIVE[0]) != entry.get("amount_cents") for _, entry in rows):
        columns.insert(1, _EFFECTIVE)
    exact = _lines(rows, [name for name, _ in rows], columns, lang, short=False)
    spare = width - width_of(exact)
    if spare < 0:
        return _lines(rows, [name for name, _ in rows], columns, lang, short=True)
    longest = max((len(name) for name, _ in rows), default=0)
    titled = [_titled(name, entry, longest + spare) for name, entry in rows]
    return _lines(rows, titled, columns, lang, short=False)


def _lines(
    rows: Sequence[tuple[str, Entry]],
    heads: Sequence[str],
    columns: Sequence[tuple[str, Text]],
    lang: Lang,
    *,
    short: bool,
) -> list[Line]:
    cells = [list(heads)]
    for key, _ in columns:
        values = [entry.get(key) for _, entry in rows]
        if not key.endswith("_cents"):
            cells.append([count(value, lang) for value in values])
        else:
            cells.append([short_amount(v, lang) for v in values] if short else amounts(values, lang))
    styles = ["bold" if entry.get("parent") is None else "" for _, entry in rows]
    head = [_ENVELOPE.in_(lang), *(name.in_(lang) for _, name in columns)]
    return grid(list(zip(*cells, strict=True)), header=head, right=range(1, len(head)), styles=styles)


def _titled(name: str, entry: Entry, width: int) -> str:
    """The id, and as much of the title as there is room for; less than a few words is left out."""
    title = entry.get("title") or ""
    room = width - len(name) - len(_BETWEEN)
    if not title or title == entry["id"] or room < min(len(title), FEWEST_LETTERS):
        return name
    return name + _BETWEEN + (title if len(title) <= room else title[: room - 1].rstrip(" ,:(") + "…")


def _rows(entries: Sequence[Entry], lang: Lang, keys: Sequence[str]) -> list[tuple[str, Entry]]:
    """Each envelope with its branch drawn before its id; many children become one line."""
    children: dict[str | None, list[Entry]] = {}
    for entry in entries:
        children.setdefault(entry.get("parent"), []).append(entry)
    rows: list[tuple[str, Entry]] = []

    def visit(entry: Entry, lead: str, branch: str) -> None:
        rows.append((lead + branch + str(entry["id"]), entry))
        inner = lead + {"├─ ": "│  ", "└─ ": "   "}.get(branch, "")
        mine = children.get(entry["id"], [])
        if len(mine) > MOST_CHILDREN:
            rows.append((f"{inner}└─ {_together(len(mine), lang)}", _sum(mine, keys)))
            return
        for k, child in enumerate(mine):
            visit(child, inner, "└─ " if k == len(mine) - 1 else "├─ ")

    for root in children.get(None, []):
        visit(root, "", "")
    return rows


def _together(n: int, lang: Lang) -> str:
    return plural(n, ("part", "parts"), ("part", "parts"), lang)


def _sum(entries: Sequence[Entry], keys: Sequence[str]) -> dict[str, Any]:
    total: dict[str, Any] = {"id": "", "parent": "…", "title": ""}
    for key in (*keys, _EFFECTIVE[0]):
        values = [entry.get(key) for entry in entries]
        total[key] = (
            None if any(value is None for value in values) else sum(v for v in values if v is not None)
        )
    return total


def unspent_lines(entries: Sequence[Entry], lang: Lang, width: int) -> list[Line]:
    """Each envelope with money left: how much, and why; the parts of a split together, by reason."""
    n_children = Counter(entry.get("parent") for entry in entries)
    left: dict[tuple[Any, ...], list[Entry]] = {}
    for entry in entries:
        if (entry.get("unspent_cents") or 0) > 0:
            together = n_children[entry.get("parent")] > MOST_CHILDREN
            key = (entry["parent"], entry.get("unspent_code")) if together else (entry["id"],)
            left.setdefault(key, []).append(entry)
    groups = list(left.values())
    texts = amounts([sum(int(entry["unspent_cents"]) for entry in group) for group in groups], lang)
    rows = [
        (_group_name(group, lang), text, _why(group[0], lang))
        for group, text in zip(groups, texts, strict=True)
    ]
    return hanging(rows, width, right=(1,))


def _group_name(group: Sequence[Entry], lang: Lang) -> str:
    if len(group) == 1:
        return str(group[0]["id"])
    return f"{group[0]['parent']} · {_together(len(group), lang)}"


def _why(entry: Entry, lang: Lang) -> str:
    because = entry.get("unspent_because") or UNSPENT.get(entry.get("unspent_code") or "", _NO_WHY).in_(lang)
    return str(because)


_NO_WHY = Text("raison non établie", "reason not established")
