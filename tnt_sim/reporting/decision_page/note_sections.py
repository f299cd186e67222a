"""Sections of the decision note below its first screen: each a finding, the question it answers, and its picture.

Pictures are drawn twice, for a screen and for a phone, with the same figures; paper has the wide one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import polars as pl
from markupsafe import Markup

from tnt_sim.analysis.equity.applicant_classes import SIZES
from tnt_sim.analysis.explain.document import ExplainDocument
from tnt_sim.domain.money import divide_cents
from tnt_sim.engine.result import Status
from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.i18n.message import Bilingual, Capitalised, Lang, Text, _, _n
from tnt_sim.i18n.numbers import (
    MINUS,
    format_amount,
    format_integer,
    format_rate,
    format_rounded,
    format_short_amount,
)
from tnt_sim.i18n.parameters import Count, Money, Rate, Rounded
from tnt_sim.reporting.charts.margin_scatter import Scatter, ScatterPoint, ScatterWords
from tnt_sim.reporting.charts.money_bars import MoneyBar, draw_money
from tnt_sim.reporting.charts.rate_bars import RateBar, draw_rates
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.decision_page import page_rows
from tnt_sim.reporting.decision_page.note_sentences import describe_effect, write_short
from tnt_sim.reporting.decision_page.outcomes import MoneyRow, Outcome, Outcomes, select_rows
from tnt_sim.reporting.decision_page.page_text import NOTE
from tnt_sim.reporting.decision_page.subtotals import Tally
from tnt_sim.reporting.report_tree import Chart, write_words
from tnt_sim.reporting.reports.explanation import describe_cause_of_refusal, describe_obstacle
from tnt_sim.reporting.text import vocabulary
from tnt_sim.reporting.workbook.summary_sheet import list_rule_titles, list_rule_units
from tnt_sim.rules.expressions.column_text import describe_column
from tnt_sim.verify.run_document import RuleEntry

WIDE, HALF, NARROW = 720, 540, 360
MOST_POINTS = 60
"""Most applications drawn on each side of the margin."""
REQUEST_CENTS = (500_000, 2_000_000, 5_000_000, 10_000_000, 50_000_000)
"""Lower bounds of the classes of requests, except the first."""
MOST_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: its finding is the title, its question the subtitle; `rows` are its figures as a table."""

    finding: str
    question: str
    drawings: Sequence[tuple[str, Markup]]
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    note: str = ""


def draw_chart(chart: Chart, lang: Lang, *, paper: bool) -> Picture:
    """Return a chart of a report as a picture of the page."""
    finding, question = write_words(chart.finding, lang), write_words(chart.question, lang)
    return Picture(finding, question, _draw_both(lambda width, _prefix: chart.draw(lang, width), paper=paper))


def _draw_both(draw: Callable[[int, str], str], *, paper: bool) -> list[tuple[str, Markup]]:
    """Draw for a screen and for a phone; `draw` gets a width and a prefix of names."""
    wide = ("wide", Markup(draw(WIDE, "a")))
    return [wide] if paper else [wide, ("narrow", Markup(draw(NARROW, "b")))]


def build_money_picture(
    run: StoredRun, outcomes: Outcomes, finding: Text, lang: Lang, *, paper: bool
) -> Picture:
    """Return the picture of the first screen: envelope, axes, lines, and what becomes of the money."""
    rows, total = select_rows(run, outcomes, lang), outcomes.rows[0]
    bars = {
        width: [
            MoneyBar(row.title, row.depth, _list_cents(row), _describe_bar(row, width, lang)) for row in rows
        ]
        for width in (WIDE, NARROW)
    }
    words = [NOTE[key].in_(lang) for key in ("committed", "new", "left", "not_selected_sum", "excluded_sum")]
    legend = [
        (word, format_short_amount(cents, lang) if cents else "")
        for word, cents in zip(words, _list_cents(total), strict=True)
    ]
    label = NOTE["money_alt"].in_(lang).format(rows="; ".join(_describe_row(row, lang) for row in rows))
    heads = [
        NOTE["envelope"],
        NOTE["committed"],
        NOTE["new"],
        NOTE["left"],
        NOTE["not_selected_sum"],
        NOTE["excluded_sum"],
    ]
    unknown = int((~outcomes.known).sum())
    note = _n(
        "{n} application that gets nothing states no amount.",
        "{n} applications that get nothing state no amount.",
        n=unknown,
    )
    return Picture(
        finding.in_(lang),
        NOTE["money_question"].in_(lang),
        _draw_both(lambda width, prefix: draw_money(bars[width], legend, width, label, prefix), paper=paper),
        [head.in_(lang) for head in heads],
        [[row.title, *(format_amount(cents, lang) for cents in _list_cents(row))] for row in rows],
        note.in_(lang) if unknown else "",
    )


def _list_cents(row: MoneyRow) -> tuple[int, ...]:
    committed, funded, not_selected, excluded = row.cents
    return committed, funded, row.left_cents, not_selected, excluded


def _describe_bar(row: MoneyRow, width: int, lang: Lang) -> str:
    granted = format_short_amount(row.granted_cents, lang)
    if width < WIDE:
        return granted
    return f"{granted} · {_n('{n} funded', '{n} funded', n=row.n_funded).in_(lang)}"


def _describe_row(row: MoneyRow, lang: Lang) -> str:
    return _(
        "{title}, {granted} granted, {left} left, {wanted} asked by eligible applications that are not selected",
        title=row.title,
        granted=write_short(row.granted_cents),
        left=write_short(row.left_cents),
        wanted=write_short(row.cents[Outcome.NOT_SELECTED]),
    ).in_(lang)


def describe_money(row: MoneyRow) -> Text:
    """Say where the money goes, as the title of its picture."""
    wanted, n_not_selected = row.cents[Outcome.NOT_SELECTED], row.counts[Outcome.NOT_SELECTED]
    if not n_not_selected:
        return _(
            "{granted} granted, and no eligible application is left out",
            granted=write_short(row.granted_cents),
        )
    if not wanted:
        return _n(
            "{granted} granted; {n} eligible application is not selected",
            "{granted} granted; {n} eligible applications are not selected",
            n=n_not_selected,
            granted=write_short(row.granted_cents),
        )
    return _(
        "{granted} granted; the eligible applications that are not selected ask for a further {wanted}",
        granted=write_short(row.granted_cents),
        wanted=write_short(wanted),
    )


def describe_territories(departments: Sequence[Tally]) -> Text | None:
    """Say how far grants per head differ; None where no population is known."""
    known = [one for one in departments if one.code and one.population]
    if not known:
        return None
    mean = divide_cents(sum(one.granted_cents for one in known), sum(one.population for one in known))
    best = max(known, key=lambda one: Fraction(one.granted_cents, one.population))
    none = sum(one.granted_cents == 0 for one in known)
    highest = Money(divide_cents(best.granted_cents, best.population))
    if none:
        return _n(
            "{highest} per head in {best}, {mean} on average, and nothing in {n} department",
            "{highest} per head in {best}, {mean} on average, and nothing in {n} departments",
            n=none,
            highest=highest,
            best=best.name,
            mean=Money(mean),
        )
    least = min(known, key=lambda one: Fraction(one.granted_cents, one.population))
    return _(
        "From {lowest} per head in {least} to {highest} in {best}; {mean} on average",
        lowest=Money(divide_cents(least.granted_cents, least.population)),
        least=least.name,
        highest=highest,
        best=best.name,
        mean=Money(mean),
    )


def build_regions(regions: Sequence[Tally], lang: Lang, *, paper: bool) -> Picture | None:
    """Return the grant per inhabitant of each region, on one scale from 0."""
    known = [one for one in regions if one.code and one.population and one.filed]
    if len(known) < 2:
        return None
    ordered = sorted(known, key=lambda one: (-Fraction(one.granted_cents, one.population), one.name))
    heads = [Fraction(one.granted_cents, one.population) for one in ordered]
    largest = max(heads[0], Fraction(1))
    texts = [page_rows.format_per_head(one, lang) for one in ordered]
    bars = [
        RateBar(one.name, float(head / largest), text)
        for one, head, text in zip(ordered, heads, texts, strict=True)
    ]
    question = NOTE["per_head_regions"].in_(lang)
    label = f"{question} " + "; ".join(f"{bar.name}: {bar.figure}" for bar in bars)
    finding = _(
        "{best} gets {highest} per head, {least} {lowest}",
        best=ordered[0].name,
        highest=texts[0],
        least=ordered[-1].name,
        lowest=texts[-1],
    )
    return Picture(
        finding.in_(lang),
        question,
        _draw_both(lambda width, _prefix: draw_rates(bars, min(width, HALF), label), paper=paper),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    filed: int
    funded: int
    granted_cents: int
    known: bool = True

    @property
    def rate(self) -> Fraction:
        return Fraction(self.funded, self.filed)


def build_gains(
    run: StoredRun, tallies: Mapping[str, Sequence[Tally]], outcomes: Outcomes, lang: Lang, *, paper: bool
) -> Picture | None:
    """Return who gains: the share of applications funded by size of the applicant, otherwise of the request."""
    if "size" in tallies:
        groups = [
            _Group(one.name, one.filed, one.funded, one.granted_cents, one.k <= len(SIZES))
            for one in tallies["size"]
        ]
        by_size = True
    else:
        groups, by_size = _group_requests(run, outcomes, lang), False
    groups = [one for one in groups if one.filed]
    if sum(one.known for one in groups) < 2:
        return None
    question = NOTE["gains_by_size" if by_size else "gains_by_request"].in_(lang)
    bars = [
        RateBar(
            one.name,
            float(one.rate),
            f"{format_rate(one.rate, lang, decimals=0)} · {format_short_amount(one.granted_cents, lang)}",
        )
        for one in groups
    ]
    label = f"{question} " + "; ".join(f"{bar.name}: {bar.figure}" for bar in bars)
    heads = [NOTE["group"], NOTE["filed"], NOTE["funded"], NOTE["share"], NOTE["granted"]]
    return Picture(
        _describe_gains(groups, by_size=by_size).in_(lang),
        question,
        _draw_both(lambda width, _prefix: draw_rates(bars, min(width, HALF), label), paper=paper),
        [head.in_(lang) for head in heads],
        [
            [
                one.name,
                format_integer(one.filed, lang),
                format_integer(one.funded, lang),
                format_rate(one.rate, lang, decimals=1),
                format_amount(one.granted_cents, lang),
            ]
            for one in groups
        ],
    )


def _describe_gains(groups: Sequence[_Group], *, by_size: bool) -> Text:
    """Say which known group has the largest share of its applications funded, and which the smallest."""
    named = [one for one in groups if one.known]
    most, least = max(named, key=lambda one: one.rate), min(named, key=lambda one: one.rate)
    rates = {"high": Rate(most.rate, 0), "low": Rate(least.rate, 0)}
    if most.rate == least.rate:
        return _("{high} of the applications are funded in every group", high=rates["high"])
    if by_size:
        return _(
            "Applicants with {most} inhabitants see {high} of their applications funded; those with {least}, "
            "{low}",
            most=most.name,
            least=least.name,
            **rates,
        )
    return _(
        "{high} of the requests of {most} are funded, {low} of those of {least}",
        most=most.name,
        least=least.name,
        **rates,
    )


def _group_requests(run: StoredRun, outcomes: Outcomes, lang: Lang) -> list[_Group]:
    """Group applications by what they ask; those whose amount is not known are left out."""
    requested = run.table["requested_cents"].fill_null(pl.Series(outcomes.cents)).to_numpy()
    known = outcomes.known & (requested > 0)
    group = np.searchsorted(np.array(REQUEST_CENTS), requested, side="right")
    funded, granted = run.table["funded"].to_numpy(), run.table["granted_cents"].to_numpy()
    names = _list_request_classes(lang)
    return [
        _Group(
            name,
            int((chosen := known & (group == k)).sum()),
            int((chosen & funded).sum()),
            int(granted[chosen].sum()),
        )
        for k, name in enumerate(names)
    ]


def _list_request_classes(lang: Lang) -> list[str]:
    bounds = [format_short_amount(cents, lang) for cents in REQUEST_CENTS]
    between = [_("{low} to under {high}", low=low, high=high).in_(lang) for low, high in pairwise(bounds)]
    return [
        _("under {displayed}", displayed=bounds[0]).in_(lang),
        *between,
        _("{displayed} and more", displayed=bounds[-1]).in_(lang),
    ]


def find_rank_column(run: StoredRun, explanation: ExplainDocument | None) -> str | None:
    """Return the column of the table that ranks applications; None if no single one does."""
    name = None
    if explanation is not None and explanation.inversions is not None:
        name = explanation.inversions.rank
    elif run.data.objective:
        name = run.data.objective[0].goal
    return name if name in run.table.columns else None


def build_margin(
    run: StoredRun, outcomes: Outcomes, explanation: ExplainDocument | None, lang: Lang, *, paper: bool
) -> Picture | None:
    """Return the applications on both sides of the margin, in the envelope where those not selected ask most."""
    column = find_rank_column(run, explanation)
    if column is None:
        return None
    frame = pl.DataFrame(
        {
            "dossier": run.table["dossier"],
            "title": run.table["title"],
            "node": run.table[NODE],
            "outcome": outcomes.outcome,
            "cents": outcomes.cents,
            "value": run.table[column].cast(pl.Float64, strict=False),
            "merit": run.table["reason_code"].fill_null("") == "merit",
        }
    ).filter((pl.col("cents") > 0) & (pl.col("value") > 0))
    left_out = frame.filter(pl.col("outcome") == int(Outcome.NOT_SELECTED))
    compared = left_out.filter(pl.col("node").is_in(frame.filter("merit")["node"].unique().to_list()))
    if compared.is_empty():
        return None
    demand = (
        compared.group_by("node").agg(pl.col("cents").sum()).sort("cents", "node", descending=[True, False])
    )
    node = demand["node"][0]
    rated = frame.filter(pl.col("node") == node).with_columns(
        (pl.col("value") / pl.col("cents")).alias("rate")
    )
    funded = rated.filter((pl.col("outcome") == int(Outcome.FUNDED)) & pl.col("merit")).sort(
        "rate", "dossier"
    )
    below = rated.filter(pl.col("outcome") == int(Outcome.NOT_SELECTED)).sort(
        "rate", "dossier", descending=[True, False]
    )
    chosen = pl.concat([funded.head(MOST_POINTS), below.head(MOST_POINTS)])
    slope = float(funded["rate"][0])
    points = [
        ScatterPoint(
            number,
            cents,
            value,
            Mark.GRANTED if outcome == int(Outcome.FUNDED) else Mark.WAITING,
            f"{number} {title or ''} · {format_short_amount(cents, lang)} · {format_rounded(value, lang, 1)}",
        )
        for number, title, outcome, cents, value in chosen.select(
            "dossier", "title", "outcome", "cents", "value"
        ).iter_rows()
    ]
    name = _find_measure_words(run, column)
    words = ScatterWords(
        NOTE["axis_amount"],
        Capitalised(name),
        {Mark.GRANTED: NOTE["funded_mark"], Mark.WAITING: NOTE["not_selected"]},
        margin=NOTE["margin_mark"],
    )
    scatter = Scatter(points, words, slope)
    label = NOTE["margin_alt"].in_(lang)
    title = run.get_title(node)
    cause = _describe_cause(explanation, below["dossier"][0])
    rates = slope, float(below["rate"][0])
    finding = _describe_margin(rates, title, name, cause, proven=run.publishable)
    return Picture(
        finding.in_(lang),
        NOTE["margin_question"].in_(lang),
        _draw_both(lambda width, _prefix: scatter.draw(label, lang, min(width, HALF)), paper=paper),
        [NOTE[key].in_(lang) for key in ("dossier", "amount", "value")]
        + [NOTE["per_unit"].in_(lang).format(unit=format_amount(100_000, lang)), NOTE["outcome"].in_(lang)],
        [
            [
                f"{number} {text or ''}".strip(),
                format_amount(cents, lang),
                format_rounded(value, lang, 2),
                format_rounded(value / cents * 100_000, lang, 3),
                NOTE["funded_mark" if outcome == int(Outcome.FUNDED) else "not_selected"].in_(lang),
            ]
            for number, text, outcome, cents, value in pl.concat([funded.head(10), below.head(10)])
            .select("dossier", "title", "outcome", "cents", "value")
            .iter_rows()
        ],
    )


def _find_measure_words(run: StoredRun, column: str) -> Text:
    """Return the words of the column that ranks."""
    titles = [one.title for one in run.spec.measures.values() if one.column == column and one.title]
    return Bilingual(titles[0], titles[0]) if len(titles) == 1 else describe_column(column)


_MOST_DECIMALS = 5


def _round(rate: float, decimals: int) -> float:
    return round(rate * 100_000, decimals)


def _describe_cause(explanation: ExplainDocument | None, dossier: str) -> Text:
    """Say what keeps out an application, as far as the explanation knows."""
    entry = (
        next((one for one in explanation.dossiers if one.dossier == dossier), None) if explanation else None
    )
    return _("a rule or its size") if entry is None else describe_cause_of_refusal(entry)


def has_limits(explanation: ExplainDocument | None) -> bool:
    """Return whether an explanation bounds the change that would fund an application, instead of computing it."""
    return explanation is not None and any(
        change.status == "interval" for entry in explanation.dossiers for change in entry.changes
    )


def _describe_margin(
    rates_per_cent: tuple[float, float], title: str, value: Text, cause: Text, *, proven: bool
) -> Text:
    """Say what the last funded application and the first one not selected bring per thousand euros."""
    last, first = rates_per_cent
    decimals = 2
    while decimals < _MOST_DECIMALS and last != first and _round(last, decimals) == _round(first, decimals):
        decimals += 1
    rates: dict[str, str | Rounded | Text] = {
        "title": title,
        "unit": Money(100_000),
        "last": Rounded(last * 100_000, decimals),
        "first": Rounded(first * 100_000, decimals),
        "cause": cause,
        "value": value,
    }
    if first > last and proven:
        return _(
            '"{title}": per {unit}, the last application funded brings {last} ({value}); one not selected brings '
            "{first}, but {cause} keeps it out",
            **rates,
        )
    return _(
        '"{title}": per {unit}, the last application funded brings {last} ({value}); the best not selected, '
        "{first}",
        **rates,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCard:
    """A rule in words: its title, how far it is used, and what the list would be without it."""

    title: str
    state: str
    effect: str
    holds: bool
    binding: bool = True


def build_rule_cards(run: StoredRun, explanation: ExplainDocument | None, lang: Lang) -> list[RuleCard]:
    """Return the rules in words, those that change the list most first."""
    titles, units = list_rule_titles(run), list_rule_units(run)
    effects = {rule.id: rule for rule in explanation.rules} if explanation is not None else {}

    def count_moves(rule: RuleEntry) -> int:
        effect = effects.get(rule.id)
        return len((*(effect.enters or ()), *(effect.leaves or ()))) if effect is not None else -1

    ordered = sorted(
        run.data.rules,
        key=lambda rule: (rule.holds or rule.mode == "report", rule.mode == "report", -count_moves(rule)),
    )
    return [
        RuleCard(
            title=_find_rule_title(rule, titles, lang),
            state=_describe_rule_state(rule, units.get(rule.id, ""), lang),
            effect=describe_effect(effects[rule.id]).in_(lang) if rule.id in effects else "",
            holds=rule.holds or rule.mode != "hard",
            binding=rule.mode == "hard",
        )
        for rule in ordered
    ]


def _find_rule_title(rule: RuleEntry, titles: Mapping[str, str], lang: Lang) -> str:
    title = titles.get(rule.id, "")
    if title:
        return title
    label = vocabulary.KIND.get(rule.kind)
    return Capitalised(label).in_(lang) if label is not None else rule.id


def _describe_rule_state(rule: RuleEntry, unit: str, lang: Lang) -> str:
    """Say how far a rule is used, where its figure is closest to its bound."""
    value, low, high = (page_rows.format_value(text, unit, lang) for text in (rule.value, rule.min, rule.max))
    if rule.mode == "report":
        return _("For information: {value}.", value=value).in_(lang)
    if not rule.holds and rule.mode == "hard":
        return _("BROKEN: {value}.", value=value).in_(lang)
    if not rule.holds:
        return _("Not met, at its price: {value}.", value=value).in_(lang)
    if rule.value is None:
        return _("Respected.").in_(lang)
    where = (
        _(" in the group closest to its limit, of {n}", n=Count(len(rule.groups))).in_(lang)
        if len(rule.groups) > 1
        else ""
    )
    if rule.min is not None and rule.max is not None:
        text = _(
            "{value}{where}; from {low} to {high} allowed.", value=value, where=where, low=low, high=high
        )
    elif rule.min is not None:
        text = _("{value}{where}; at least {low} required.", value=value, where=where, low=low)
    else:
        text = _("{value}{where}; at most {high} allowed.", value=value, where=where, high=high)
    return text.in_(lang)


def describe_rules(cards: Sequence[RuleCard], explanation: ExplainDocument | None) -> Text:
    """Say whether the rules are respected, and how many change the list."""
    broken = sum(not card.holds for card in cards)
    if broken:
        return _n("{n} rule is broken", "{n} rules are broken", n=broken)
    if not all(card.binding for card in cards):
        held = _n(
            "{n} rule, and every one that binds is respected",
            "{n} rules, and every one that binds is respected",
            n=len(cards),
        )
    else:
        held = _n("{n} rule, respected", "{n} rules, all respected", n=len(cards))
    if explanation is None or not explanation.rules:
        return held
    n = sum(bool(rule.enters or rule.leaves) for rule in explanation.rules)
    if not n and any(rule.enters is None for rule in explanation.rules):
        return held
    if not n:
        return _("{held}; without any one of them, the list is the same", held=held)
    return _n(
        "{held}; {n} of them changes the list",
        "{held}; {n} of them change the list",
        n=n,
        held=held,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateCard:
    """An application next in line: rank, number, name, what it asks, and what it lacks."""

    rank: str
    number: str
    name: str
    request: str
    obstacle: str


def build_candidate_cards(
    run: StoredRun, explanation: ExplainDocument | None, lang: Lang
) -> list[CandidateCard]:
    """Return the first applications in line, by rank; those that a rule keeps out follow."""
    if explanation is None:
        return []
    titles = list_rule_titles(run)
    first = explanation.reserve[:MOST_CANDIDATES]
    names = _find_dossier_names(run, [entry.dossier for entry in first])
    proven = explanation.status == Status.OPTIMAL
    return [
        CandidateCard(
            rank="–" if entry.rank is None else format_integer(entry.rank, lang),
            number=entry.dossier,
            name=names.get(entry.dossier, ""),
            request=format_amount(entry.asked_cents, lang),
            obstacle=write_words(
                describe_obstacle(
                    replace(entry, rule=titles.get(entry.rule or "") or entry.rule), proven=proven
                ),
                lang,
            ),
        )
        for entry in first
    ]


def _find_dossier_names(run: StoredRun, numbers: Sequence[str]) -> dict[str, str]:
    """Return the title, otherwise the applicant, of some applications."""
    rows = run.table.filter(pl.col("dossier").is_in(numbers)).select("dossier", "title", "applicant")
    return {
        number: title
        if title and (applicant or "") in title
        else " – ".join(filter(None, (title, applicant)))
        for number, title, applicant in rows.iter_rows()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRow:
    """An envelope, its money, and what the first application in line in it lacks."""

    title: str
    depth: int
    written: str
    moved: str
    granted: str
    not_selected: str
    lacks: str


def build_extension_rows(
    run: StoredRun, outcomes: Outcomes, explanation: ExplainDocument | None, lang: Lang
) -> list[ExtensionRow]:
    """Return the envelopes of the picture with the smallest supplement that would fund an application."""
    number = {entry.id: k for k, entry in enumerate(run.envelopes)}
    lacking: dict[int, int] = {}
    for entry in explanation.reserve if explanation is not None else ():
        node = number.get(entry.envelope)
        if node is not None and entry.rule is None and entry.looked_at and entry.missing_cents:
            lacking[node] = min(lacking.get(node, entry.missing_cents), entry.missing_cents)
    rows = []
    for row in select_rows(run, outcomes, lang):
        if row.node is None:
            continue
        envelope = run.envelopes[row.node]
        below = [cents for node, cents in lacking.items() if row.node <= node < run.ends[row.node]]
        net = envelope.transferred_in_cents - envelope.transferred_out_cents
        n_not_selected, demand = row.counts[Outcome.NOT_SELECTED], row.cents[Outcome.NOT_SELECTED]
        rows.append(
            ExtensionRow(
                title=row.title,
                depth=row.depth,
                written=format_short_amount(envelope.amount_cents, lang),
                moved=f"{'+' if net > 0 else MINUS}{format_short_amount(abs(net), lang)}" if net else "–",
                granted=format_short_amount(row.granted_cents, lang),
                not_selected=f"{format_integer(n_not_selected, lang)} · {format_short_amount(demand, lang)}"
                if n_not_selected
                else "–",
                lacks=format_short_amount(min(below), lang) if below else "–",
            )
        )
    return rows


def describe_shared_out(run: StoredRun) -> Text | None:
    """Say why an envelope may grant more than its amount and its transfers; None where none does."""
    for envelope in run.envelopes[1:]:
        net = envelope.transferred_in_cents - envelope.transferred_out_cents
        if envelope.amount_cents is not None and envelope.granted_cents > envelope.amount_cents + net:
            return _(
                "An envelope also grants what the one above it has not assigned, or may grant in advance."
            )
    return None


def describe_extension(outcomes: Outcomes, explanation: ExplainDocument | None) -> Text:
    """Say what the first application in line lacks, and what all those not selected ask."""
    total = outcomes.rows[0]
    n, demand = total.counts[Outcome.NOT_SELECTED], write_short(total.cents[Outcome.NOT_SELECTED])
    if not n:
        return _("No eligible application is left out: more money would fund no other application")
    if not total.cents[Outcome.NOT_SELECTED]:
        return _n(
            "{n} eligible application is not selected",
            "{n} eligible applications are not selected",
            n=n,
        )
    first = next((one for one in explanation.reserve if one.rank == 1), None) if explanation else None
    if first is None or not first.looked_at:
        return _n(
            "{n} eligible application is not selected and asks {asked}",
            "{n} eligible applications are not selected and ask {asked} together",
            n=n,
            asked=demand,
        )
    return _n(
        "The first application in line lacks {first}; {n} is not selected and asks {asked}",
        "The first application in line lacks {first}; {n} are not selected and ask {asked} together",
        n=n,
        first=write_short(first.missing_cents),
        asked=demand,
    )


def describe_goal(run: StoredRun, name: str) -> Text:
    """Return the words of a goal: the title of its measure, or the words of its column."""
    measure = run.spec.measures.get(name)
    if measure is not None and measure.title:
        return Bilingual(measure.title, measure.title)
    return describe_column(name)
