"""Sentences of conflicts and repairs: a member, an action, and all of them in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from tnt_sim.analysis.infeasibility.document import (
    ActionEntry,
    BoundEntry,
    BoundHead,
    ClashEntry,
    EasedCountEntry,
    EasedEntry,
    EasedHead,
    EasedShareEntry,
    RatedBoundEntry,
    RepairEntry,
)
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_cents, format_number, format_rate
from tnt_sim.i18n.parameters import Count, Items, Money, Rate
from tnt_sim.verify.run_document import format_fraction

FEW = 5
"""Most groups of one rule written one by one; more share a line."""


OPTIONS = {
    "min_use": _("the minimum use"),
    "min_dossiers": _("the minimum number of applications"),
    "max_dossiers": _("the maximum number of applications"),
}


_TABLE = {
    "variant_of": _("the column `variant_of` (one at most)"),
    "requires": _("the column `requires`"),
}


def describe_member(member: BoundEntry | RatedBoundEntry, lang: Lang) -> str:
    """Write one member of a conflict: « règle « r2 » : au moins 200 000 € pour Lozère (48) »."""
    kind, bound = member.kind, _format_bound(member, lang)
    if kind == "envelope":
        return _('the envelope "{id}" has only {bound}', id=_get_name(member), bound=bound).in_(lang)
    if kind == "committed" and member.bound != "1":
        cents = Money(member.bound_cents or 0)
        return _(
            '{n} applications of "{group}" are committed, for {cents}',
            n=member.bound or "",
            group=_get_dossier_name(member),
            cents=cents,
        ).in_(lang)
    if kind == "committed":
        return _(
            'application "{group}" is committed for {bound}',
            group=_get_dossier_name(member),
            bound=Money(member.bound_cents or 0),
        ).in_(lang)
    if kind == "decide":
        id_, dossier = _get_name(member), _get_dossier_name(member)
        if member.side == "min":
            return _('decision "{id}": "{dossier}" funded', id=id_, dossier=dossier).in_(lang)
        return _('decision "{id}": "{dossier}" refused', id=id_, dossier=dossier).in_(lang)
    if kind == "ineligible":
        return _('"{dossier}" is not eligible', dossier=_get_dossier_name(member)).in_(lang)
    if kind == "law":
        return _("public aid does not exceed the cost of a project, by law").in_(lang)
    if kind in ("part", "decide_amount", "may_get"):
        return _describe_written(member, bound, lang)
    name = _describe_entry(member, lang)
    if member.side == "":
        return name
    least = _("at least") if member.side == "min" else _("at most")
    return _(
        "{name}: {least} {bound}{member}",
        name=name,
        least=least,
        bound=bound,
        member=_describe_group(member, lang),
    ).in_(lang)


def _describe_written(member: BoundEntry | RatedBoundEntry, bound: str, lang: Lang) -> str:
    """Write a member of a contradiction between written values."""
    if member.kind == "part":
        return _('its part "{name}" has {bound}', name=_get_name(member), bound=bound).in_(lang)
    dossier = _get_dossier_name(member)
    if member.kind == "decide_amount":
        text = _(
            'decision "{name}": {bound} for "{dossier}"', name=_get_name(member), bound=bound, dossier=dossier
        )
    elif member.side == "max":
        text = _('"{dossier}" may get {bound} at most', dossier=dossier, bound=bound)
    else:
        text = _('"{dossier}" may get {bound} at least', dossier=dossier, bound=bound)
    return text.in_(lang)


def describe_action(action: ActionEntry, lang: Lang) -> str:
    """Write an action: « baisser le plancher de « r2 » pour Lozère (48) de 120 000 € (à 80 000 €) »."""
    kind, name = action.kind, _describe_entry(action, lang)
    if kind == "decide":
        return _(
            'take back the decision "{id}" for "{group}"',
            id=_get_name(action),
            group=_get_dossier_name(action),
        ).in_(lang)
    if kind == "decide_amount":
        return _describe_amount_action(action, lang)
    if kind == "overbooked":
        return _('make the parts of "{name}" ceilings, whose sum may exceed it', name=_get_name(action)).in_(
            lang
        )
    if not isinstance(action, EasedHead) or (action.side == "" and kind != "envelope"):
        if kind == "cap":
            return _('waive the cap "{id}", with a reasoned waiver (`waivers`)', id=_get_name(action)).in_(
                lang
            )
        return _("lift {name}", name=name).in_(lang)
    by = _format_value(action.by, action.by_cents, lang)
    to = _format_value(action.to, action.to_cents, lang)
    if kind == "envelope" and action.do == "lower":
        return _('lower the envelope "{id}" by {by} (to {to})', id=_get_name(action), by=by, to=to).in_(lang)
    if kind == "rate":
        return _describe_rate_action(action, name, lang)
    if kind == "envelope":
        raised = _('raise the envelope "{id}" by {by} (to {to})', id=_get_name(action), by=by, to=to)
        if not isinstance(action, EasedEntry) or not action.above:
            return raised.in_(lang)
        return _("{raised}, and as much above it: {names}", raised=raised, names=Items(action.above)).in_(
            lang
        )
    where = _describe_group(action, lang)
    if isinstance(action, EasedShareEntry):
        return _describe_share_action(action, name, by, where).in_(lang)
    if kind in OPTIONS:  # its name says already that it is a minimum or a maximum
        verb = _("lower") if action.side == "min" else _("raise")
    else:
        verb = _("lower the minimum of") if action.side == "min" else _("raise the maximum of")
    text = _("{verb} {name}{where} by {by} (to {to})", verb=verb, name=name, where=where, by=by, to=to).in_(
        lang
    )
    return text + _describe_cheapest(action, lang)


def _describe_amount_action(action: ActionEntry, lang: Lang) -> str:
    dossier, name = _get_dossier_name(action), _get_name(action)
    if isinstance(action, EasedHead):
        to = _format_value(action.to, action.to_cents, lang)
        text = _('decide {to} for "{dossier}" (decision "{name}")', to=to, dossier=dossier, name=name)
    else:
        text = _(
            'take back the amount decided for "{dossier}" (decision "{name}")', dossier=dossier, name=name
        )
    return text.in_(lang)


def _describe_rate_action(action: EasedHead, name: str, lang: Lang) -> str:
    before, after = Rate(parse_decimal(action.from_)), Rate(parse_decimal(action.to))
    if action.side == "min":
        text = _(
            "lower the minimum of {name} from {before} to {after}", name=name, before=before, after=after
        )
    else:
        text = _(
            "raise the maximum of {name} from {before} to {after}", name=name, before=before, after=after
        )
    return text.in_(lang)


def _describe_share_action(action: EasedShareEntry, name: str, by: str, where: str) -> Text:
    rate = Rate(parse_decimal(action.rate))
    if action.side == "min":
        sentence = _(
            "accept that {name}{where} lacks {by} to reach {rate}", name=name, where=where, by=by, rate=rate
        )
    else:
        sentence = _(
            "accept that {name}{where} exceeds {rate} by {by}", name=name, where=where, by=by, rate=rate
        )
    if action.reached is None:
        return sentence
    return _("{change} ({reached} reached)", change=sentence, reached=Rate(parse_decimal(action.reached)))


def _describe_cheapest(action: EasedHead, lang: Lang) -> str:
    """Name the cheapest application that would restore a minimum number."""
    result = action.cheapest if isinstance(action, EasedCountEntry) else None
    if result is None:
        return ""
    cents = format_cents(result.cents, lang)
    return _(
        '; the cheapest application that would count: "{dossier}", {cents}',
        dossier=result.dossier,
        cents=cents,
    ).in_(lang)


def _describe_entry(entry: BoundHead, lang: Lang) -> str:
    kind, name = entry.kind, _get_name(entry)
    if kind in OPTIONS:
        return _('{option} of "{name}"', option=OPTIONS[kind], name=name).in_(lang)
    if entry.table:
        return _TABLE[kind].in_(lang)
    if kind == "cap":
        return _('the cap "{name}"', name=name).in_(lang)
    return _('the rule "{name}"', name=name).in_(lang)


def _get_name(entry: BoundHead) -> str:
    return entry.title or entry.id


def _get_dossier_name(entry: BoundHead) -> str:
    return entry.group_name or entry.group or ""


def _format_group(entry: BoundHead) -> str:
    if entry.kind in ("decide", "committed"):
        return _get_dossier_name(entry)
    return f"{entry.group_name} ({entry.group})" if entry.group_name else str(entry.group)


def _describe_group(entry: BoundHead, lang: Lang) -> str:
    if isinstance(entry, EasedHead) and entry.all_groups:
        return _(" for all its groups").in_(lang)
    if not entry.group:
        return ""
    return _(" for {group}", group=_format_group(entry)).in_(lang)


def _get_rate(entry: BoundEntry | RatedBoundEntry) -> str | None:
    return entry.rate if isinstance(entry, RatedBoundEntry) else None


def _format_bound(entry: BoundEntry | RatedBoundEntry, lang: Lang) -> str:
    """Write an amount, a rate or a number, depending on the entry; nothing for one that binds as a whole."""
    rate = entry.bound if entry.kind == "rate" else _get_rate(entry)
    if rate is not None:
        return format_rate(parse_decimal(rate), lang)
    return "" if entry.bound is None else _format_value(entry.bound, entry.bound_cents, lang)


def _format_value(value: str, cents: int | None, lang: Lang) -> str:
    """Write an amount, or a number where it is not money in whole cents."""
    return format_number(parse_decimal(value), lang) if cents is None else format_cents(cents, lang)


def describe_members(
    members: Sequence[BoundEntry | RatedBoundEntry], lang: Lang
) -> list[tuple[BoundEntry | RatedBoundEntry, str]]:
    """Write a sentence per member, what no repair lifts last; many groups of one rule share a sentence."""
    by_rule = sorted(_group_by_rule(members), key=lambda some: some[0].kind in ("committed", "law"))
    return [
        (some[0], describe_member(some[0], lang) if len(some) == 1 else _describe_groups(some, lang))
        for some in by_rule
    ]


def describe_actions(actions: Sequence[ActionEntry], lang: Lang) -> str:
    """Write all actions of a repair; many groups of one rule share a sentence."""
    word = _(" and ").in_(lang)
    return word.join(
        describe_action(some[0], lang) if len(some) == 1 else _describe_group_actions(some, lang)
        for some in _group_by_rule(actions)
    )


def _group_by_rule[Listed: BoundHead](entries: Sequence[Listed]) -> list[list[Listed]]:
    """Group the entries of a rule with more than `FEW` groups; leave the others single."""
    own: dict[tuple[str, ...], list[Listed]] = {}
    for entry in entries:
        own.setdefault((entry.kind, entry.id, entry.side), []).append(entry)
    return [
        part for some in own.values() for part in ([some] if len(some) > FEW else [[one] for one in some])
    ]


def _describe_groups(some: Sequence[BoundEntry | RatedBoundEntry], lang: Lang) -> str:
    n, names = len(some), format_list([_format_group(entry) for entry in some], lang, FEW)
    if some[0].kind in ("decide", "committed"):
        return _describe_dossiers(some[0], n, names, lang)
    first = replace(some[0], group=None)
    same = len({(entry.bound, _get_rate(entry)) for entry in some}) == 1
    head = describe_member(first, lang) if same else f"{_describe_entry(first, lang)}"
    side = _("minimum") if some[0].side == "min" else _("maximum")
    least = "" if same else f", {side.in_(lang)}"
    return _("{head}{least}, in {n} groups ({names})", head=head, least=least, n=n, names=names).in_(lang)


def _describe_dossiers(first: BoundHead, n: int, names: str, lang: Lang) -> str:
    """Write many applications of one decision, or commitments: « 6 dossiers retenus (…) »."""
    if first.kind == "committed":
        return _("{n} applications are committed ({names})", n=Count(n), names=names).in_(lang)
    if first.side == "min":
        sentence = _(
            'decision "{id}": {n} applications funded ({names})', id=_get_name(first), n=Count(n), names=names
        )
    else:
        sentence = _(
            'decision "{id}": {n} applications refused ({names})',
            id=_get_name(first),
            n=Count(n),
            names=names,
        )
    return sentence.in_(lang)


def _describe_group_actions(some: Sequence[ActionEntry], lang: Lang) -> str:
    n, first, lower = len(some), some[0], some[0].side == "min"
    eased = [entry for entry in some if isinstance(entry, EasedHead)]
    cents = [entry.by_cents for entry in eased if entry.by_cents is not None]
    total = format_fraction(sum((parse_decimal(entry.by) for entry in eased), Fraction(0)))
    verb = _("lower the minimum of") if lower else _("raise the maximum of")
    name, by = (
        _describe_entry(first, lang),
        _format_value(total, sum(cents) if len(cents) == n else None, lang),
    )
    return _("{verb} {name} in {n} groups, by {by} in all", verb=verb, name=name, n=n, by=by).in_(lang)


def describe_conflict(entry: ClashEntry, lang: Lang) -> str:
    """Write the members of a conflict in one sentence, with its evidence."""
    parts = [text for __, text in describe_members(entry.members, lang)]
    joined = Items(parts, ";").in_(lang)
    if not entry.minimal:
        joined += _(" (minimality not proven)").in_(lang)
    if entry.proof is None:
        joined += _(" (contradiction not proven)").in_(lang)
    return joined


def describe_repair(repair: RepairEntry, lang: Lang) -> str:
    """Write a repair in one sentence: « relever l'enveloppe « axe-2 » de 85 000 € (à 24 085 000 €) »."""
    return describe_actions(repair.actions, lang)
