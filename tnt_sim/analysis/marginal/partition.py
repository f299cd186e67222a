"""Fungibility of money: remove the separation between the amounts below an envelope.

For an envelope X, money may move freely among the children c of X that have an amount and are not
ring-fenced, and unassigned money of X may go to any of them::

    Σ_c d_c = 0        G_c ≤ a_c + e_c + d_c

with a_c the amount, G_c what is granted, d_c the transfer to c and e_c its share of the unassigned
money; what is outside the fences below c stays outside them. With `wholly`, the same holds at all
depths below X.

A ring-fenced envelope keeps its amount: nothing enters and nothing leaves; its own children become
fungible among themselves. Reserves, minimum uses, numbers of applications and rules stay. Amounts
that are ceilings (children of an `overbooked` envelope, or envelopes that draw on an amount above)
no longer cap, except ring-fenced ones. Every allocation that is feasible before stays feasible.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tnt_sim.domain.budget_tree import EnvelopeOptions, Tree, Unassigned
from tnt_sim.rules.envelopes.transfers import has_transfers
from tnt_sim.rules.envelopes.tree_reading import can_gain, compute_unassigned_cents


def has_walls(tree: Tree, node: int) -> bool:
    """Whether an envelope has at least two children with separate amounts."""
    return sum(tree.written_cents[child] is not None for child in tree.list_children(node)) > 1


def make_fungible(tree: Tree, node: int, *, wholly: bool, stated: bool = False, lifted: bool = True) -> Tree:
    """Return the tree with fungible money below an envelope, among its children only or at all depths.

    Among its children only, what a child receives goes to its own applications, and to its children
    only where money beyond their amounts can reach them today.

    Parameters
    ----------
    wholly : at all depths below the envelope
    stated : children with transfers stated in the scenario keep these and their limits
    lifted : amounts may be dropped where this allows the same allocations; otherwise each envelope
    keeps one, so that a reading shows what it gives and receives
    """
    walls = _Walls(tree, wholly, stated, lifted)
    walls.take_down(node)
    return walls.build_tree()


def _is_fence(tree: Tree, node: int) -> bool:
    return tree.ring_fenced[node] and tree.written_cents[node] is not None


def _has_ceilings(tree: Tree, node: int) -> bool:
    """Whether the amounts of the children are ceilings on money that belongs to the envelope or to one above."""
    above = any(tree.amount_cents[k] is not None for k in tree.list_ancestors(node)[1:])
    own = tree.amount_cents[node] is not None
    return (above or own) if tree.overbooked[node] else (above and not own)


def _can_receive(tree: Tree, node: int) -> bool:
    """Whether money can reach an envelope today, from its parent or its siblings."""
    if any(node in option.transfer_to for option in tree.options):
        return True
    above = int(tree.parent[node])
    return can_gain(tree, node) and (
        (compute_unassigned_cents(tree, above) or 0) > 0 or _can_receive(tree, above)
    )


@dataclass
class _Walls:
    """Builder of the tree with the separations removed."""

    before: Tree
    wholly: bool
    stated: bool
    lifted: bool
    amounts: list[int | None] = field(init=False)
    written: list[int | None] = field(init=False)
    options: list[EnvelopeOptions] = field(init=False)
    policy: list[Unassigned] = field(init=False)
    target: list[int] = field(init=False)

    def __post_init__(self) -> None:
        tree = self.before
        self.amounts, self.written = list(tree.amount_cents), list(tree.written_cents)
        self.options, self.policy = list(tree.options), list(tree.unassigned)
        self.target = list(tree.unassigned_to)

    def build_tree(self) -> Tree:
        """Return the tree in its present state."""
        return replace(
            self.before,
            amount_cents=tuple(self.amounts),
            written_cents=tuple(self.written),
            options=tuple(self.options),
            unassigned=tuple(self.policy),
            unassigned_to=tuple(self.target),
        )

    def take_down(self, node: int) -> None:
        """Make the money of a node available to all its children, and with `wholly` to all below them."""
        tree = self.before
        free = [k for k in tree.list_children(node) if self.written[k] is not None and not _is_fence(tree, k)]
        if not self._is_stated(node):
            self._open(node, free)
        if self.wholly:
            for child in tree.list_children(node):
                self.take_down(child)
        else:
            for child in free:
                self._keep_divided(child)

    def _open(self, node: int, free: list[int]) -> None:
        """Remove the separation between the children of a node."""
        tree = self.before
        ceilings = _has_ceilings(tree, node) or (
            self.amounts[node] is None and tree.amount_cents[node] is not None
        )
        if ceilings or self._is_plain(node):
            for child in free:
                self._lift(child, fenced=not ceilings and self._has_fence(child))
            if any(self.amounts[child] is not None for child in free):
                self.policy[node], self.target[node] = Unassigned.OWN, -1
        else:
            self._allow_transfers(node, free)

    def _is_stated(self, node: int) -> bool:
        """Whether the scenario's own transfers between the children are kept."""
        return self.stated and has_transfers(self.before, self.before.list_children(node))

    def _is_plain(self, node: int) -> bool:
        """Whether two caps suffice: one on all, one on what is outside fences; nothing is held back below."""
        tree = self.before
        below = range(node + 1, int(tree.end[node]))
        if tree.amount_cents[node] is None or not self.lifted or any(map(self._is_stated, below)):
            return False
        if any(tree.options[k].reserved_cents or tree.options[k].overprogram_cents for k in below):
            return False
        return self.wholly or all(tree.written_cents[k] is None or tree.parent[k] == node for k in below)

    def _has_fence(self, node: int) -> bool:
        """Whether a ring-fenced envelope lies below a node."""
        return any(_is_fence(self.before, k) for k in range(node + 1, int(self.before.end[node])))

    def _lift(self, child: int, *, fenced: bool) -> None:
        """Drop the amount of a child, or make it non-binding where separations or fences below it stay."""
        tree = self.before
        keeps = not self.wholly and any(tree.written_cents[k] is not None for k in tree.list_children(child))
        if keeps or fenced:
            self.amounts[child] = sum(max(0, cents or 0) for cents in tree.amount_cents)
        else:
            self.amounts[child] = self.written[child] = None

    def _allow_transfers(self, node: int, free: list[int]) -> None:
        """Let the children transfer without limit, through the first of them."""
        for child in free:
            own = self.before.options[child]
            # What the parent gave in proportion becomes the child's own, so that it is not given twice.
            if self.policy[node] is Unassigned.PRO_RATA:
                self.written[child] = (self.written[child] or 0) + own.given_cents
                own = replace(own, given_cents=0)
            to = tuple(free[1:] if child == free[0] else free[:1])
            self.options[child] = replace(own, transfer_to=to, out_cents=None, in_cents=None)
        self.policy[node], self.target[node] = Unassigned.FREE, -1

    def _keep_divided(self, child: int) -> None:
        """Keep new money of a child from its children, if they share its whole amount and get no more today."""
        tree = self.before
        parts = [cents for k in tree.list_children(child) if (cents := tree.written_cents[k]) is not None]
        amount = tree.amount_cents[child]
        if parts and amount is not None and sum(parts) >= amount and not _can_receive(tree, child):
            self.policy[child] = Unassigned.OWN
