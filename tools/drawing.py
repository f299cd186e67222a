"""`docs/architecture.svg`: the rooms of the package and what each imports, drawn from the imports themselves.

A room stands above all that it imports. An arrow that follows from others is left out (transitive reduction), so
what is drawn is the least from which the rest follows.
`python tools/docs.py write` writes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import rooms

BOX, HIGH, GAP, STEP, MARGIN = 116, 34, 16, 66, 14
SWEEPS = 24
"""Passes that bring rooms near what they are joined to."""
FAMILIES: Mapping[str, tuple[str, str]] = {
    "#e8eef6": (
        "lire",
        "i18n characters errors installation documents extensions deadline sparse_matrix parallel disk domain "
        "ingest rules values scenario",
    ),
    "#fdf0d5": ("calculer", "formulation kernel solve engine"),
    "#dff0e3": ("relire et prouver", "certify verify prove"),
    "#f3e3ee": ("répondre et montrer", "analysis reporting studies exchange api app cli"),
}  # fmt: skip


def reduced(imports: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The arrows that do not follow from others."""

    @cache
    def under(room: str) -> frozenset[str]:
        return imports[room].union(*(under(other) for other in imports[room]))

    return {
        room: frozenset(one for one in others if not any(one in under(other) for other in others - {one}))
        for room, others in imports.items()
    }


def levels(arrows: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """0 for rooms that import nothing, else one more than the highest that is imported."""

    @cache
    def level(room: str) -> int:
        return 1 + max((level(other) for other in arrows[room]), default=-1)

    return {room: level(room) for room in arrows}


Point = tuple[str, int]
"""A room, or the place where the arrow « a→b » crosses a level."""


def _rows(arrows: Mapping[str, frozenset[str]]) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """What stands on each level from the lowest, and the short arrows between neighbouring levels."""
    at = levels(arrows)
    rows: list[list[str]] = [[] for _ in range(max(at.values()) + 1)]
    for room in sorted(at):
        rows[at[room]].append(room)
    short = []
    for room, others in sorted(arrows.items()):
        for other in sorted(others):
            chain = [room, *(f"{room}→{other}:{k}" for k in range(at[room] - 1, at[other], -1)), other]
            for k, name in enumerate(chain[1:-1], 1):
                rows[at[room] - k].append(name)
            short += pairwise(chain)
    return rows, short


def _placed(rows: list[list[str]], short: list[tuple[str, str]]) -> dict[str, float]:
    """The middle of each room and crossing, from left to right; near what it is joined to, none over another."""
    joined: dict[str, list[str]] = defaultdict(list)
    for a, b in short:
        joined[a].append(b)
        joined[b].append(a)
    x = {name: (k + 0.5) * (BOX + GAP) for row in rows for k, name in enumerate(row)}
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 else reversed(rows):
            wish = {name: sum(x[o] for o in joined[name]) / len(joined[name]) if joined[name] else x[name]
                    for name in row}  # fmt: skip
            row.sort(key=lambda name: (wish[name], name))
            _spread(row, wish, x)
    left = min(x[name] - _wide(name) / 2 for name in x)
    return {name: place - left + MARGIN for name, place in x.items()}


def _wide(name: str) -> float:
    return 20.0 if "→" in name else BOX + GAP


def _spread(row: list[str], wish: Mapping[str, float], x: dict[str, float]) -> None:
    """Put a row as near its wishes as its widths allow."""
    edge = -1e9
    for name in row:
        x[name] = max(wish[name], edge + _wide(name) / 2)
        edge = x[name] + _wide(name) / 2
    late = sum(x[name] - wish[name] for name in row) / len(row)
    for name in row:
        x[name] -= late


def drawing(found: Mapping[str, frozenset[str]] | None = None) -> str:
    """The whole SVG text, of the rooms that each room imports."""
    found = rooms.room_imports(rooms.imports()) if found is None else found
    arrows = reduced(found)
    rows, short = _rows(arrows)
    x = _placed(rows, short)
    top = len(rows) - 1
    y = {name: MARGIN + (top - level) * STEP + HIGH / 2 for level, row in enumerate(rows) for name in row}
    width = max(x[name] + _wide(name) / 2 for name in x) + MARGIN
    height = MARGIN * 2 + top * STEP + HIGH + 30
    half = HIGH / 2
    parts = [_curve(x[a], y[a] + half, x[b], y[b] - half, end="→" not in b) for a, b in short]
    parts += [_past(x[name], y[name]) for name in x if "→" in name]
    parts += [_box(room, x[room], y[room]) for room in sorted(found)]
    parts += _legend(height)
    label = "Les pièces de tnt_sim ; une flèche va de celle qui importe à celle qui est importée"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{label}" font-family="system-ui, sans-serif" font-size="13">\n'
        f"<title>{label}</title>\n"
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#6b7280"/></marker></defs>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _past(x: float, y: float) -> str:
    """The straight piece of an arrow beside the boxes of a level, so that it bends between levels only."""
    return f'<path d="M{x:.0f} {y - HIGH / 2:.0f}V{y + HIGH / 2:.0f}" stroke="#9aa3ad"/>'


def _curve(x0: float, y0: float, x1: float, y1: float, *, end: bool) -> str:
    middle = (y0 + y1) / 2
    mark = ' marker-end="url(#a)"' if end else ""
    path = f"M{x0:.0f} {y0:.0f}C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} {x1:.0f} {y1:.0f}"
    return f'<path d="{path}" fill="none" stroke="#9aa3ad"{mark}/>'


def family(room: str) -> str:
    """The colour of a room, "" for one that belongs to no family yet."""
    return next((colour for colour, (_, inside) in FAMILIES.items() if room in inside.split()), "")


def _box(room: str, x: float, y: float) -> str:
    fill = family(room) or "#fff"
    return (
        f'<g><rect x="{x - BOX / 2:.0f}" y="{y - HIGH / 2:.0f}" width="{BOX}" height="{HIGH}" rx="5" '
        f'fill="{fill}" stroke="#374151"/><text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle" '
        f'fill="#111">{room}</text></g>'
    )


def _legend(height: float) -> list[str]:
    parts, x = [], float(MARGIN)
    for colour, (name, _) in FAMILIES.items():
        parts.append(
            f'<rect x="{x:.0f}" y="{height - 24:.0f}" width="14" height="14" fill="{colour}" stroke="#374151"/>'
            f'<text x="{x + 20:.0f}" y="{height - 12:.0f}" fill="#111">{name}</text>'
        )
        x += 34 + 7.2 * len(name)
    return parts
