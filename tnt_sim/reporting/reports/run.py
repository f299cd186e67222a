"""Report of a run: verdict, envelopes with the cause of unspent money, rules, objectives, reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _, _n, _p
from tnt_sim.i18n.numbers import (
    format_decimal,
    format_euros,
    format_percentage,
    format_price_per_euro,
    format_significant,
)
from tnt_sim.i18n.parameters import Count, Day, Items, Listed, Money, RoundMoney, ShortMoney
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Node,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    Words,
    write_both,
)
from tnt_sim.reporting.reports.envelope_table import MOST_CHILDREN, build_envelope_table, describe_parts
from tnt_sim.reporting.reports.warnings import build_warnings
from tnt_sim.reporting.text.vocabulary import (
    KIND,
    REASON,
    UNSPENT,
    Labels,
    describe_eligible,
    describe_filed,
    describe_verdict,
    write_goal,
)
from tnt_sim.rules.expressions.text import SENSE
from tnt_sim.scenario.scenario import RESERVE
from tnt_sim.values.answer_values import PROOF, Gain, label_goal
from tnt_sim.verify.run_document import (
    GroupEntry,
    RuleEntry,
    RunDocument,
    RunEnvelope,
    ShadowPrice,
    StageEntry,
    StepEntry,
)
from tnt_sim.verify.verification import Verification, read_own_proof

if TYPE_CHECKING:
    from tnt_sim.analysis.extend.step_effects import AxisEffect, StepEffects

WHY_NOT: Mapping[str, Text] = {
    "steps": _("this scenario has steps"),
    "slow": _("this run took long; ask tnt-sim extend"),
    "unproven": _("the allocation is not proven optimal"),
    "no_amount": _("the programme has no amount"),
}


def build_step_effects(effects: StepEffects | None) -> list[Node]:
    """Return the section; nothing for a run without an allocation."""
    if effects is None:
        return []
    if effects.why_not is not None:
        why = WHY_NOT[effects.why_not]
        return [Paragraph(_("What each axis would do with more money is not computed: {why}.", why=why))]
    step = RoundMoney(effects.cents or 0)
    nodes: list[Node] = [_build_axes(effects.axes)]
    if effects.missing:
        names = Listed(effects.missing, 6)
        nodes.append(Paragraph(_("Not settled in the time allowed: {names}.", names=names)))
    return [Section(_("{step} more, and what each axis would do with it", step=step), nodes)]


def _build_axes(axes: Sequence[AxisEffect]) -> Table:
    rows = [_describe_axis(entry) for entry in axes]
    figures = [Column("", cells, Kind.FIGURE) for cells in zip(*rows, strict=True)]
    return Table([Column("", [entry.envelope for entry in axes]), *figures], most=len(axes))


def _describe_axis(entry: AxisEffect) -> tuple[Words, Words, Words]:
    if entry.goal is None or entry.change is None:
        return _("nothing more"), "", ""
    change = parse_decimal(entry.change)
    enter = _n("{n} enters", "{n} enter", n=entry.n_enter)
    leave = _n("{n} leaves", "{n} leave", n=entry.n_leave)
    cents = entry.granted_cents
    more = ShortMoney(cents)
    return (
        Gain(entry.goal, change, change),
        write_both(Items((enter, leave)).in_),
        _("{sign}{more} granted", sign="+" if cents > 0 else "", more=more),
    )


MOST_PRICES = 20

_NO_WHY = _("reason not established")


def build_report(
    document: RunDocument,
    labels: Labels,
    *,
    verification: Verification | None = None,
    effects: StepEffects | None = None,
    further: Sequence[Node] = (),
) -> Report:
    """Return the report of a run, of a linear relaxation, or of why there is no allocation.

    Parameters
    ----------
    verification : what shows the allocation; None for the words of the run itself
    effects : what each axis would do with more money
    further : what follows the warnings
    """
    if document.status in ("infeasible", "stopped"):
        explained = any(isinstance(node, Section) for node in further)
        nodes = _build_remedy(document, explained=explained)
    elif document.relaxed:
        nodes = _build_relaxation(document, labels)
    else:
        nodes = _build_allocation(document, labels)
    sentence = describe_verdict(document, labels.second, verification)
    verdict = Callout(sentence, get_tone(document, verification))
    return Report(
        title=_("Linear relaxation") if document.relaxed else _("Allocation"),
        subject=labels.title or document.scenario,
        about=[document.scenario, *([_("as of {day}", day=labels.day)] if labels.day else [])],
        nodes=[verdict, *nodes, *build_step_effects(effects), *build_warnings(document.warnings), *further],
        synthetic=labels.synthetic,
        foot={"scenario_sha256": document.scenario_sha256},
    )


def get_tone(document: RunDocument, verification: Verification | None = None) -> Tone:
    """Return the tone of a verdict; `verification` as in `build_report`."""
    if document.status in ("infeasible", "stopped"):
        return Tone.BAD
    if verification is not None:
        is_good = verification.optimal.is_shown
    else:
        best = document.status == "optimal" and not document.relaxed
        is_good = read_own_proof(best, document.proof).means is not None
    if is_good:
        return Tone.GOOD
    return Tone.BOUND if document.relaxed and document.proof else Tone.DOUBT


def _build_allocation(document: RunDocument, labels: Labels) -> list[Node]:
    sections = (
        Section(_("Envelopes"), [build_envelope_table(document.envelopes)]),
        Section(_("Not spent, and why"), [build_unspent(document.envelopes)]),
        Section(_("Rules"), [build_rules(document.rules, labels)]),
        Section(_("Objective"), [build_goals(document.objective, labels)]),
        Section(_("Steps"), [_build_steps(document.steps or ())]),
        Section(_("Applications"), _build_reasons(labels.reasons)),
    )
    return [*map(Paragraph, describe_money(document)), *sections]


def _build_steps(entries: Sequence[StepEntry]) -> Table:
    """Return what each step granted beyond the earlier ones; of the last, perhaps, the reserve list."""
    return Table(
        [
            Column(_("Step"), [entry.id or _("decision") for entry in entries]),
            Column(_("Date"), [_write_day(entry.date) for entry in entries]),
            Column(_("Funded"), [entry.n_funded for entry in entries], Kind.COUNT),
            Column(_("Granted"), [entry.granted_cents for entry in entries], Kind.MONEY),
            Column("", [_describe_step(entry) for entry in entries]),
        ],
        most=len(entries),
    )


def _write_day(iso: str | None) -> Text:
    return NO_TEXT if iso is None else Day(iso)


def _describe_step(entry: StepEntry) -> Text:
    return _("reserve list, not granted") if entry.id == RESERVE else NO_TEXT


def build_unspent(entries: Sequence[RunEnvelope]) -> Table:
    """Return how much is left in each envelope and why; parts of a split are grouped by reason."""
    n_children = Counter(entry.parent for entry in entries)
    left: dict[tuple[str | None, ...], list[RunEnvelope]] = {}
    for entry in entries:
        if (entry.unspent_cents or 0) > 0:
            together = n_children[entry.parent] > MOST_CHILDREN
            key = (entry.parent, entry.unspent_code) if together else (entry.id,)
            left.setdefault(key, []).append(entry)
    groups = list(left.values())
    cents = [sum(entry.unspent_cents or 0 for entry in group) for group in groups]
    return Table(
        [
            Column("", [_describe_group(group) for group in groups]),
            Column("", cents, Kind.MONEY),
            Column("", [_describe_unspent(group[0]) for group in groups]),
        ],
        most=len(groups),
    )


def _describe_group(group: Sequence[RunEnvelope]) -> Words:
    return group[0].id if len(group) == 1 else describe_parts(f"{group[0].parent} · ", len(group))


def _describe_unspent(entry: RunEnvelope) -> Words:
    return entry.unspent_because or UNSPENT.get(entry.unspent_code or "", _NO_WHY)


def format_value(text: str | None, unit: str, lang: Lang) -> str:
    """Write a figure of a rule or an objective in its unit."""
    if unit == "money":
        return format_euros(text, lang)
    return format_percentage(text, lang) if unit == "rate" else format_decimal(text, lang)


def _write_value(text: str | None, unit: str) -> Text:
    return write_both(partial(format_value, text, unit))


def build_rules(rules: Sequence[RuleEntry], labels: Labels) -> Table:
    """Return one row per rule, broken ones in red, with its title, its groups and those that break it."""
    units = [labels.rule_units.get(rule.id, "number") for rule in rules]
    pairs = list(zip(rules, units, strict=True))
    return Table(
        [
            Column(_("Rule"), [rule.id for rule in rules]),
            Column(_("Kind"), [KIND.get(rule.kind, rule.kind) for rule in rules], optional=True),
            Column(_("Value"), [_write_value(rule.value, unit) for rule, unit in pairs], Kind.FIGURE),
            Column(_("Bound"), [_write_bounds(rule, unit) for rule, unit in pairs]),
            Column("", [_describe_state(rule) for rule in rules]),
            Column("", [_describe_rule(rule, labels) for rule in rules], below=True),
            Column("", [_describe_violations(rule, unit) for rule, unit in pairs], below=True),
        ],
        most=len(rules),
        tones=[None if rule.holds else Tone.BAD for rule in rules],
    )


def _write_bounds(rule: RuleEntry | GroupEntry, unit: str) -> Text:
    return write_both(partial(_format_bounds, rule, unit))


def _format_bounds(rule: RuleEntry | GroupEntry, unit: str, lang: Lang) -> str:
    low, high = rule.min, rule.max
    if low is not None and high is not None:
        return f"{format_value(low, unit, lang)} … {format_value(high, unit, lang)}"
    if low is not None:
        return f"≥ {format_value(low, unit, lang)}"
    return f"≤ {format_value(high, unit, lang)}" if high is not None else ""


def _describe_rule(rule: RuleEntry, labels: Labels) -> Words:
    title, groups = labels.rule_titles.get(rule.id, ""), _describe_groups(rule)
    if title and groups is not NO_TEXT:
        return write_both(lambda lang: f"{title} – {groups.in_(lang)}")
    return title or groups


def _describe_state(rule: RuleEntry) -> Text:
    if not rule.holds:
        state = _("BROKEN")
    elif rule.binds:
        state = _("at its bound")
    else:
        state = _("satisfied")
    return _("{state} (report only)", state=state) if rule.mode == "report" else state


def _describe_groups(rule: RuleEntry) -> Text:
    """Describe the groups: number, those at the bound, lowered minimums."""
    groups = rule.groups
    if not groups:
        return NO_TEXT
    if rule.kind == "cap":
        return _describe_projects(groups)
    n = len(groups)
    facts = _n("the tightest of {n} group", "the tightest of {n} groups", n=n)
    if at_bound := sum(group.binds for group in groups):
        facts = _("{facts}, {count} at the bound", facts=facts, count=Count(at_bound))
    if lowered := [str(group.group) for group in groups if group.lowered]:
        facts = _("{facts}, floor lowered to demand for {groups}", facts=facts, groups=Listed(lowered))
    return facts


def _describe_projects(groups: Sequence[GroupEntry]) -> Text:
    """Say how many projects are at a cap, or which is closest to it."""
    at = sum(group.binds for group in groups)
    if not at:
        return _("the nearest: {project}", project=str(groups[0].group))
    return _n("{n} project at the cap", "{n} projects at the cap", n=at)


def _describe_violations(rule: RuleEntry, unit: str) -> Text:
    """Name the groups that break a rule, with their values and bounds."""
    broken = [
        _("{group}: {value} ({bounds})", group=str(group.group), value=_write_value(group.value, unit),
          bounds=_write_bounds(group, unit))
        for group in rule.groups
        if not group.holds
    ]  # fmt: skip
    return _("Broken for {groups}", groups=Listed(broken)) if broken else NO_TEXT


def build_goals(goals: Sequence[StageEntry], labels: Labels) -> Table:
    """Return one row per stage: objective, value, and what is proved."""
    units = [*labels.goal_units, *["number"] * len(goals)]
    pairs = list(zip(goals, units, strict=False))
    return Table(
        [
            Column("", _describe_goals(goals)),
            Column(
                "",
                [_write_value(goal.value, unit) for goal, unit in pairs],
                Kind.FIGURE,
            ),
            Column("", [_describe_proof(goal, unit) for goal, unit in pairs]),
        ],
        most=len(goals),
    )


def _describe_goals(goals: Sequence[StageEntry]) -> list[Words]:
    return [
        _("{rank}. {sense} {goal}", rank=k, sense=SENSE[goal.sense], goal=write_goal(goal.goal))
        for k, goal in enumerate(goals, start=1)
    ]


def _describe_proof(goal: StageEntry, unit: str) -> Words:
    proof = PROOF[goal.proof] if goal.proof else "–"
    if goal.gap is None or parse_decimal(goal.gap) == 0:
        return proof
    bound, gap = _write_value(goal.bound, unit), Money(goal.gap_money_cents)
    if gap.cents:
        return _("{proof} (gap at most {gap}, bound {bound})", proof=proof, gap=gap, bound=bound)
    return _("{proof} (bound {bound})", proof=proof, bound=bound)


def describe_money(document: RunDocument) -> list[Text]:
    """Say what is granted and left, how many applications are funded, and whom they reach."""
    granted = Money(document.granted_cents)
    return [
        _("{granted} granted, with no amount set", granted=granted)
        if document.amount_cents is None
        else _(
            "{granted} granted of {amount}; {left} not spent",
            granted=granted,
            amount=Money(document.amount_cents),
            left=Money(document.unspent_cents),
        ),
        _n(
            "{filed}, {eligible}, {count} funded",
            "{filed}, {eligible}, {count} funded",
            n=document.n_funded or 0,
            filed=describe_filed(document.n_dossiers),
            eligible=describe_eligible(document.n_eligible),
            count=Count(document.n_funded),
        ),
        *_describe_inhabitants(document),
    ]


def _describe_inhabitants(document: RunDocument) -> list[Text]:
    """Say how many people live in the communes reached, if the scenario names a map."""
    n, n_unlocated = document.inhabitants, document.n_unlocated
    if n is None or n_unlocated is None:
        return []
    people = _n(
        "{n} inhabitant in the communes reached, each counted once",
        "{n} inhabitants in the communes reached, each counted once",
        n=n,
    )
    if not n_unlocated:
        return [people]
    unlocated = _n(
        "{people}; {n} funded application names no place that the map knows in full",
        "{people}; {n} funded applications name no place that the map knows in full",
        n=n_unlocated,
        people=people,
    )
    return [unlocated]


def _build_reasons(reasons: Mapping[bool, Mapping[str, int]]) -> list[Table]:
    """Return the number of dossiers by reason, funded ones first."""
    names, counts = list[Words](), list[int]()
    for funded, title in ((True, _("Funded")), (False, _("Not funded"))):
        own = reasons.get(funded, {})
        order = [*(code for code in REASON if code in own), *(code for code in own if code not in REASON)]
        if own:
            names += [title, *(_describe_reason(code, funded) for code in order)]
            counts += [sum(own.values()), *(own[code] for code in order)]
    return [Table([Column("", names), Column("", counts, Kind.COUNT)], most=len(names))] if names else []


def _describe_reason(code: str, funded: bool) -> Text:
    reason = _("refused by decision") if code == "decided" and not funded else REASON.get(code)
    return write_both(lambda lang: f"  {reason.in_(lang) if reason else code or '–'}")


def _build_remedy(document: RunDocument, *, explained: bool) -> list[Node]:
    """Say what to do without an allocation."""
    counts = _(
        "Envelope {amount}, {filed}, {eligible}.",
        amount=Money(document.amount_cents),
        filed=describe_filed(document.n_dossiers),
        eligible=describe_eligible(document.n_eligible),
    )
    return [Paragraph(counts), *([] if explained else [Paragraph(describe_remedy(document))])]


def describe_remedy(document: RunDocument) -> Text:
    """Say what to do without an allocation."""
    if document.status == "stopped":
        return _("Give it more time: --time-limit 600.")
    return _('To see which rules clash and what would be enough, type "tnt-sim conflict SCENARIO".')


def _build_relaxation(document: RunDocument, labels: Labels) -> list[Node]:
    """Return the bounds of each objective, and the dual prices."""
    goals = build_goals(document.objective, labels).columns[:2]
    return [
        Section(_("Objective: no decision does better than"), [Table(goals, most=len(document.objective))]),
        Section(_("Prices: what one more unit is worth"), _build_dual_prices(document.prices or ())),
    ]


def _build_dual_prices(prices: Sequence[ShadowPrice]) -> list[Node]:
    """Return the non-zero dual prices of a relaxation, the largest of each stage first."""
    priced = [row for row in prices if float(row.price) != 0]
    ranked = sorted(priced, key=lambda row: (row.stage, -abs(float(row.price))))
    table = Table(
        [
            Column(
                _("Goal"), [_("{rank}. {goal}", rank=row.stage, goal=label_goal(row.goal)) for row in ranked]
            ),
            Column(_("Envelope or rule"), [write_both(partial(_describe_row, row)) for row in ranked]),
            Column(_("Price"), [write_both(partial(_format_price, row)) for row in ranked], Kind.FIGURE),
        ],
        most=MOST_PRICES,
    )
    n = len(prices) - len(priced)
    null = _n("… {n} price of zero", "… {n} prices of zero", n=n)
    return [table, *([Paragraph(null, soft=True)] if n else [])]


def _format_price(row: ShadowPrice, lang: Lang) -> str:
    price = Fraction(row.price)
    if row.per in _EUROS:
        return format_price_per_euro(price, lang)
    return f"{format_significant(price, lang)} / {row.per}"


_EUROS = ("€", "granted", "cost", "base", "requested", "leverage")


def _describe_row(row: ShadowPrice, lang: Lang) -> str:
    kinds = {
        "envelope": _p("noun", "envelope"),
        "rule": _p("noun", "rule"),
        "link": _("free money of"),
    }
    kind = kinds[row.kind].in_(lang) if row.kind in kinds else row.kind
    group = f" · {row.group}" if row.group else ""
    return f"{kind} {row.id}{group}"
