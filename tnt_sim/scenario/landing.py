"""Where each dossier lands in the envelope tree, split envelopes laid out."""

from __future__ import annotations

import numpy as np
import polars as pl

from tnt_sim.errors import Defects, Lang, Text, did_you_mean
from tnt_sim.money import MoneyError, format_cents, parse_cents, parse_decimal
from tnt_sim.programme import EnvelopeSpec, Share, Tree, largest_remainder, lay_out
from tnt_sim.rules.base import Case, IntArray, Path
from tnt_sim.rules.columns import kind_of, unknown_column
from tnt_sim.rules.select import select
from tnt_sim.scenario.scenario import Scenario

SHOWN_ROWS = 20


def land(scenario: Scenario) -> Case:
    """The case of a scenario: rows kept by `where`, the tree, and each dossier's node."""
    defects = Defects()
    shares = {
        spec.id: _shares(scenario, spec, path, defects)
        for spec, path in scenario.spec.programme.walk(("programme",))
        if spec.split is not None and not spec.off
    }
    tree = lay_out(scenario.spec.programme, {key: value for key, value in shares.items() if value})
    _check_tree(scenario, tree, defects)
    case = _case(scenario, tree, scenario.portfolio.table, defects)
    keep = _kept(scenario, case)
    if not keep.all():
        portfolio = scenario.portfolio.select(pl.Series(keep))
        case = Case(
            portfolio, tree, case.node[keep], case.day, case.timezone, case.locate, defects, case.warnings
        )
    _homeless(case)
    return case


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
    )
    return Case(
        case.portfolio, tree, _nodes(case), case.day, case.timezone, case.locate, defects, case.warnings
    )


def _kept(scenario: Scenario, case: Case) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    keep = np.ones(case.n, dtype=np.bool_)
    source = case.table["_source"].to_numpy()
    for k, entry in enumerate(scenario.spec.dossiers):
        if entry.where is None:
            continue
        chosen = select(case, entry.where, ("dossiers", k, "where"))
        if chosen is not None:
            keep &= (source != k) | chosen
    return keep


def _nodes(case: Case) -> IntArray:
    """The node that each dossier asks from: -1 where its envelope is unknown or ambiguous."""
    tree = case.tree
    leaves = [k for k in range(tree.n_nodes) if tree.end[k] == k + 1]
    only = leaves[0] if len(leaves) == 1 else -1
    roots = [k for k in range(tree.n_nodes) if k in tree.landing]
    if only < 0 and len(roots) == 1 and all(tree.parent[leaf] == roots[0] for leaf in leaves):
        only = roots[0]
    names = {name: k for k, name in enumerate(tree.ids)} | {"": only}
    asked = case.table["envelope"]
    node = asked.replace_strict(names, default=-1, return_dtype=pl.Int64).to_numpy().astype(np.int64)
    for split_node, (column, groups) in tree.landing.items():
        if kind_of(case, column) is None:
            unknown_column(case, column, (*case_path(case, split_node), "split", "by"))
            continue
        group = case.table[column].cast(pl.String).fill_null("")
        inside = group.replace_strict(dict(groups), default=-2, return_dtype=pl.Int64).to_numpy()
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
                text = Text(
                    f"{len(mine)} dossier(s) de « {value} » n'ont pas de part dans sa répartition.",
                    f'{len(mine)} dossier(s) of "{value}" have no part in its split.',
                )
                hint: Text | None = Text(
                    "Ajoutez leur groupe à la table de répartition, ou corrigez leur ligne.",
                    "Add their group to the split's table, or correct their row.",
                )
            elif value == "":
                text = Text(
                    f"{len(mine)} dossier(s) ne disent pas à quelle enveloppe ils demandent.",
                    f"{len(mine)} dossier(s) do not say which envelope they ask from.",
                )
                hint = did_you_mean("", case.tree.ids)
            else:
                text = Text(
                    f"l'enveloppe « {value} » n'existe pas ({len(mine)} dossier(s)).",
                    f'there is no envelope "{value}" ({len(mine)} dossier(s)).',
                )
                hint = did_you_mean(value, case.tree.ids)
            case.defects.add("unknown-envelope", text, *places, hint=hint)


def _check_tree(scenario: Scenario, tree: Tree, defects: Defects) -> None:
    seen: dict[str, int] = {}
    for node, name in enumerate(tree.ids):
        place = scenario.locate(("envelope", name))
        if name in seen:
            defects.add(
                "envelope-twice",
                Text(f"deux enveloppes s'appellent « {name} ».", f'two envelopes are called "{name}".'),
                place,
            )
        seen[name] = node
        amount = tree.amount_cents[node]
        children = [tree.amount_cents[child] or 0 for child in tree.children(node)]
        if amount is not None and sum(children) > amount and not tree.overbooked[node]:
            defects.add(
                "children-exceed",
                Text(
                    f"les enveloppes de « {name} » font {format_cents(sum(children), Lang.FR)}, plus que "
                    f"ses {format_cents(amount, Lang.FR)}.",
                    f'the envelopes of "{name}" come to {format_cents(sum(children), Lang.EN)}, more than '
                    f"its {format_cents(amount, Lang.EN)}.",
                ),
                place,
                hint=Text(
                    "Corrigez les montants, ou écrivez `overbooked: true` si ce sont des plafonds.",
                    "Correct the amounts, or write `overbooked: true` if they are ceilings.",
                ),
            )


def _shares(scenario: Scenario, spec: EnvelopeSpec, path: Path, defects: Defects) -> list[Share]:
    split = spec.split
    assert split is not None
    here = (*path, "split")
    if split.table is not None:
        name = scenario.files[(*here, "table")]
        return _table_shares(scenario, spec, name, here, defects)
    if split.each is not None and split.groups is not None and not isinstance(split.groups, str):
        return [Share(group, split.each) for group in sorted(split.groups)]
    if split.each is not None and split.groups in (None, "present"):
        column = scenario.portfolio.table.filter(pl.col("envelope") == spec.id)
        groups = (
            column[split.by].cast(pl.String).fill_null("") if split.by in column.columns else pl.Series([""])
        )
        return [Share(group, split.each) for group in groups.unique().sort().to_list() if group]
    defects.add(
        "not-built",
        Text(
            "cette forme de répartition est connue, mais cette version ne la construit pas encore.",
            "this form of split is known, but this version does not build it yet.",
        ),
        scenario.locate(here),
        hint=Text("Donnez `table:` ou `each:`.", "Give `table:` or `each:`."),
    )
    return []


def _table_shares(
    scenario: Scenario, spec: EnvelopeSpec, name: str, path: Path, defects: Defects
) -> list[Share]:
    table = scenario.tables[name]
    place = scenario.locate((*path, "table"))
    value = "amount" if "amount" in table.columns else "weight"
    if "group" not in table.columns or value not in table.columns:
        defects.add(
            "split-table",
            Text(
                f"la table « {name} » veut les colonnes `group` et `amount` (ou `weight`).",
                f'the table "{name}" wants the columns `group` and `amount` (or `weight`).',
            ),
            place,
        )
        return []
    groups, cells = table["group"].to_list(), table[value].to_list()
    _twice(groups, name, place, defects)
    try:
        if value == "amount":
            return [Share(g, parse_cents(cell)) for g, cell in zip(groups, cells, strict=True)]
        return _weighted(spec, groups, cells)
    except MoneyError as error:
        defects.add("split-table", error.text, place)
    except ValueError:
        defects.add(
            "split-table",
            Text(
                "une répartition par poids veut un montant d'enveloppe et des poids positifs.",
                "a split by weights wants an envelope amount and positive weights.",
            ),
            place,
        )
    return []


def _weighted(spec: EnvelopeSpec, groups: list[str], cells: list[str]) -> list[Share]:
    weights = [parse_decimal(cell) for cell in cells]
    if spec.amount is None or any(weight < 0 for weight in weights):
        raise ValueError("weights")
    common = 1
    for weight in weights:
        common *= weight.denominator // np.gcd(common, weight.denominator)
    whole = [int(weight * int(common)) for weight in weights]
    amounts = largest_remainder(spec.amount, whole, groups)
    return [Share(group, amount) for group, amount in zip(groups, amounts, strict=True)]


def _twice(groups: list[str], name: str, place: object, defects: Defects) -> None:
    doubled = sorted({group for group in groups if groups.count(group) > 1})
    if doubled:
        defects.add(
            "split-table",
            Text(
                f"la table « {name} » nomme deux fois : {', '.join(doubled[:10])}.",
                f'the table "{name}" names twice: {", ".join(doubled[:10])}.',
            ),
            place,  # type: ignore[arg-type]
        )
