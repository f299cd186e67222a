"""Assignment of dossiers to the envelope tree, with split envelopes laid out and pro rata money shared.

A split envelope becomes one child per group; each dossier is assigned to the node that it asks from. With
`unassigned: pro_rata`, child c receives R · w_c / Σ w in whole cents by largest remainders, ties by id. R is
what the parent may grant beyond its children's written amounts w and what is committed to its own dossiers.
R must be known before anything is decided, so no other dossier may draw on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.domain.budget_tree import (
    GROUP_SEPARATOR,
    EnvelopeSpec,
    Tree,
    Unassigned,
    UnassignedTo,
    lay_out,
    split_by_largest_remainder,
)
from tnt_sim.errors import Defects, Place, suggest_name
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Money, Names
from tnt_sim.rules.envelopes.tree_reading import can_gain, compute_unassigned_cents
from tnt_sim.rules.expressions.columns import get_column_kind, read_text_keys, record_unknown_column
from tnt_sim.rules.expressions.empty_cells import is_blank, list_condition_columns, select_unknown
from tnt_sim.rules.expressions.selectors import select
from tnt_sim.rules.expressions.values import map_to_names
from tnt_sim.rules.linear_terms import BoolArray, IntArray, sum_exactly
from tnt_sim.rules.offers.funded_rows import format_dossier_rows
from tnt_sim.rules.protocols import Case, Path
from tnt_sim.scenario.envelope_split import split_shares
from tnt_sim.scenario.scenario import ScenarioData


def check_options(case: Case, root: EnvelopeSpec) -> None:
    """Record every option of an envelope that the tree cannot honour."""
    for spec, path in root.walk_in_force(case.day, ("programme",)):
        _check_rates(case, spec, path)
        if isinstance(spec.unassigned, UnassignedTo):
            _check_target(case, spec, spec.unassigned.to, (*path, "unassigned", "to"))
    if root.transfers is not None:
        _record_no_sibling(case, root, ("programme", "transfers"))
    for parent, path in root.walk_in_force(case.day, ("programme",)):
        for k, child in enumerate(parent.envelopes):
            if child.transfers is not None and child.is_in_force(case.day):
                _check_transfers(case, parent, child, (*path, "envelopes", k, "transfers"))


def distribute_pro_rata(case: Case) -> Case:
    """Return the case with the pro rata money of parents added to the amounts of their children."""
    tree = case.tree
    if Unassigned.PRO_RATA not in tree.unassigned:
        return case
    committed = case.table["committed_cents"].fill_null(0).to_numpy()
    for node in range(tree.n_nodes):
        if tree.unassigned[node] is not Unassigned.PRO_RATA or tree.overbooked[node]:
            continue  # amounts under an overbooked node are ceilings
        children = tree.list_children(node)
        taking = [c for c in children if tree.written_cents[c] is not None and not tree.ring_fenced[c]]
        rest = compute_unassigned_cents(tree, node)
        if not _is_known(case, tree, node) or rest is None:
            continue
        rest -= sum_exactly(committed[_select_direct_dossiers(case, tree, node)])
        weights = [tree.written_cents[child] or 0 for child in taking]
        if rest > 0 and sum(weights) > 0:
            names = [tree.ids[child] for child in taking]
            tree = _with_amounts(tree, taking, split_by_largest_remainder(rest, weights, names))
    return replace(case, tree=tree)


def _with_amounts(tree: Tree, nodes: Sequence[int], cents: Sequence[int]) -> Tree:
    amounts, options = list(tree.amount_cents), list(tree.options)
    for node, more in zip(nodes, cents, strict=True):
        amounts[node] = (amounts[node] or 0) + more
        options[node] = replace(options[node], given_cents=more)
    return replace(tree, amount_cents=tuple(amounts), options=tuple(options))


def _select_direct_dossiers(case: Case, tree: Tree, node: int) -> BoolArray:
    """Return the dossiers that ask from a node itself, or from a child without an amount, bool (n,)."""
    loose: BoolArray = case.node == node
    for child in tree.list_children(node):
        if tree.written_cents[child] is None:
            loose |= (case.node >= child) & (case.node < tree.end[child])
    return loose


def _is_known(case: Case, tree: Tree, node: int) -> bool:
    """Return whether what a node shares pro rata depends on no decision; record a defect otherwise."""
    name = tree.ids[node]
    here: Path = ("envelope", name, "unassigned")
    closed = np.array(tree.closed)[case.node] & (case.node >= 0)
    undecided = case.table["committed_cents"].is_null().to_numpy() & ~closed
    open_ = int((_select_direct_dossiers(case, tree, node) & undecided).sum())
    moving = can_gain(tree, node) or bool(tree.options[node].transfer_to)
    moving = moving or any(node in option.transfer_to for option in tree.options)
    if not open_ and not moving:
        return True
    if open_:
        text = _n(
            '"{name}" shares pro rata, but {n} application names it directly, or an envelope without '
            "an amount: what is left to share would depend on that.",
            '"{name}" shares pro rata, but {n} applications name it directly, or an envelope without '
            "an amount: what is left to share would depend on that.",
            n=open_,
            name=name,
        )
        hint = _("Give these applications an envelope and an amount, or write `unassigned: free`.")
    else:
        text = _('"{name}" shares pro rata, but money can come and go while it is decided.', name=name)
        hint = _("Write `ring_fenced: true` on it.")
    case.record_defect("pro-rata", text, here, hint)
    return False


def _check_rates(case: Case, spec: EnvelopeSpec, path: Path) -> None:
    wants_amount = ("min_use", "reserve", "overprogram", "transfers")
    for name in wants_amount:
        if getattr(spec, name) is not None and spec.amount is None:
            case.record_defect(
                "envelope-option",
                _(
                    '`{name}` is a share of the amount, and "{spec_id}" has no `amount`.',
                    name=name,
                    spec_id=spec.id,
                ),
                (*path, name),
            )
    if spec.reserve is not None and spec.reserve > 1:
        case.record_defect(
            "envelope-option",
            _("a reserve is above 100%."),
            (*path, "reserve"),
            _("Write a share of at most 100%."),
        )


def _record_no_sibling(case: Case, root: EnvelopeSpec, path: Path) -> None:
    case.record_defect(
        "transfers",
        _('"{root_id}" is the programme: it has no sibling.', root_id=root.id),
        path,
        _("Write `transfers` in an envelope under it."),
    )


def _check_target(case: Case, spec: EnvelopeSpec, target: str, path: Path) -> None:
    children = {child.id: child for child in spec.envelopes}
    if target not in children:
        case.record_defect(
            "unassigned-to",
            _('"{target}" is not an envelope of "{spec_id}".', target=target, spec_id=spec.id),
            path,
            suggest_name(target, list(children)),
        )
    elif children[target].ring_fenced or children[target].amount is None:
        case.record_defect(
            "unassigned-to",
            _('"{target}" is ring-fenced, or has no amount: nothing can be added to it.', target=target),
            path,
            _("Name another envelope, or give this one an amount without `ring_fenced`."),
        )


def _check_transfers(case: Case, parent: EnvelopeSpec, child: EnvelopeSpec, path: Path) -> None:
    moves = child.transfers
    assert moves is not None
    siblings = {other.id: other for other in parent.envelopes if other.id != child.id}
    if child.ring_fenced:
        case.record_defect(
            "transfers",
            _('"{child_id}" is ring-fenced: nothing leaves it.', child_id=child.id),
            path,
            _("Take out `transfers`, or `ring_fenced`."),
        )
    if moves.out_max is not None and moves.out_max > 1:
        case.record_defect(
            "transfers",
            _("an envelope cannot give more than 100%."),
            (*path, "out_max"),
            _("Write a share of at most 100%."),
        )
    for k, name in enumerate(moves.to):
        _check_taker(case, child, siblings, name, name in moves.to[:k], (*path, "to", k))


def _check_taker(
    case: Case,
    child: EnvelopeSpec,
    siblings: Mapping[str, EnvelopeSpec],
    name: str,
    again: bool,
    path: Path,
) -> None:
    if name not in siblings:
        text = _('"{name}" is not a sibling of "{child_id}".', name=name, child_id=child.id)
        case.record_defect("transfers", text, path, suggest_name(name, list(siblings)))
    elif siblings[name].ring_fenced or siblings[name].amount is None:
        text = _('"{name}" is ring-fenced, or has no amount: nothing enters it.', name=name)
        hint = _("Name another envelope, or give this one an amount without `ring_fenced`.")
        case.record_defect("transfers", text, path, hint)
    elif again:
        text = _('`to` names "{name}" twice.', name=name)
        case.record_defect("transfers", text, path, _("Keep it once."))


SHOWN_ROWS = 20


def assign_envelopes(scenario: ScenarioData) -> Case:
    """Return the case of a scenario: the dossiers kept by `where`, the tree, and the node of each dossier."""
    case = _lay_out_case(scenario)
    before = len(case.defects.entries)
    keep = _select_assigned(scenario, case)
    if not keep.all():
        # parts of a split come from the kept dossiers only
        wrong, requested, read = case.defects.entries[before:], case.questions, case.columns_read
        portfolio = scenario.portfolio  # the selection is kept, and with it what compiling reads from it
        kept = portfolio.memoise(("select", keep.tobytes()), lambda: portfolio.select(pl.Series(keep)))
        case = _lay_out_case(replace(scenario, portfolio=kept))
        case.defects.entries.extend(wrong)
        case.questions.extend(requested)
        case.columns_read.update(read)
    _check_unassigned(case)
    check_options(case, scenario.spec.programme)
    return distribute_pro_rata(case)


def _lay_out_case(scenario: ScenarioData) -> Case:
    """Return the case with split envelopes laid out and the node of each dossier."""
    defects, spec = Defects(), scenario.spec
    shares = {
        envelope.id: split_shares(scenario, envelope, path, defects)
        for envelope, path in spec.programme.walk_in_force(spec.date, ("programme",))
        if envelope.split is not None
    }
    divided = {key: value for key, value in shares.items() if value}
    tree = lay_out(spec.programme, divided, day=spec.date, reserves_freed=scenario.reserves_freed)
    _check_tree(scenario, tree, defects)
    return _build_case(scenario, tree, scenario.portfolio.table, defects)


def update_case(scenario: ScenarioData, case: Case) -> Case | None:
    """Return the case with the amounts of `scenario`.

    Its envelopes must be those of the case, without splits or options. Returns None where the amounts are
    inconsistent; compiling the scenario anew then says why.
    """
    defects = Defects()
    tree = lay_out(
        scenario.spec.programme, {}, day=scenario.spec.date, reserves_freed=scenario.reserves_freed
    )
    _check_tree(scenario, tree, defects)
    same = tree.ids == case.tree.ids and tree.closed == case.tree.closed
    if defects.entries or not same or any(amount == 0 for amount in tree.written_cents):
        return None
    return replace(case, tree=tree, locate=scenario.locate)


def _build_case(scenario: ScenarioData, tree: Tree, table: pl.DataFrame, defects: Defects) -> Case:
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
        map_year=spec.map_year,
        exact_columns=frozenset(name for name in spec.values if scenario.is_exact(name)),
        absent_allowed=frozenset(name for name, values in spec.values.items() if values.allow_absent),
    )
    return replace(case, node=_assign_nodes(case, spec.programme.find_single_leaf(spec.date)))


def _select_assigned(scenario: ScenarioData, case: Case) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    keep = np.ones(case.n, dtype=np.bool_)
    source = case.table["_source"].to_numpy()
    for k, entry in enumerate(scenario.spec.dossiers):
        if not entry.is_in_force(scenario.spec.date):
            keep &= source != k
        if entry.where is None:
            continue
        path: Path = ("dossiers", k, "where")
        chosen = select(case, entry.where, path)
        if chosen is not None:
            keep &= (source != k) | chosen
            _record_open_question(case, entry.where.root, path, (source == k) & ~chosen)
    return keep


def _record_open_question(
    case: Case, mapping: Mapping[str, Any], path: Path, left: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> None:
    """Record an open question on the rows that `where` leaves out only because of an empty cell."""
    unknown = select_unknown(case, "all", [dict(mapping)], path)
    rows = np.flatnonzero(left & unknown)
    columns = list_condition_columns("all", [mapping])
    names = [column for column in columns if is_blank(case, column)[rows].any()]
    case.leave_open(
        f"left_out/{path[1]}",
        _n(
            "`dossiers.where` reads {columns}, which {n} row leaves empty; it is left out ({dossiers}).",
            "`dossiers.where` reads {columns}, which {n} rows leave empty; they are left out ({dossiers}).",
            n=len(rows),
            columns=Names(names),
            dossiers=format_dossier_rows(case, rows),
        ),
        _("Fill these cells."),
        rows,
    )


def _assign_nodes(case: Case, only: str | None) -> IntArray:
    """Return the node that each dossier asks from, int64 (n,).

    It is -1 for an unknown envelope and -2 for no part of a split.

    `only` is the envelope of dossiers that name none. A dossier of a part of a closed split asks from the
    split.
    """
    tree = case.tree
    names = {name: k for k, name in enumerate(tree.ids)} | {"": -1 if only is None else tree.get_node(only)}
    requested = case.table["envelope"]
    node = case.portfolio.memoise(
        ("nodes", *names.items()),
        lambda: requested.replace_strict(names, default=-1, return_dtype=pl.Int64).to_numpy(),
        ("envelope",),
    )
    for k in np.flatnonzero(tree.closed).tolist():
        part = requested.str.starts_with(f"{tree.ids[k]}{GROUP_SEPARATOR}").to_numpy()
        node = np.where((node < 0) & part, k, node)
    for split_node, (column, groups) in tree.landing.items():
        if get_column_kind(case, column) is None:
            record_unknown_column(case, column, (*get_envelope_path(case, split_node), "split", "by"))
            continue
        parts = dict(zip(map_to_names(case, column, groups), groups.values(), strict=True))
        group = read_text_keys(case, column)
        inside = group.replace_strict(parts, default=-2, return_dtype=pl.Int64).to_numpy()
        node = np.where(node == split_node, inside, node)
    return node


def get_envelope_path(case: Case, node: int) -> Path:
    """Return the symbolic path of an envelope, which `locate` understands."""
    return ("envelope", case.tree.ids[node])


_NO_ENVELOPE = _(
    'Say which column of the table names the envelope: under `dossiers`, columns: {{envelope: "its header"}}.'
)


def _check_unassigned(case: Case) -> None:
    """Record the dossiers without a node: an unknown envelope, or a group that has no part in a split."""
    for code, rows in ((-1, np.flatnonzero(case.node == -1)), (-2, np.flatnonzero(case.node == -2))):
        asked = case.table["envelope"].gather(rows).to_list() if len(rows) else []
        for value in sorted(set(asked)):
            own = [int(row) for row, name in zip(rows, asked, strict=True) if name == value]
            places = [case.portfolio.locate(row, "envelope") for row in own[:SHOWN_ROWS]]
            if code == -2:
                # a dossier that names no envelope asks from the only one
                split = value or case.tree.ids[next(iter(case.tree.landing))]
                text = _n(
                    '{n} application of "{split}" has no part in its split.',
                    '{n} applications of "{split}" have no part in its split.',
                    n=len(own),
                    split=split,
                )
                hint: Text | None = _("Add their group to the split's table, or correct their row.")
            elif value == "":
                text = _n(
                    "{n} application does not name its envelope.",
                    "{n} applications do not name their envelope.",
                    n=len(own),
                )
                hint = _NO_ENVELOPE if len(own) == case.n else suggest_name("", case.tree.ids)
            else:
                text = _n(
                    'there is no envelope "{envelope}" ({n} application).',
                    'there is no envelope "{envelope}" ({n} applications).',
                    n=len(own),
                    envelope=value,
                )
                hint = suggest_name(value, case.tree.ids)
            case.defects.add("unknown-envelope", text, *places, hint=hint)


def _locate_envelopes(scenario: ScenarioData, name: str) -> list[Place]:
    """Return where the envelopes of a name are written, and the splits that create one."""
    return [
        scenario.locate(path)
        for spec, path in scenario.spec.programme.walk(("programme",))
        if spec.id == name or (spec.split is not None and name.startswith(f"{spec.id}{GROUP_SEPARATOR}"))
    ]


def _check_tree(scenario: ScenarioData, tree: Tree, defects: Defects) -> None:
    earlier: dict[str, int] = {}
    for node, name in enumerate(tree.ids):
        if name in earlier:
            defects.add(
                "envelope-twice",
                _('two envelopes are called "{name}".', name=name),
                *_locate_envelopes(scenario, name),
                hint=_("Rename one of the two: a part of a split is called ENVELOPE/GROUP."),
            )
        earlier[name] = node
        amount = tree.written_cents[node]
        children = [tree.written_cents[child] or 0 for child in tree.list_children(node)]
        if amount is not None and sum(children) > amount and not tree.overbooked[node]:
            defects.add(
                "children-exceed",
                _(
                    'the envelopes of "{name}" come to {sum}, more than its {amount}.',
                    name=name,
                    sum=Money(sum(children)),
                    amount=Money(amount),
                ),
                scenario.locate(("envelope", name)),
                hint=_("Correct the amounts, or write `overbooked: true` if they are ceilings."),
                subject=(name,),
            )
