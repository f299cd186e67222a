"""Options of an envelope besides its amount: a minimum spend, and bounds on the number of funded dossiers.

    Σ g_i ≥ ⌈min_use · w⌉        min_dossiers ≤ Σ x_i ≤ max_dossiers

The sums run over the dossiers of the envelope and of those under it; w is its written amount in cents.
Options that no allocation can satisfy are reported as defects before anything is solved.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tnt_sim.i18n.message import _, _n
from tnt_sim.i18n.parameters import Money
from tnt_sim.rules.envelopes.tree_reading import can_gain
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit, sum_exactly
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, Reading, RowBuilder, RowKind, RowLabel

CENT = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class EnvelopeLimit:
    """One bound on an envelope: low ≤ Σ ≤ high, in cents or in dossiers.

    `option` is the key in the scenario: `min_use`, `min_dossiers` or `max_dossiers`.
    """

    envelope: str
    option: str
    terms: Terms
    low: int | None
    high: int | None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write the row low ≤ Σ ≤ high."""
        label = RowLabel(RowKind.ENVELOPE, self.envelope, side=self.option)
        builder.add_rows([label], self.terms, None, [self.low], [self.high])

    def read(self, funded: BoolArray, granted_cents: IntArray) -> Reading:
        """Evaluate the sum on an allocation, exactly; a minimum spend is in euros."""
        scale = self.terms.scale
        value = self.terms.evaluate(funded, granted_cents)
        low = None if self.low is None else self.low * scale
        high = None if self.high is None else self.high * scale
        return Reading(self.envelope, value * scale.numerator, scale.denominator, low, high)


def build_envelope_limits(case: Case, offers: Offers) -> tuple[EnvelopeLimit, ...]:
    """Build the bounds of every envelope; record those that no allocation can satisfy as defects."""
    tree = case.tree
    result = []
    zeros, ones = np.zeros(case.n, dtype=np.int64), np.ones(case.n, dtype=np.int64)
    money = Terms(CENT, Unit.MONEY, zeros, ones)
    count = Terms(Fraction(1), Unit.NUMBER, ones, zeros)
    for node, option in enumerate(tree.options):
        if not (option.min_use_cents or option.min_dossiers or option.max_dossiers is not None):
            continue
        under = (case.node >= node) & (case.node < tree.end[node])
        name = tree.ids[node]
        if option.min_use_cents:
            _check_use(case, offers, node, under)
            result.append(EnvelopeLimit(name, "min_use", money.restrict(under), option.min_use_cents, None))
        if option.min_dossiers:
            _check_least(case, offers, node, under)
            low = option.min_dossiers
            result.append(EnvelopeLimit(name, "min_dossiers", count.restrict(under), low, None))
        if option.max_dossiers is not None:
            _check_most(case, offers, node, under)
            high = option.max_dossiers
            result.append(EnvelopeLimit(name, "max_dossiers", count.restrict(under), None, high))
    return tuple(result)


def _check_use(case: Case, offers: Offers, node: int, under: BoolArray) -> None:
    """Record a defect if the dossiers cannot receive the minimum spend, or the envelope cannot grant it."""
    tree = case.tree
    need, name = tree.options[node].min_use_cents, tree.ids[node]
    most = offers.highest_cents
    demand = sum_exactly(most[under & offers.in_play])
    money = Money(need)
    if demand < need:
        can = Money(demand)
        case.record_defect(
            "min-use",
            _(
                'envelope "{name}" must use at least {money}, but its eligible applications can get no more '
                "than {can}.",
                name=name,
                money=money,
                can=can,
            ),
            ("envelope", name, "min_use"),
            _("Lower `min_use`, or the amount."),
        )
        return
    amount = tree.amount_cents[node] or 0
    if need > amount and not can_gain(tree, node) and not _can_receive_transfer(case, node):
        can = Money(amount)
        case.record_defect(
            "min-use",
            _(
                'envelope "{name}" must use at least {money}, but can grant no more than {can}, its '
                "reserve taken off.",
                name=name,
                money=money,
                can=can,
            ),
            ("envelope", name, "min_use"),
            _("Lower `min_use` or `reserve`."),
        )


def _can_receive_transfer(case: Case, node: int) -> bool:
    return any(node in option.transfer_to for option in case.tree.options)


def _check_least(case: Case, offers: Offers, node: int, under: BoolArray) -> None:
    option, name = case.tree.options[node], case.tree.ids[node]
    least, n = option.min_dossiers or 0, int((under & offers.in_play).sum())
    if option.max_dossiers is not None and option.max_dossiers < least:
        case.record_defect(
            "min-dossiers",
            _(
                'envelope "{name}" must fund at least {least} applications and at most {max_dossiers}: '
                "that is impossible.",
                name=name,
                least=least,
                max_dossiers=option.max_dossiers,
            ),
            ("envelope", name, "min_dossiers"),
        )
    elif n < least:
        case.record_defect(
            "min-dossiers",
            _n(
                'envelope "{name}" must fund at least {least} applications, but has only {n} eligible.',
                'envelope "{name}" must fund at least {least} applications, but has only {n} eligible.',
                n=n,
                name=name,
                least=least,
            ),
            ("envelope", name, "min_dossiers"),
            _("Lower `min_dossiers`."),
        )


def _check_most(case: Case, offers: Offers, node: int, under: BoolArray) -> None:
    most, name = case.tree.options[node].max_dossiers or 0, case.tree.ids[node]
    n = int((under & (offers.committed | offers.forced)).sum())
    if n > most:
        few = _n("{n} application", "{n} applications", n=most)
        held = _n(
            "{n} is already committed or funded by decision",
            "{n} are already committed or funded by decision",
            n=n,
        )
        case.record_defect(
            "max-dossiers",
            _('envelope "{name}" may fund only {few}, but {held}.', name=name, few=few, held=held),
            ("envelope", name, "max_dossiers"),
            _("Raise `max_dossiers`."),
        )
