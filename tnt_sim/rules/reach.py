"""How far a measure can go before anything is decided: the most and the least that its groups can come to."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tnt_sim.programme import Tree
from tnt_sim.rules.base import BoolArray, IntArray, Terms, Unit, group_sums
from tnt_sim.rules.envelope import most_gained
from tnt_sim.rules.grant import Offers
from tnt_sim.rules.groups import Groups


def demand(terms: Terms, groups: Groups, offers: Offers) -> list[Fraction]:
    """The most that each group could reach if all its dossiers had their largest grant."""
    return [value * terms.scale for value in demand_steps(terms, groups, offers)]


def least(terms: Terms, groups: Groups, offers: Offers) -> list[Fraction]:
    """The least that each group comes to: what is settled, at its smallest, and all that takes from the sum."""
    return [value * terms.scale for value in least_steps(terms, groups, offers)]


def demand_steps(terms: Terms, groups: Groups, offers: Offers) -> list[int]:
    """`demand` in whole steps of the scale."""
    granted = np.where(terms.per_cent < 0, offers.lowest_cents, offers.highest_cents)
    gains = terms.per_funded + terms.per_cent * granted
    for part in terms.once:
        gains = gains + part.largest_per_dossier(len(gains))
    useful = offers.in_play & ((gains > 0) | offers.committed | offers.forced)
    return _sums(terms, groups, useful, granted)


def least_steps(terms: Terms, groups: Groups, offers: Offers) -> list[int]:
    """`least` in whole steps of the scale."""
    granted = np.where(terms.per_cent < 0, offers.highest_cents, offers.lowest_cents)
    gains = terms.per_funded + terms.per_cent * granted
    useful = offers.in_play & ((gains < 0) | offers.committed | offers.forced)
    return _sums(terms, groups, useful, granted)


def _sums(terms: Terms, groups: Groups, useful: BoolArray, granted_cents: IntArray) -> list[int]:
    cents = np.where(useful, granted_cents, 0)
    return terms.evaluate_groups(useful, cents, groups.codes, len(groups.names))


def is_plain(terms: Terms) -> bool:
    """Whether `demand` and `least` are bounds: nothing counts once, or no part of the sum is negative."""
    parts = (terms.per_funded, terms.per_cent, *(part.worth for part in terms.once))
    return not terms.once or not any(bool((part < 0).any()) for part in parts)


def is_granted(terms: Terms) -> bool:
    """Whether the measure is the amount granted, for some dossiers or all."""
    own = (terms.per_cent == 0) | (terms.per_cent == 1)
    return terms.unit is Unit.MONEY and not terms.once and not terms.per_funded.any() and bool(own.all())


def most_granted(tree: Tree, node: IntArray, offers: Offers, inside: BoolArray) -> int:
    """No envelope lets some dossiers together get more than this, in cents.

    reach_X = min(amount_X and what it may gain, what its own dossiers ask + Σ reach of its children); an envelope
    to which money may be moved, or whose parent may pass such money on, has no bound of its own here.
    """
    most = offers.highest_cents
    held = inside & (node >= 0)
    reach = group_sums(most[held], node[held], tree.n_nodes)
    gain = most_gained(tree)
    for place in range(tree.n_nodes - 1, -1, -1):
        amount, more = tree.amount_cents[place], gain[place]
        if amount is not None and more is not None:
            reach[place] = min(reach[place], amount + more)
        if place:
            reach[int(tree.parent[place])] += reach[place]
    return reach[0]
