"""Where each dossier lands in the envelope tree, split envelopes laid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import Defects, Lang, Place, Text, did_you_mean, so_many
from tnt_sim.money import format_cents
from tnt_sim.programme import GROUP_SEPARATOR, Tree, lay_out
from tnt_sim.rules.base import Case, IntArray, Path
from tnt_sim.rules.blanks import columns_read, is_blank, unknown_in
from tnt_sim.rules.columns import kind_of, text_keys, unknown_column
from tnt_sim.rules.funded import listed_names
from tnt_sim.rules.select import select
from tnt_sim.rules.values import names_in
from tnt_sim.scenario.envelope_checks import check_options, share_pro_rata
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.scenario.split import split_shares

SHOWN_ROWS = 20


def land(scenario: Scenario) -> Case:
    """The case of a scenario: rows kept by `where`, the tree, and each dossier's node."""
    case = _laid_out(scenario)
    before = len(case.defects.found)
    keep = _kept(scenario, case)
    if not keep.all():
        # parts of a split are those of the dossiers that are kept
        wrong, asked, read = case.defects.found[before:], case.questions, case.columns_read
        case = _laid_out(replace(scenario, portfolio=scenario.portfolio.select(pl.Series(keep))))
        case.defects.found.extend(wrong)
        case.questions.extend(asked)
        case.columns_read.update(read)
    _homeless(case)
    check_options(case, scenario.spec.programme)
    return share_pro_rata(case)


def _laid_out(scenario: Scenario) -> Case:
    """The tree of a scenario with its splits, and where each of its dossiers lands."""
    defects, spec = Defects(), scenario.spec
    shares = {
        envelope.id: split_shares(scenario, envelope, path, defects)
        for envelope, path in spec.programme.applied(spec.date, ("programme",))
        if envelope.split is not None
    }
    divided = {key: value for key, value in shares.items() if value}
    tree = lay_out(spec.programme, divided, day=spec.date, reserves_freed=scenario.reserves_freed)
    tree = replace(tree, fences_leak=scenario.as_0_1_0)
    _check_tree(scenario, tree, defects)
    return _case(scenario, tree, scenario.portfolio.table, defects)


def laid_out_again(scenario: Scenario, case: Case) -> Case | None:
    """The case with the amounts of `scenario`, whose envelopes are those of the case and have no split or option.

    None where the amounts are at odds: then compiling anew says why.
    """
    defects = Defects()
    tree = lay_out(
        scenario.spec.programme, {}, day=scenario.spec.date, reserves_freed=scenario.reserves_freed
    )
    _check_tree(scenario, tree, defects)
    same = tree.ids == case.tree.ids and tree.closed == case.tree.closed
    if defects.found or not same or any(amount == 0 for amount in tree.written_cents):
        return None
    return replace(case, tree=tree, locate=scenario.locate)


def _case(scenario: Scenario, tree: Tree, table: pl.DataFrame, defects: Defects) -> Case:
    spec = scenario.spec
    case = Case(
        scenario.portfolio,
        tree,
        np.full(table.height, -1, dtype=np.int64),
        spec.date,
        spec.timezone,
        scenario.locate,
        defects,
        side={
            path: scenario.tables[name] for path, name in scenario.files.items() if name in scenario.tables
        },
        map_year=None if spec.territory is None else spec.territory.year,
        exact_columns=frozenset(name for name in spec.values if scenario.is_exact(name)),
        absent_allowed=frozenset(name for name, values in spec.values.items() if values.allow_absent),
        as_0_1_0=scenario.as_0_1_0,
    )
    return replace(case, node=_nodes(case, spec.programme.only_leaf(spec.date)))


def _kept(scenario: Scenario, case: Case) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    keep = np.ones(case.n, dtype=np.bool_)
    source = case.table["_source"].to_numpy()
    for k, entry in enumerate(scenario.spec.dossiers):
        if not entry.in_force(scenario.spec.date):
            keep &= source != k
        if entry.where is None:
            continue
        path: Path = ("dossiers", k, "where")
        chosen = select(case, entry.where, path)
        if chosen is not None:
            keep &= (source != k) | chosen
            _left_out(case, entry.where.root, path, (source == k) & ~chosen)
    return keep


def _left_out(
    case: Case, mapping: Mapping[str, Any], path: Path, left: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> None:
    """The rows that `where` leaves out by an empty cell alone: nobody has said whether they belong."""
    unknown = unknown_in(case, "all", [dict(mapping)], path)
    rows = np.flatnonzero(left & unknown)
    columns = columns_read("all", [mapping])
    names = [column for column in columns if is_blank(case, column)[rows].any()]
    n = so_many(
        len(rows),
        (
            "ligne laisse vide ; elle est laissée de côté",
            "lignes laissent vide ; elles sont laissées de côté",
        ),
        ("row leaves empty; it is left out", "rows leave empty; they are left out"),
    )
    fr, en = ", ".join(f"« {name} »" for name in names), ", ".join(f'"{name}"' for name in names)
    case.leave_open(
        f"left_out/{path[1]}",
        Text(
            f"`dossiers.where` lit {fr}, que {n.fr} ({listed_names(case, rows)}).",
            f"`dossiers.where` reads {en}, which {n.en} ({listed_names(case, rows)}).",
        ),
        Text("Remplissez ces cellules.", "Fill these cells."),
        rows,
    )


def _nodes(case: Case, only: str | None) -> IntArray:
    """The node that each dossier asks from: -1 where its envelope is unknown or ambiguous.

    `only` is the envelope of dossiers that name none. What asks from a part of a closed split asks from the split.
    """
    tree = case.tree
    names = {name: k for k, name in enumerate(tree.ids)} | {"": -1 if only is None else tree.index(only)}
    asked = case.table["envelope"]
    node = case.portfolio.once(
        ("nodes", *names.items()),
        lambda: asked.replace_strict(names, default=-1, return_dtype=pl.Int64).to_numpy(),
    )
    for k in np.flatnonzero(tree.closed).tolist():
        part = asked.str.starts_with(f"{tree.ids[k]}{GROUP_SEPARATOR}").to_numpy()
        node = np.where((node < 0) & part, k, node)
    for split_node, (column, groups) in tree.landing.items():
        if kind_of(case, column) is None:
            unknown_column(case, column, (*case_path(case, split_node), "split", "by"))
            continue
        parts = dict(zip(names_in(case, column, groups), groups.values(), strict=True))
        group = text_keys(case, column)
        inside = group.replace_strict(parts, default=-2, return_dtype=pl.Int64).to_numpy()
        node = np.where(node == split_node, inside, node)
    return node


def case_path(case: Case, node: int) -> Path:
    """The symbolic path of an envelope, which `locate` understands."""
    return ("envelope", case.tree.ids[node])


def _homeless(case: Case) -> None:
    """Dossiers that land nowhere: an unknown envelope, or a group without a part of a split."""
    for code, rows in ((-1, np.flatnonzero(case.node == -1)), (-2, np.flatnonzero(case.node == -2))):
        asked = case.table["envelope"].gather(rows).to_list() if len(rows) else []
        for value in sorted(set(asked)):
            mine = [int(row) for row, name in zip(rows, asked, strict=True) if name == value]
            places = [case.portfolio.place(row, "envelope") for row in mine[:SHOWN_ROWS]]
            if code == -2:
                # what names no envelope lands in the only one there is
                split = value or case.tree.ids[next(iter(case.tree.landing))]
                text = so_many(
                    len(mine),
                    (
                        f"dossier de « {split} » n'a pas de part dans sa répartition.",
                        f"dossiers de « {split} » n'ont pas de part dans sa répartition.",
                    ),
                    (
                        f'dossier of "{split}" has no part in its split.',
                        f'dossiers of "{split}" have no part in its split.',
                    ),
                )
                hint: Text | None = Text(
                    "Ajoutez leur groupe à la table de répartition, ou corrigez leur ligne.",
                    "Add their group to the split's table, or correct their row.",
                )
            elif value == "":
                text = so_many(
                    len(mine),
                    (
                        "dossier ne dit pas à quelle enveloppe il demande.",
                        "dossiers ne disent pas à quelle enveloppe ils demandent.",
                    ),
                    (
                        "dossier does not say which envelope it asks from.",
                        "dossiers do not say which envelope they ask from.",
                    ),
                )
                hint = did_you_mean("", case.tree.ids)
            else:
                many = so_many(len(mine), ("dossier", "dossiers"), ("dossier", "dossiers"))
                text = Text(
                    f"l'enveloppe « {value} » n'existe pas ({many.fr}).",
                    f'there is no envelope "{value}" ({many.en}).',
                )
                hint = did_you_mean(value, case.tree.ids)
            case.defects.add("unknown-envelope", text, *places, hint=hint)


def _named(scenario: Scenario, name: str) -> list[Place]:
    """Where the envelopes of a name stand, and the splits that make one."""
    return [
        scenario.locate(path)
        for spec, path in scenario.spec.programme.walk(("programme",))
        if spec.id == name or (spec.split is not None and name.startswith(f"{spec.id}{GROUP_SEPARATOR}"))
    ]


def _check_tree(scenario: Scenario, tree: Tree, defects: Defects) -> None:
    seen: dict[str, int] = {}
    for node, name in enumerate(tree.ids):
        if name in seen:
            defects.add(
                "envelope-twice",
                Text(f"deux enveloppes s'appellent « {name} ».", f'two envelopes are called "{name}".'),
                *_named(scenario, name),
                hint=Text(
                    "Renommez l'une des deux : une part d'une répartition s'appelle ENVELOPPE/GROUPE.",
                    "Rename one of the two: a part of a split is called ENVELOPE/GROUP.",
                ),
            )
        seen[name] = node
        amount = tree.written_cents[node]
        children = [tree.written_cents[child] or 0 for child in tree.children(node)]
        if amount is not None and sum(children) > amount and not tree.overbooked[node]:
            defects.add(
                "children-exceed",
                Text(
                    f"les enveloppes de « {name} » font {format_cents(sum(children), Lang.FR)}, plus que "
                    f"ses {format_cents(amount, Lang.FR)}.",
                    f'the envelopes of "{name}" come to {format_cents(sum(children), Lang.EN)}, more than '
                    f"its {format_cents(amount, Lang.EN)}.",
                ),
                scenario.locate(("envelope", name)),
                hint=Text(
                    "Corrigez les montants, ou écrivez `overbooked: true` si ce sont des plafonds.",
                    "Correct the amounts, or write `overbooked: true` if they are ceilings.",
                ),
            )
