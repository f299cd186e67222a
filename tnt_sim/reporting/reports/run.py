"""Report of a run in the terminal: verdict, envelopes with the cause of unspent money, rules, objectives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.text import Text as Line

from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _, _n, _p
from tnt_sim.i18n.numbers import (
    format_amounts,
    format_decimal,
    format_euros,
    format_integer,
    format_percentage,
)
from tnt_sim.i18n.parameters import Count, Listed, Money
from tnt_sim.reporting.renderers.terminal import (
    render_grid,
    render_nodes,
    render_wrapped_grid,
    wrap_paragraph,
)
from tnt_sim.reporting.report_tree import Callout, Section, Tone
from tnt_sim.reporting.reports.envelope_table import MOST_CHILDREN, build_envelope_table, describe_parts
from tnt_sim.reporting.reports.step_effects import render_step_effects
from tnt_sim.reporting.text.vocabulary import (
    KIND,
    REASON,
    SYNTHETIC,
    UNSPENT,
    Labels,
    describe_proof,
    describe_verdict,
)
from tnt_sim.rules.expressions.text import SENSE
from tnt_sim.verify.run_document import (
    GroupEntry,
    RuleEntry,
    RunDocument,
    RunEnvelope,
    ShadowPrice,
    StageEntry,
)
from tnt_sim.verify.verification import Verification, of_fresh

if TYPE_CHECKING:  # commands that do not solve write these pages too
    from tnt_sim.analysis.extend.step_effects import StepEffects

MOST_BROKEN = 8
_NO_WHY = _("reason not established")


def render_unspent(entries: Sequence[RunEnvelope], lang: Lang, width: int) -> list[Line]:
    """Write how much is left in each envelope and why; parts of a split are grouped by reason."""
    n_children = Counter(entry.parent for entry in entries)
    left: dict[tuple[str | None, ...], list[RunEnvelope]] = {}
    for entry in entries:
        if (entry.unspent_cents or 0) > 0:
            together = n_children[entry.parent] > MOST_CHILDREN
            key = (entry.parent, entry.unspent_code) if together else (entry.id,)
            left.setdefault(key, []).append(entry)
    groups = list(left.values())
    texts = format_amounts([sum(entry.unspent_cents or 0 for entry in group) for group in groups], lang)
    rows = [
        (_format_group_name(group, lang), text, _describe_unspent(group[0], lang))
        for group, text in zip(groups, texts, strict=True)
    ]
    return render_wrapped_grid(rows, width, right=(1,))


def _format_group_name(group: Sequence[RunEnvelope], lang: Lang) -> str:
    if len(group) == 1:
        return group[0].id
    return describe_parts(f"{group[0].parent} · ", len(group)).in_(lang)


def _describe_unspent(entry: RunEnvelope, lang: Lang) -> str:
    return entry.unspent_because or UNSPENT.get(entry.unspent_code or "", _NO_WHY).in_(lang)


def format_value(text: str | None, unit: str, lang: Lang) -> str:
    """Write a figure of a rule or an objective in its unit."""
    if unit == "money":
        return format_euros(text, lang)
    return format_percentage(text, lang) if unit == "rate" else format_decimal(text, lang)


def render_rules(rules: Sequence[RuleEntry], labels: Labels, lang: Lang, width: int) -> list[Line]:
    """Write one line per rule, broken ones in red, followed by its title, groups and violations."""
    cells, styles = [], []
    for rule in rules:
        cells.append(_build_rule_row(rule, labels, lang))
        styles.append("red" if not rule.holds else "")
    head = [_("Rule"), _("Kind"), _("Value"), _("Bound"), NO_TEXT]
    lines = render_grid(cells, header=[text.in_(lang) for text in head], right=(2,), styles=styles)
    result = lines[:1]
    for rule, line in zip(rules, lines[1:], strict=True):
        result.append(line)
        about = [labels.rule_titles.get(rule.id, ""), _describe_groups(rule).in_(lang)]
        if any(about):
            result += wrap_paragraph(
                " – ".join(part for part in about if part), width, first="    ", style="dim"
            )
        result += _render_violations(rule, labels, lang)
    return result


def _build_rule_row(rule: RuleEntry, labels: Labels, lang: Lang) -> list[str]:
    unit = labels.rule_units.get(rule.id, "number")
    kind = KIND[rule.kind].in_(lang) if rule.kind in KIND else rule.kind
    return [
        rule.id,
        kind,
        format_value(rule.value, unit, lang),
        _format_bounds(rule, unit, lang),
        _describe_state(rule).in_(lang),
    ]


def _format_bounds(rule: RuleEntry | GroupEntry, unit: str, lang: Lang) -> str:
    low, high = rule.min, rule.max
    if low is not None and high is not None:
        return f"{format_value(low, unit, lang)} … {format_value(high, unit, lang)}"
    if low is not None:
        return f"≥ {format_value(low, unit, lang)}"
    return f"≤ {format_value(high, unit, lang)}" if high is not None else ""


def _describe_state(rule: RuleEntry) -> Text:
    if not rule.holds:
        state = _("BROKEN")
    elif rule.binds:
        state = _("at its bound")
    else:
        state = _("holds")
    return _("{state} (report only)", state=state) if rule.mode == "report" else state


def _describe_groups(rule: RuleEntry) -> Text:
    """Describe the groups: number, those at the bound, lowered minimums."""
    groups = rule.groups
    if not groups:
        return NO_TEXT
    if rule.kind == "cap":
        return _describe_projects(groups)
    n = len(groups)
    facts = _n("the tightest of {count} group", "the tightest of {count} groups", n=n, count=Count(n))
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
    return _n("{count} project at the cap", "{count} projects at the cap", n=at, count=Count(at))


def _render_violations(rule: RuleEntry, labels: Labels, lang: Lang) -> list[Line]:
    unit = labels.rule_units.get(rule.id, "number")
    broken = [group for group in rule.groups if not group.holds]
    rows = [
        (f"  {group.group}", format_value(group.value, unit, lang), _format_bounds(group, unit, lang))
        for group in broken[:MOST_BROKEN]
    ]
    lines = render_grid(rows, right=(1,), styles=["red"] * len(rows), indent=4)
    if len(broken) > MOST_BROKEN:
        lines.append(Line(f"      … +{len(broken) - MOST_BROKEN}", style="red"))
    return lines


def render_goals(goals: Sequence[StageEntry], labels: Labels, lang: Lang) -> list[Line]:
    """Write one line per stage: objective, value, and what is proved."""
    units = [*labels.goal_units, *["number"] * len(goals)]
    rows = []
    for k, (goal, unit) in enumerate(zip(goals, units, strict=False), start=1):
        aim = f"{k}. {SENSE[goal.sense].in_(lang)} {goal.goal}"
        value = format_value(goal.value, unit, lang)
        proof = describe_proof(goal.proof, lang)
        if goal.gap is not None and parse_decimal(goal.gap) != Fraction(0):
            bound = format_value(goal.bound, unit, lang)
            gap = Money(goal.gap_money_cents)
            proof = (
                _("{proof} (gap at most {gap}, bound {bound})", proof=proof, gap=gap, bound=bound)
                if gap.cents
                else _("{proof} (bound {bound})", proof=proof, bound=bound)
            ).in_(lang)
        rows.append((aim, value, proof))
    return render_grid(rows, right=(1,))


_GOOD, _FAIR, _BAD = "bold green", "bold yellow", "bold red"
MOST_PRICES = 20


def render_run(
    document: RunDocument,
    labels: Labels,
    *,
    lang: Lang,
    width: int,
    run_dir: str | None = None,
    effects: StepEffects | None = None,
) -> list[Line]:
    """Write the whole page of a run."""
    lines = render_heading(document, labels, lang, width)
    if document.status in ("infeasible", "stopped"):
        lines += _render_remedy(document, lang, width)
    else:
        lines += [Line(""), *(Line(text.in_(lang)) for text in describe_money(document))]
        rules = render_rules(document.rules, labels, lang, width) if document.rules else []
        for title, part in (
            (_("Envelopes"), render_nodes([build_envelope_table(document.envelopes)], lang, width)),
            (_("Not spent, and why"), render_unspent(document.envelopes, lang, width)),
            (_("Rules"), rules),
            (_("Objective"), render_goals(document.objective, labels, lang)),
            (_("Dossiers"), render_reasons(labels.reasons, lang)),
        ):
            lines += _render_section(title.in_(lang), part)
    lines += render_step_effects(effects, lang, width)
    lines += render_warnings(document.warnings, lang, width)
    if run_dir is not None:
        lines += [Line(""), *_render_run_folder(run_dir, lang)]
    return lines


def render_heading(document: RunDocument, labels: Labels, lang: Lang, width: int) -> list[Line]:
    """Write the title, the mark "synthetic", and the verdict."""
    lines = wrap_paragraph(labels.title or document.scenario, width, style="bold")
    day = _("as of {day}", day=labels.day).in_(lang) if labels.day else ""
    about = " · ".join(part for part in (document.scenario, day) if part)
    lines.append(Line(about, style="dim"))
    if labels.synthetic:
        lines += wrap_paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    mark, style = get_mark(document)
    lines += [
        Line(""),
        *wrap_paragraph(
            describe_verdict(document, labels.second).in_(lang), width, first=f"{mark} ", style=style
        ),
    ]
    return lines


def get_mark(document: RunDocument, verification: Verification | None = None) -> tuple[str, str]:
    """Return the mark of a verdict and its style; `verification` is the verification of a stored run."""
    if document.status in ("infeasible", "stopped"):
        return "✘", _BAD
    if (verification or of_fresh(document)).optimal.is_shown:
        return "✔", _GOOD
    return ("≈" if document.relaxed and document.proof else "!"), _FAIR


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


def describe_filed(n: int) -> Text:
    """Write « 24 dossiers déposés »."""
    return _n("{count} dossier filed", "{count} dossiers filed", n=n, count=Count(n))


def describe_eligible(n: int) -> Text:
    """Write « 22 éligibles »."""
    return _n("{count} eligible", "{count} eligible", n=n, count=Count(n))


def _describe_inhabitants(document: RunDocument) -> list[Text]:
    """Say how many people live in the communes reached, if the scenario names a map."""
    n, n_unlocated = document.inhabitants, document.n_unlocated
    if n is None or n_unlocated is None:
        return []
    people = _n(
        "{count} inhabitant in the communes reached, each counted once",
        "{count} inhabitants in the communes reached, each counted once",
        n=n,
        count=Count(n),
    )
    if not n_unlocated:
        return [people]
    unlocated = _n(
        "{people}; {count} funded dossier names no place that the map knows in full",
        "{people}; {count} funded dossiers name no place that the map knows in full",
        n=n_unlocated,
        people=people,
        count=Count(n_unlocated),
    )
    return [unlocated]


def render_reasons(reasons: Mapping[bool, Mapping[str, int]], lang: Lang) -> list[Line]:
    """Write the number of applications by reason, funded ones first."""
    lines: list[Line] = []
    for funded, title in ((True, _p("column", "Funded")), (False, _("Not funded"))):
        own = reasons.get(funded, {})
        order = [*(code for code in REASON if code in own), *(code for code in own if code not in REASON)]
        rows = [
            (f"  {_describe_reason(code, funded, lang)}", format_integer(own[code], lang)) for code in order
        ]
        if rows:
            lines += render_grid(
                [(title.in_(lang), format_integer(sum(own.values()), lang)), *rows], right=(1,)
            )
    return lines


def _describe_reason(code: str, funded: bool, lang: Lang) -> str:
    if code == "decided" and not funded:
        return _("refused by decision").in_(lang)
    return REASON[code].in_(lang) if code in REASON else code or "–"


def _render_remedy(document: RunDocument, lang: Lang, width: int) -> list[Line]:
    """Say what to do without an allocation."""
    counts = _(
        "Envelope {amount}, {filed}, {eligible}.",
        amount=Money(document.amount_cents),
        filed=describe_filed(document.n_dossiers),
        eligible=describe_eligible(document.n_eligible),
    )
    return [
        Line(""),
        *wrap_paragraph(counts.in_(lang), width),
        *wrap_paragraph(describe_remedy(document).in_(lang), width),
    ]


def describe_remedy(document: RunDocument) -> Text:
    """Say what to do without an allocation."""
    if document.status == "stopped":
        return _("Give it more time: --time-limit 600.")
    return _(
        'Read the rules again with "tnt-sim show SCENARIO --model"; switch one off to see '
        "whether it is the cause: --set rules.ID.off=true."
    )


def build_warnings(warnings: Sequence[str]) -> list[Section]:
    """Return the section of the warnings, if there are any."""
    callouts = [Callout(text, Tone.WARNING) for text in warnings]
    return [Section(_("Warnings"), callouts)] if callouts else []


def render_warnings(warnings: Sequence[str], lang: Lang, width: int) -> list[Line]:
    """Write the warnings, one paragraph each."""
    nodes = build_warnings(warnings)
    return [Line(""), *render_nodes(nodes, lang, width)] if nodes else []


def render_relaxation(document: RunDocument, labels: Labels, *, lang: Lang, width: int) -> list[Line]:
    """Write the page of a linear relaxation: bounds of each objective, and dual prices."""
    lines = render_heading(document, labels, lang, width)
    if document.status == "infeasible":
        lines += _render_remedy(document, lang, width)
    goals = [
        (f"{k}. {SENSE[goal.sense].in_(lang)} {goal.goal}", format_value(goal.value, unit, lang))
        for k, (goal, unit) in enumerate(zip(document.objective, labels.goal_units, strict=False), start=1)
    ]
    bound = _("Objective: no decision does better than").in_(lang)
    lines += _render_section(bound, render_grid(goals, right=(1,)))
    prices = _("Prices: what one more unit is worth").in_(lang)
    lines += _render_section(prices, render_dual_prices(document.prices or (), lang))
    return lines + render_warnings(document.warnings, lang, width)


def render_dual_prices(rows: Sequence[ShadowPrice], lang: Lang) -> list[Line]:
    """Write the non-zero dual prices of a relaxation, the largest of each stage first."""
    priced = [row for row in rows if float(row.price) != 0]
    ranked = sorted(priced, key=lambda row: (row.stage, -abs(float(row.price))))
    cells = []
    for row in ranked[:MOST_PRICES]:
        price = f"{float(row.price):.6g}".replace(".", "," if lang is Lang.FR else ".")
        cells.append(
            (f"{row.stage}. {row.goal}", _describe_row(row, lang), price, f"/ {_PER.get(row.per, row.per)}")
        )
    head = [_("Goal"), _("Envelope or rule"), _("Price"), NO_TEXT]
    lines = render_grid(cells, header=[text.in_(lang) for text in head], right=(2,))
    notes = []
    if (n := len(ranked) - MOST_PRICES) > 0:
        notes.append(_n("… {count} more price: --json", "… {count} more prices: --json", n=n, count=Count(n)))
    if n := len(rows) - len(priced):
        notes.append(_n("… {count} price of zero", "… {count} prices of zero", n=n, count=Count(n)))
    return lines + [Line(f"  {note.in_(lang)}", style="dim") for note in notes]


_PER = {"granted": "€", "cost": "€", "base": "€", "requested": "€", "leverage": "€"}


def _describe_row(row: ShadowPrice, lang: Lang) -> str:
    kinds = {
        "envelope": _p("noun", "envelope"),
        "rule": _p("noun", "rule"),
        "link": _("free money of"),
    }
    kind = kinds[row.kind].in_(lang) if row.kind in kinds else row.kind
    group = f" · {row.group}" if row.group else ""
    return f"{kind} {row.id}{group}"


def _render_run_folder(run_dir: str, lang: Lang) -> list[Line]:
    return [Line(_("Run folder: {path}", path=run_dir).in_(lang))]


def _render_section(title: str, lines: Sequence[Line]) -> list[Line]:
    return [Line(""), Line(title, style="bold"), *lines] if lines else []
