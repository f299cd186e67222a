"""The walls between the amounts under an envelope, taken down: its money may go anywhere below it.

With X the envelope in question, the children of X that have an amount and no fence may give each other money
without limit, and what X leaves unassigned may go to any of them; wholly, so may the children of all below X:

    Σ_c d_c = 0        G_c ≤ a_c + e_c + d_c        and what is outside the fences below c stays outside them

A ring-fenced envelope keeps what it has: nothing enters, nothing leaves; inside it, its own money is as free. What
is held back stays held back; minimum uses, numbers of dossiers and rules stay. Amounts that are ceilings (under an
`overbooked` envelope, or one that draws on the amount of another above it) cap nothing any more; but a fenced one.
Every allocation that fits today goes on fitting.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tnt_sim.domain.budget_tree import Options, Tree, Unassigned
from tnt_sim.rules.envelopes.transfers import has_transfers
from tnt_sim.rules.envelopes.tree_reading import may_gain, unassigned_cents


def has_walls(tree: Tree, node: int) -> bool:
    """Whether the amounts of at least two children keep money apart."""
    return sum(tree.written_cents[child] is not None for child in tree.children(node)) > 1


def opened(tree: Tree, node: int, *, wholly: bool, stated: bool = False, lifted: bool = True) -> Tree:
    """The tree without the walls of an envelope: between its children alone, or at all depths below it.

    Between its children alone, the walls below them stand: what a child gets goes to its own dossiers, and on to
    its children only where money beyond their amounts may come to them today.

    Parameters
    ----------
    stated : children between which the scenario states transfers keep to these, and to their limits
    lifted : amounts may be left out where that lets the same allocations through; else each envelope keeps one, so
        that a reading says what it gives and gets
    """
    walls = _Walls(tree, wholly, stated, lifted)
    walls.take_down(node)
    return walls.tree()


def _is_fence(tree: Tree, node: int) -> bool:
    return tree.ring_fenced[node] and tree.written_cents[node] is not None


def _are_ceilings(tree: Tree, node: int) -> bool:
    """Whether the amounts of the children are ceilings: the money is that of the envelope, or of one above."""
    above = any(tree.amount_cents[k] is not None for k in tree.ancestors(node)[1:])
    own = tree.amount_cents[node] is not None
    return (above or own) if tree.overbooked[node] else (above and not own)


def _may_get(tree: Tree, node: int) -> bool:
    """Whether money may come to an envelope today: from its parent, or from its siblings."""
    if any(node in option.transfer_to for option in tree.options):
        return True
    above = int(tree.parent[node])
    return may_gain(tree, node) and ((unassigned_cents(tree, above) or 0) > 0 or _may_get(tree, above))


@dataclass
class _Walls:
    """A tree whose walls are being taken down."""

    before: Tree
    wholly: bool
    stated: bool
    lifted: bool
    amounts: list[int | None] = field(init=False)
    written: list[int | None] = field(init=False)
    options: list[Options] = field(init=False)
    policy: list[Unassigned] = field(init=False)
    target: list[int] = field(init=False)

    def __post_init__(self) -> None:
        tree = self.before
        self.amounts, self.written = list(tree.amount_cents), list(tree.written_cents)
        self.options, self.policy = list(tree.options), list(tree.unassigned)
        self.target = list(tree.unassigned_to)

    def tree(self) -> Tree:
        """The tree as it is now."""
        return replace(
            self.before,
            amount_cents=tuple(self.amounts),
            written_cents=tuple(self.written),
            options=tuple(self.options),
            unassigned=tuple(self.policy),
            unassigned_to=tuple(self.target),
        )

    def take_down(self, node: int) -> None:
        """Let the money of a node go to any of its children, and wholly, to anything below them."""
        tree = self.before
        free = [k for k in tree.children(node) if self.written[k] is not None and not _is_fence(tree, k)]
        if not self._is_stated(node):
            self._open(node, free)
        if self.wholly:
            for child in tree.children(node):
                self.take_down(child)
        else:
            for child in free:
                self._stay_divided(child)

    def _open(self, node: int, free: list[int]) -> None:
        """Take the walls between the children of a node down."""
        tree = self.before
        ceilings = _are_ceilings(tree, node) or (
            self.amounts[node] is None and tree.amount_cents[node] is not None
        )
        if ceilings or self._is_plain(node):
            for child in free:
                self._lift(child, fenced=not ceilings and self._has_fence(child))
            if any(self.amounts[child] is not None for child in free):
                self.policy[node], self.target[node] = Unassigned.OWN, -1
        else:
            self._share(node, free)

    def _is_stated(self, node: int) -> bool:
        """Whether the scenario's own transfers between the children stand as they are."""
        return self.stated and has_transfers(self.before, self.before.children(node))

    def _is_plain(self, node: int) -> bool:
        """Whether a cap on all, and one on what is outside fences, say it all: nothing is held back below."""
        tree = self.before
        below = range(node + 1, int(tree.end[node]))
        if tree.amount_cents[node] is None or not self.lifted or any(map(self._is_stated, below)):
            return False
        if any(tree.options[k].reserved_cents or tree.options[k].overprogram_cents for k in below):
            return False
        return self.wholly or all(tree.written_cents[k] is None or tree.parent[k] == node for k in below)

    def _has_fence(self, node: int) -> bool:
        """Whether money is set apart below a node."""
        return any(_is_fence(self.before, k) for k in range(node + 1, int(self.before.end[node])))

    def _lift(self, child: int, *, fenced: bool) -> None:
        """A ceiling that caps nothing any more; where walls or fences below it stay, one too high to cap."""
        tree = self.before
        keeps = not self.wholly and any(tree.written_cents[k] is not None for k in tree.children(child))
        if keeps or fenced:
            self.amounts[child] = sum(max(0, cents or 0) for cents in tree.amount_cents)
        else:
            self.amounts[child] = self.written[child] = None

    def _share(self, node: int, free: list[int]) -> None:
        """Children give each other what they like, by way of one of them."""
        for child in free:
            own = self.before.options[child]
            # what a parent gave in proportion is its own now, so that it is not given twice
            if self.policy[node] is Unassigned.PRO_RATA:
                self.written[child] = (self.written[child] or 0) + own.given_cents
                own = replace(own, given_cents=0)
            to = tuple(free[1:] if child == free[0] else free[:1])
            self.options[child] = replace(own, transfer_to=to, out_cents=None, in_cents=None)
        self.policy[node], self.target[node] = Unassigned.FREE, -1

    def _stay_divided(self, child: int) -> None:
        """Whose children share its whole amount today, and get nothing more, do not get more now."""
        tree = self.before
        parts = [cents for k in tree.children(child) if (cents := tree.written_cents[k]) is not None]
        amount = tree.amount_cents[child]
        if parts and amount is not None and sum(parts) >= amount and not _may_get(tree, child):
            self.policy[child] = Unassigned.OWN
