"""Cycles of prerequisites, found without solving.

They are errors, whether the table, the hard `requires` rules that need all of theirs, or both form them.
"""

from __future__ import annotations

from collections.abc import Sequence

from tnt_sim.errors import Place
from tnt_sim.i18n.message import _
from tnt_sim.rules.kinds.requires.rule import Requires
from tnt_sim.rules.offers.funded_rows import MAX_LISTED
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Path


def refuse_cycles(case: Case, offers: Offers, rules: Sequence[tuple[Requires, Path | None]]) -> None:
    """Record one defect per cycle of prerequisites found.

    A path of None means that the table states the rule.
    """
    edges: dict[int, dict[int, int]] = {}
    for number, (rule, __) in enumerate(rules):
        pair = rule.whole[rule.needs.group]
        heads = rule.head[rule.needs.group[pair]]
        for a, b in zip(heads.tolist(), rule.needs.dossier[pair].tolist(), strict=True):
            edges.setdefault(a, {}).setdefault(b, number)
    for circle in _find_cycles(edges)[:MAX_LISTED]:
        names = [case.table["dossier"][row] for row in [*circle, circle[0]]]
        places: list[Place] = []
        for a, b in zip(circle, [*circle[1:], circle[0]], strict=True):
            path = rules[edges[a][b]][1]
            place = case.portfolio.locate(a, "requires") if path is None else case.locate(path)
            if place not in places:
                places.append(place)
        option = " → ".join(names)
        case.defects.add(
            "requires-circle",
            _("these applications require each other: {option}.", option=option),
            *places,
            hint=_("Cut the circle, or write a rule `together` if they go together."),
        )


def _find_cycles(edges: dict[int, dict[int, int]]) -> list[list[int]]:
    """Return disjoint shortest cycles as lists of rows, in order of their first dossier.

    A cycle through a dossier is found by breadth-first search; cycles that share a dossier with a known one
    are left out.
    """
    result: list[list[int]] = []
    done: set[int] = set()
    for start in _trim_acyclic_vertices(edges):
        if start in done:
            continue
        circle = _find_shortest_cycle(edges, start)
        if circle and not done.intersection(circle):
            result.append(circle)
        done.update(circle)
    return result


def _trim_acyclic_vertices(edges: dict[int, dict[int, int]]) -> list[int]:
    """Return the vertices left after removing those without a successor, then those without a predecessor.

    Both removals are repeated until nothing changes.
    """
    backward: dict[int, dict[int, int]] = {}
    for a, following in edges.items():
        for b in following:
            backward.setdefault(b, {})[a] = 0
    left = set(edges) & set(backward)
    for ahead, behind in ((edges, backward), (backward, edges)):
        waiting = [a for a in left if not left.intersection(ahead[a])]
        while waiting:
            gone = waiting.pop()
            left.discard(gone)
            waiting += [a for a in behind[gone] if a in left and not left.intersection(ahead[a])]
    return sorted(left)


def _find_shortest_cycle(edges: dict[int, dict[int, int]], start: int) -> list[int]:
    """Return a shortest cycle through `start` by breadth-first search, or [] if there is none."""
    came: dict[int, int] = {}
    here = [start]
    while here:
        after: list[int] = []
        for a in here:
            for b in sorted(edges.get(a, {})):
                if b == start:
                    option = [a]
                    while option[-1] != start:
                        option.append(came[option[-1]])
                    return option[::-1]
                if b not in came:
                    came[b] = a
                    after.append(b)
        here = after
    return []
