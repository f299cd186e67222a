"""The envelope tree with some amounts raised; reserve, overprogramming and pro rata money follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tnt_sim.domain.budget_tree import EnvelopeSpec, Tree, Unassigned
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
    undivided : the tree at the written amounts, before `pro_rata` money is shared
    """

    case: Case
    specs: Mapping[str, EnvelopeSpec]
    undivided: Tree = field(init=False)

    def __post_init__(self) -> None:
        tree = self.case.tree
        every = dict.fromkeys(range(tree.n_nodes), 0)
        object.__setattr__(self, "undivided", self._raise_amounts(tree, every))

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
        higher = self._raise_amounts(self.undivided, raised)
        if not self.divides:
            return higher
        return distribute_pro_rata(replace(self.case, tree=higher, defects=Defects())).tree

    @property
    def divides(self) -> bool:
        """Whether a raise changes other envelopes too, by `pro_rata` money."""
        return Unassigned.PRO_RATA in self.case.tree.unassigned

    def _raise_amounts(self, tree: Tree, raised: Mapping[int, int]) -> Tree:
        """Return a tree whose raised nodes are computed anew from their written amounts."""
        written, amounts, options = list(tree.written_cents), list(tree.amount_cents), list(tree.options)
        for node, more in raised.items():
            if amounts[node] is None or written[node] is None:
                continue
            options[node] = replace(
                options[node], given_cents=0, reserved_cents=self._compute_reserved_cents(node, more)
            )
            amounts[node] = self.compute_own_cents(node, more)
            written[node] = (self.case.tree.written_cents[node] or 0) + more
        return replace(
            tree, written_cents=tuple(written), amount_cents=tuple(amounts), options=tuple(options)
        )
