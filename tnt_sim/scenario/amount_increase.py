"""The envelope tree with some amounts raised; reserve, overprogramming and pro rata money follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tnt_sim.domain.budget_tree import EnvelopeSpec, Tree
from tnt_sim.errors import Defects
from tnt_sim.rules.protocols import Case
from tnt_sim.scenario.envelope_assignment import distribute_pro_rata


@dataclass(frozen=True, slots=True)
class Raising:
    """Recomputes envelopes whose written amounts are raised.

    Attributes
    ----------
    case : the dossiers and the tree at the written amounts
    specs : the envelopes as written, by id
    """

    case: Case
    specs: Mapping[str, EnvelopeSpec]

    @classmethod
    def of(cls, case: Case, root: EnvelopeSpec) -> Raising:
        """Build for the envelopes at and under `root`."""
        return cls(case, {spec.id: spec for spec, _ in root.walk()})

    def compute_own_cents(self, node: int, more: int) -> int:
        """Return what a node may grant by itself after a raise: amount − reserve + overprogramming."""
        tree = self.case.tree
        written, spec = (tree.written_cents[node] or 0) + more, self.specs.get(tree.ids[node])
        if spec is None:
            return written
        over = spec.overprogram
        over_cents = 0 if over is None else written * over.numerator // over.denominator
        return written - self._compute_reserved_cents(node, more) + over_cents

    def _compute_reserved_cents(self, node: int, more: int) -> int:
        """Return what a node holds back after a raise."""
        tree = self.case.tree
        written, spec = (tree.written_cents[node] or 0) + more, self.specs.get(tree.ids[node])
        held = None if spec is None or not tree.options[node].reserved_cents else spec.reserve
        return 0 if held is None else min(written, -(-written * held.numerator // held.denominator))

    def build_tree(self, raised: Mapping[int, int]) -> Tree:
        """Return the tree with the raises, in cents by node; `pro_rata` money is shared again."""
        tree = self.case.tree
        written, amounts, options = list(tree.written_cents), list(tree.amount_cents), list(tree.options)
        for node, option in enumerate(options):
            if amounts[node] is None or written[node] is None:
                continue
            more = raised.get(node, 0)
            options[node] = replace(
                option, given_cents=0, reserved_cents=self._compute_reserved_cents(node, more)
            )
            amounts[node] = self.compute_own_cents(node, more)
            written[node] = (written[node] or 0) + more
        higher = replace(
            tree, written_cents=tuple(written), amount_cents=tuple(amounts), options=tuple(options)
        )
        return distribute_pro_rata(replace(self.case, tree=higher, defects=Defects())).tree
