"""What the options of envelopes ask of the tree, and the money that a parent shares out pro rata.

pro_rata: child c gets R · w_c / Σ w, largest remainder, ties by id, where R is what the parent may grant beyond
its children's written amounts w and what is committed to its own dossiers. R must be known before anything is
decided, so nobody else may draw on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tnt_sim.errors import Text, did_you_mean, so_many
from tnt_sim.programme import EnvelopeSpec, Tree, Unassigned, UnassignedTo, largest_remainder
from tnt_sim.rules.base import BoolArray, Case, Path, exact_sum
from tnt_sim.rules.envelope import may_gain, unassigned_cents


def check_options(case: Case, root: EnvelopeSpec) -> None:
    """Note every option that the tree cannot honour."""
    for spec, path in root.applied(case.day, ("programme",)):
        _check_rates(case, spec, path)
        if isinstance(spec.unassigned, UnassignedTo):
            _check_target(case, spec, spec.unassigned.to, (*path, "unassigned", "to"))
    if root.transfers is not None:
        _no_siblings(case, root, ("programme", "transfers"))
    for parent, path in root.applied(case.day, ("programme",)):
        for k, child in enumerate(parent.envelopes):
            if child.transfers is not None and child.in_force(case.day):
                _check_transfers(case, parent, child, (*path, "envelopes", k, "transfers"))


def share_pro_rata(case: Case) -> Case:
    """The case with what `pro_rata` parents give written into the amounts of their children."""
    tree = case.tree
    if Unassigned.PRO_RATA not in tree.unassigned:
        return case
    committed = case.table["committed_cents"].fill_null(0).to_numpy()
    for node in range(tree.n_nodes):
        if tree.unassigned[node] is not Unassigned.PRO_RATA or tree.overbooked[node]:
            continue  # amounts under an overbooked node are ceilings
        children = tree.children(node)
        taking = [c for c in children if tree.written_cents[c] is not None and not tree.ring_fenced[c]]
        rest = unassigned_cents(tree, node)
        if not _is_known(case, tree, node) or rest is None:
            continue
        rest -= exact_sum(committed[_loose(case, tree, node)])
        weights = [tree.written_cents[child] or 0 for child in taking]
        if rest > 0 and sum(weights) > 0:
            names = [tree.ids[child] for child in taking]
            tree = _given(tree, taking, largest_remainder(rest, weights, names))
    return replace(case, tree=tree)


def _given(tree: Tree, nodes: Sequence[int], cents: Sequence[int]) -> Tree:
    amounts, options = list(tree.amount_cents), list(tree.options)
    for node, more in zip(nodes, cents, strict=True):
        amounts[node] = (amounts[node] or 0) + more
        options[node] = replace(options[node], given_cents=more)
    return replace(tree, amount_cents=tuple(amounts), options=tuple(options))


def _loose(case: Case, tree: Tree, node: int) -> BoolArray:
    """The dossiers that ask from a node itself, or from a child without an amount, bool (n,)."""
    loose: BoolArray = case.node == node
    for child in tree.children(node):
        if tree.written_cents[child] is None:
            loose |= (case.node >= child) & (case.node < tree.end[child])
    return loose


def _is_known(case: Case, tree: Tree, node: int) -> bool:
    """Whether what a node shares pro rata depends on no decision."""
    name = tree.ids[node]
    here: Path = ("envelope", name, "unassigned")
    closed = np.array(tree.closed)[case.node] & (case.node >= 0)
    undecided = case.table["committed_cents"].is_null().to_numpy() & ~closed
    open_ = int((_loose(case, tree, node) & undecided).sum())
    moving = may_gain(tree, node) or bool(tree.options[node].transfer_to)
    moving = moving or any(node in option.transfer_to for option in tree.options)
    if not open_ and not moving:
        return True
    if open_:
        n = so_many(
            open_, ("dossier lui demande", "dossiers lui demandent"), ("dossier asks", "dossiers ask")
        )
        text = Text(
            f"« {name} » partage au prorata, mais {n.fr} directement, ou à une enveloppe sans montant : ce qui "
            "reste à partager en dépendrait.",
            f'"{name}" shares pro rata, but {n.en} from it directly, or from an envelope without an amount: '
            "what is left to share would depend on that.",
        )
        hint = Text(
            "Donnez à ces dossiers une enveloppe et un montant, ou écrivez `unassigned: free`.",
            "Give these dossiers an envelope and an amount, or write `unassigned: free`.",
        )
    else:
        text = Text(
            f"« {name} » partage au prorata, mais peut recevoir ou donner en cours de calcul.",
            f'"{name}" shares pro rata, but money can come and go while it is decided.',
        )
        hint = Text("Écrivez `ring_fenced: true` sur elle.", "Write `ring_fenced: true` on it.")
    case.fault("pro-rata", text, here, hint)
    return False


def _check_rates(case: Case, spec: EnvelopeSpec, path: Path) -> None:
    wants_amount = ("min_use", "reserve", "overprogram", "transfers")
    for name in wants_amount:
        if getattr(spec, name) is not None and spec.amount is None:
            case.fault(
                "envelope-option",
                Text(
                    f"`{name}` est une part du montant, et « {spec.id} » n'a pas de `amount`.",
                    f'`{name}` is a share of the amount, and "{spec.id}" has no `amount`.',
                ),
                (*path, name),
            )
    if spec.reserve is not None and spec.reserve > 1:
        case.fault(
            "envelope-option",
            Text("une réserve dépasse 100 %.", "a reserve is above 100 %."),
            (*path, "reserve"),
            Text("Écrivez une part d'au plus 100 %.", "Write a share of at most 100 %."),
        )


def _no_siblings(case: Case, root: EnvelopeSpec, path: Path) -> None:
    case.fault(
        "transfers",
        Text(
            f"« {root.id} » est le programme : il n'a pas d'enveloppe sœur.",
            f'"{root.id}" is the programme: it has no sibling.',
        ),
        path,
    )


def _check_target(case: Case, spec: EnvelopeSpec, target: str, path: Path) -> None:
    children = {child.id: child for child in spec.envelopes}
    if target not in children:
        case.fault(
            "unassigned-to",
            Text(
                f"« {target} » n'est pas une enveloppe de « {spec.id} ».",
                f'"{target}" is no envelope of "{spec.id}".',
            ),
            path,
            did_you_mean(target, list(children)),
        )
    elif children[target].ring_fenced or children[target].amount is None:
        case.fault(
            "unassigned-to",
            Text(
                f"« {target} » est cantonnée, ou n'a pas de montant : rien ne peut lui être ajouté.",
                f'"{target}" is ring-fenced, or has no amount: nothing can be added to it.',
            ),
            path,
        )


def _check_transfers(case: Case, parent: EnvelopeSpec, child: EnvelopeSpec, path: Path) -> None:
    moves = child.transfers
    assert moves is not None
    siblings = {other.id: other for other in parent.envelopes if other.id != child.id}
    if child.ring_fenced:
        case.fault(
            "transfers",
            Text(
                f"« {child.id} » est cantonnée : rien n'en sort.",
                f'"{child.id}" is ring-fenced: nothing leaves it.',
            ),
            path,
        )
    if moves.out_max is not None and moves.out_max > 1:
        case.fault(
            "transfers",
            Text(
                "une enveloppe ne peut pas donner plus de 100 %.", "an envelope cannot give more than 100 %."
            ),
            (*path, "out_max"),
            Text("Écrivez une part d'au plus 100 %.", "Write a share of at most 100 %."),
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
        text = Text(
            f"« {name} » n'est pas une enveloppe sœur de « {child.id} ».",
            f'"{name}" is no sibling of "{child.id}".',
        )
        case.fault("transfers", text, path, did_you_mean(name, list(siblings)))
    elif siblings[name].ring_fenced or siblings[name].amount is None:
        text = Text(
            f"« {name} » est cantonnée, ou n'a pas de montant : rien n'y entre.",
            f'"{name}" is ring-fenced, or has no amount: nothing enters it.',
        )
        case.fault("transfers", text, path)
    elif again:
        text = Text(f"`to` nomme « {name} » deux fois.", f'`to` names "{name}" twice.')
        case.fault("transfers", text, path)
