"""Bounds that can never hold together, told before anything is solved.

    floors of one `limit`, by group     Σ_g minimum_g ≤ the most that the envelopes let these groups get
    minimum uses of envelopes           Σ_children need ≤ what their parent can have
    shares of one whole                 Σ minima of disjoint parts ≤ 1;  Σ maxima of parts that make it up ≥ 1
    one share of all, by group          n · minimum ≤ 1;  n · maximum ≥ 1 where the n groups make it up

Two shares that ask for more than the whole hold only where nothing of it is funded: that is refused as a single
share above 100 % is.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from tnt_sim.errors import Lang, Text, so_many
from tnt_sim.money import format_cents, format_rate
from tnt_sim.rules.base import Case, Mode, Path, Terms
from tnt_sim.rules.columns import CENT
from tnt_sim.rules.envelope import most_gained
from tnt_sim.rules.grant import Offers
from tnt_sim.rules.limit import Limit
from tnt_sim.rules.reach import is_granted, most_granted
from tnt_sim.rules.share import Share


def refuse_clashes(case: Case, offers: Offers, rules: Sequence[tuple[object, Path]]) -> None:
    """Note every clash that sums alone show; `rules` are the compiled ones with their paths."""
    for rule, path in rules:
        if isinstance(rule, Limit) and rule.mode is Mode.HARD:
            _floors(case, offers, rule, path)
    _uses(case)
    shares = [(rule, path) for rule, path in rules if isinstance(rule, Share) and rule.mode is Mode.HARD]
    _shares(case, offers, [(rule, path) for rule, path in shares if not rule.groups.grouped])
    for rule, path in shares:
        if rule.pooled and not rule.numerator.once:
            _groups_of_all(case, offers, rule, path)


def _floors(case: Case, offers: Offers, limit: Limit, path: Path) -> None:
    if not limit.groups.grouped or not is_granted(limit.terms):
        return
    asked = sum((bound for bound in limit.minimum if bound is not None), Fraction(0)) / CENT
    inside = (limit.groups.codes >= 0) & (limit.terms.per_cent == 1)
    most = most_granted(case.tree, case.node, offers, inside)
    if asked <= most:
        return
    fr, en = ([format_cents(int(figure), lang) for figure in (asked, most)] for lang in (Lang.FR, Lang.EN))
    n = so_many(sum(bound is not None for bound in limit.minimum), ("groupe", "groupes"), ("group", "groups"))
    case.fault(
        "floors-exceed",
        Text(
            f"les planchers de {n.fr} font ensemble {fr[0]}, plus que les {fr[1]} que permettent les enveloppes.",
            f"the floors of {n.en} come to {en[0]} together, more than the {en[1]} that envelopes allow.",
        ),
        (*path, "min"),
        Text("Abaissez `min`, ou relevez une enveloppe.", "Lower `min`, or raise an envelope."),
    )


def _uses(case: Case) -> None:
    """What envelopes must use, from the leaves up, against what their parent can have."""
    tree = case.tree
    need = [option.min_use_cents for option in tree.options]
    gain = most_gained(tree)
    for node in range(tree.n_nodes - 1, -1, -1):
        below = sum(need[child] for child in tree.children(node))
        amount = tree.amount_cents[node]
        more = gain[node]
        if amount is not None and more is not None and below > amount + more:
            _uses_exceed(case, node, below, amount + more)
        need[node] = max(need[node], below)


def _uses_exceed(case: Case, node: int, below: int, most: int) -> None:
    name = case.tree.ids[node]
    fr, en = ([format_cents(figure, lang) for figure in (below, most)] for lang in (Lang.FR, Lang.EN))
    case.fault(
        "uses-exceed",
        Text(
            f"les emplois minimaux des enveloppes de « {name} » font {fr[0]}, plus que les {fr[1]} qu'elle peut "
            "accorder.",
            f'the minimum uses of the envelopes of "{name}" come to {en[0]}, more than the {en[1]} that it can '
            "grant.",
        ),
        ("envelope", name),
        Text("Abaissez un `min_use`, ou relevez le montant.", "Lower a `min_use`, or raise the amount."),
    )


def _shares(case: Case, offers: Offers, shares: Sequence[tuple[Share, Path]]) -> None:
    """Parts of one whole, whole by whole."""
    while shares:
        first = shares[0][0].denominator
        same = [(rule, path) for rule, path in shares if _equal(rule.denominator, first)]
        shares = [(rule, path) for rule, path in shares if not _equal(rule.denominator, first)]
        low = _disjoint([(rule, path) for rule, path in same if rule.minimum is not None], offers)
        total = sum((rule.minimum or Fraction(0) for rule, _ in low), Fraction(0))
        if len(low) > 1 and total > 1:
            _not_whole(case, low, total, "min")
        high = _disjoint([(rule, path) for rule, path in same if rule.maximum is not None], offers)
        total = sum((rule.maximum or Fraction(0) for rule, _ in high), Fraction(0))
        if len(high) > 1 and total < 1 and _whole([rule.numerator for rule, _ in high], first):
            _not_whole(case, high, total, "max")


def _groups_of_all(case: Case, offers: Offers, rule: Share, path: Path) -> None:
    """The parts that n groups may have of one whole, against 100 %."""
    n, inside = len(rule.groups.names), offers.in_play & (rule.groups.codes >= 0)
    part, whole = rule.numerator.where(inside), rule.denominator.where(offers.in_play)
    low, high = n * (rule.minimum or Fraction(0)), n * (rule.maximum or Fraction(1))
    if n == 0 or part.scale != whole.scale or rule.denominator.once:
        return
    within = bool((part.per_funded <= whole.per_funded).all() and (part.per_cent <= whole.per_cent).all())
    if low > 1 and within:
        side, total = "min", low
    elif high < 1 and _whole([part], whole):
        side, total = "max", high
    else:
        return
    fr, en = format_rate(total, Lang.FR), format_rate(total, Lang.EN)
    groups = so_many(n, ("groupe", "groupes"), ("group", "groups"))
    case.fault(
        "shares-whole",
        Text(
            f"avec {groups.fr}, cette borne fait {fr} de l'ensemble, "
            f"{'plus' if side == 'min' else 'moins'} que les 100 % à répartir.",
            f"with {groups.en} this bound comes to {en} of the whole, "
            f"{'more' if side == 'min' else 'less'} than the 100 % to share.",
        ),
        (*path, side),
        Text(f"Corrigez `{side}`.", f"Correct `{side}`."),
    )


def _equal(one: Terms, other: Terms) -> bool:
    if one is other:  # what counts once for several dossiers is compared with itself only
        return True
    return bool(
        one.scale == other.scale
        and not one.once
        and not other.once
        and (one.per_funded == other.per_funded).all()
        and (one.per_cent == other.per_cent).all()
    )


def _disjoint(shares: Sequence[tuple[Share, Path]], offers: Offers) -> list[tuple[Share, Path]]:
    """The first rules of a list of which no dossier in play enters two; those that none enters say nothing."""
    taken = np.zeros(len(offers.candidate), dtype=np.bool_)
    found = []
    for rule, path in shares:
        mine = ((rule.numerator.per_funded != 0) | (rule.numerator.per_cent != 0)) & offers.in_play
        if mine.any() and not (mine & taken).any() and not rule.numerator.once:
            taken |= mine
            found.append((rule, path))
    return found


def _whole(parts: Sequence[Terms], whole: Terms) -> bool:
    """Whether the parts make up the whole."""
    if any(part.scale != whole.scale for part in parts):
        return False
    funded = np.sum([part.per_funded for part in parts], axis=0)
    cents = np.sum([part.per_cent for part in parts], axis=0)
    return np.array_equal(funded, whole.per_funded) and np.array_equal(cents, whole.per_cent)


def _not_whole(case: Case, shares: Sequence[tuple[Share, Path]], total: Fraction, side: str) -> None:
    names = [rule.id for rule, _ in shares]
    fr, en = format_rate(total, Lang.FR), format_rate(total, Lang.EN)
    shown_fr, shown_en = ", ".join(f"« {name} »" for name in names), ", ".join(f'"{name}"' for name in names)
    if side == "min":
        text = Text(
            f"les parts minimales de {shown_fr} font {fr} du même ensemble : plus de 100 %.",
            f"the minimum shares of {shown_en} come to {en} of one whole: more than 100 %.",
        )
    else:
        text = Text(
            f"les parts maximales de {shown_fr} ne font que {fr}, et chaque dossier est dans l'une d'elles.",
            f"the maximum shares of {shown_en} come to {en} only, and each dossier is in one of them.",
        )
    hint = Text("Corrigez une de ces parts.", "Correct one of these shares.")
    case.defects.add("shares-whole", text, *(case.locate((*path, side)) for _, path in shares), hint=hint)
