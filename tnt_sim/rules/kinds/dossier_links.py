"""Rules written in the dossier table itself: prerequisites and variants of one project.

Column `requires`: a dossier is funded only with all the dossiers named there (precedence constraints).
Column `variant_of`: at most one dossier is funded for each label; the dossier whose own number is the label
belongs to the group too. Cycles of prerequisites are errors, whether the table, the `requires` rules that
need all of theirs, or both form them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tnt_sim.errors import Place, suggest_name
from tnt_sim.i18n.message import Text
from tnt_sim.rules.kinds.exclusive.rule import Exclusive, refuse_full
from tnt_sim.rules.kinds.requires.rule import Requires, report_impossible
from tnt_sim.rules.offers.funded_rows import MAX_LISTED, Members
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Mode, Path

VARIANTS, PREREQUISITES = "variant_of", "requires"

TableRule = Exclusive | Requires


def compile_table_links(case: Case, offers: Offers) -> tuple[TableRule, ...]:
    """Return the rules that the two columns imply; record defects."""
    result: list[TableRule] = []
    variants = _compile_variants(case, offers)
    if variants is not None:
        result.append(variants)
    needs = _compile_prerequisites(case, offers)
    if needs is not None:
        result.append(needs)
    return tuple(result)


def _compile_variants(case: Case, offers: Offers) -> Exclusive | None:
    if not case.portfolio.memoise(("variants",), lambda: bool((case.table["variant_of"] != "").any())):
        return None
    label = case.table["variant_of"].fill_null("")
    table = pl.DataFrame({"row": np.arange(case.n), "label": label, "dossier": case.table["dossier"]})
    labelled = table.filter(pl.col("label") != "").select("row", key="label")
    if labelled.height == 0:
        return None
    own = table.select("row", key="dossier").join(labelled.select("key").unique(), on="key", how="semi")
    pairs = pl.concat([labelled, own]).unique()
    pairs = pairs.filter(pl.Series(offers.in_play[pairs["row"].to_numpy()]))
    return _build_exclusive(case, pairs, offers)


def _build_exclusive(case: Case, pairs: pl.DataFrame, offers: Offers) -> Exclusive | None:
    """Return one exclusive group per label that has several dossiers in play."""
    several = pairs.filter(pl.len().over("key") > 1).sort("key", "row")
    if several.height == 0:
        return None
    code = several["key"].rank("dense").cast(pl.Int64).to_numpy() - 1
    names = tuple(several["key"].unique(maintain_order=True).to_list())
    members = Members(names, code, several["row"].cast(pl.Int64).to_numpy(), grouped=True)
    refuse_full(case, members, 1, offers, None)
    return Exclusive(VARIANTS, VARIANTS, Mode.HARD, members, 1, offers.committed)


def _compile_prerequisites(case: Case, offers: Offers) -> Requires | None:
    if not case.portfolio.memoise(("requires",), lambda: bool((case.table["requires"].list.len() > 0).any())):
        return None
    numbers = pl.DataFrame({"need": case.table["dossier"], "to": np.arange(case.n)})
    requested = (
        pl.DataFrame({"row": np.arange(case.n), "need": case.table["requires"]})
        .explode("need")
        .filter(pl.col("need").fill_null("") != "")
        .unique()
        .join(numbers, on="need", how="left")
        .sort("row", "need")
    )
    if requested.height == 0:
        return None
    _record_unknown_dossiers(case, requested.filter(pl.col("to").is_null()))
    known = requested.filter(pl.col("to").is_not_null()).sort("row", "to")
    pairs = known["row"].cast(pl.Int64).to_numpy(), known["to"].cast(pl.Int64).to_numpy()
    head, group, count = np.unique(pairs[0], return_inverse=True, return_counts=True)
    names = tuple(case.table["dossier"].gather(head).to_list())
    rule = Requires(
        PREREQUISITES,
        PREREQUISITES,
        Mode.HARD,
        head,
        count.astype(np.int64),
        Members(names, group.astype(np.int64), pairs[1], grouped=True),
        offers.committed,
        case.table["dossier"],
    )
    report_impossible(case, rule, offers, None)
    return rule


def _record_unknown_dossiers(case: Case, references: pl.DataFrame) -> None:
    numbers = case.table["dossier"].to_list()
    for row, name in references.select("row", "need").head(MAX_LISTED).iter_rows():
        case.defects.add(
            "unknown-dossier",
            Text(
                f"le dossier exigé « {name} » n'existe pas.", f'there is no dossier "{name}" to be required.'
            ),
            case.portfolio.locate(row, "requires"),
            hint=suggest_name(name, numbers),
        )
    if references.height > MAX_LISTED:
        case.defects.add(
            "unknown-dossier",
            Text(
                f"autres dossiers exigés qui n'existent pas : {references.height - MAX_LISTED}.",
                f"further required dossiers that do not exist: {references.height - MAX_LISTED}.",
            ),
        )


def refuse_cycles(case: Case, rules: Sequence[tuple[Requires, Path | None]]) -> None:
    """Record one defect per cycle of prerequisites found.

    A path of None means that the table states the rule.
    """
    edges: dict[int, dict[int, int]] = {}
    for number, (rule, _) in enumerate(rules):
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
            Text(
                f"ces dossiers s'exigent en cercle : {option}.",
                f"these dossiers require each other: {option}.",
            ),
            *places,
            hint=Text(
                "Coupez le cercle, ou écrivez une règle `together` s'ils vont ensemble.",
                "Cut the circle, or write a rule `together` if they go together.",
            ),
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
