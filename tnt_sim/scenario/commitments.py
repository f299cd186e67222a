"""Check that the amounts already committed fit the envelopes, with the raises that would make them fit.

No solver is needed: commitments are fixed. An envelope is too small by itself when what is committed at and
under it exceeds what it may grant. From the deepest such envelopes up, each is raised by its own deficit,
and its parents by the excess of their children's amounts, until the tree is feasible; unassigned and
`pro_rata` money is shared again after each round. Each envelope that was too small is reported with its
deficit and the raises that remove it; all of them together remove the error.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tnt_sim.domain.budget_tree import EnvelopeSpec, Tree
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.rules.envelopes.tree_reading import EnvelopeReading, read_envelopes
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case
from tnt_sim.scenario.amount_increase import Raising

MOST_ROUNDS = 500
"""Most rounds of raising; a tree that is still infeasible then is reported without raises."""


def check_commitments(case: Case, offers: Offers, root: EnvelopeSpec) -> None:
    """Record a defect for every envelope too small for what is committed in it."""
    reading = read_envelopes(case.tree, case.node, offers.committed_cents)
    if reading.holds:
        return
    raising = _Raises(case, offers, Raising.of(case, root))
    holds = raising.run(reading)
    for node, short in sorted(raising.short.items()):
        name, granted = case.tree.ids[node], reading.granted_cents[node]
        most = granted - short
        case.defects.add(
            "committed-exceeds",
            _(
                'the commitments of envelope "{name}" come to {granted}; it can grant {most}: {short} '
                "too much.",
                name=name,
                granted=Money(granted),
                most=Money(most),
                short=Money(short),
            ),
            case.locate(("envelope", name)),
            hint=raising.suggest_raise(node) if holds else _CORRECT,
        )


_CORRECT = _("Raise the amount, or correct the column `committed`.")


@dataclass
class _Raises:
    """The raises that make room for commitments, in cents of the written amount, by node."""

    case: Case
    offers: Offers
    raising: Raising
    raised: dict[int, int] = field(default_factory=dict)
    short: dict[int, int] = field(default_factory=dict)
    """Deficit of each node by itself."""

    def run(self, reading: EnvelopeReading) -> bool:
        """Raise until the tree is feasible; return whether it is."""
        tree = self.case.tree
        for __ in range(MOST_ROUNDS):
            over = self._compute_children_excess(tree)
            bad = {node: cents for node, cents in enumerate(reading.excess_cents) if cents}
            if not over and not bad:
                return True
            depth = max(int(tree.depth[node]) for node in over or bad)
            for node, cents in (over or bad).items():
                if int(tree.depth[node]) != depth:
                    continue
                if over:
                    self._raise(node, cents)
                else:
                    self._raise_short(node, reading.granted_cents[node], tree, cents)
            tree = self.raising.build_tree(self.raised)
            reading = read_envelopes(tree, self.case.node, self.offers.committed_cents)
        return False

    def _compute_children_excess(self, tree: Tree) -> dict[int, int]:
        """Return, by node, by how much the written amounts of its children exceed its own."""
        over = {}
        for node in {int(tree.parent[child]) for child in self.raised if tree.parent[child] >= 0}:
            written = tree.written_cents[node]
            below = sum(tree.written_cents[child] or 0 for child in tree.list_children(node))
            if written is not None and below > written and not tree.overbooked[node]:
                over[node] = below - written
        return over

    def _raise_short(self, node: int, granted: int, tree: Tree, excess: int) -> None:
        """Raise a node until it may grant by itself what is committed in it."""
        lacks = max(granted - (tree.amount_cents[node] or 0), 0) or excess
        self.short[node] = self.short.get(node, 0) + lacks
        self._raise(node, self._find_written_raise(node, lacks))

    def _raise(self, node: int, cents: int) -> None:
        self.raised[node] = self.raised.get(node, 0) + cents

    def _find_written_raise(self, node: int, lacks: int) -> int:
        """Return the least raise of the written amount that lets a node grant `lacks` more.

        The search doubles, then bisects.
        """
        before = self.raised.get(node, 0)
        start = self.raising.compute_own_cents(node, before)
        low, high = 0, max(1, lacks)
        while self.raising.compute_own_cents(node, before + high) - start < lacks and high < lacks * 2**20:
            low, high = high, high * 2
        while high - low > 1:
            half = (low + high) // 2
            if self.raising.compute_own_cents(node, before + half) - start < lacks:
                low = half
            else:
                high = half
        return high

    def suggest_raise(self, node: int) -> Text:
        """Return « Relevez « b » de 32 €, et pour cela « a » de 32 €, … »."""
        own, *above = [
            _('"{ids}" by {raised}', ids=self.case.tree.ids[one], raised=Money(self.raised[one]))
            for one in self.case.tree.list_ancestors(node)
            if one in self.raised
        ]
        if not above:
            return _("Raise {own}, or correct the column `committed`.", own=own)
        return _(
            "Raise {own}, and for that {above}, or correct the column `committed`.",
            own=own,
            above=Items(above),
        )
