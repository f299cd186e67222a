"""Reports of an explanation and of rank inversions: reasons, changes, effects of rules, reserve list.

Pages and workbooks of a run take the sentences of `explain --all` from here; without it they show the reasons of
the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import polars as pl

from tnt_sim.analysis.explain.document import (
    ChangeEntry,
    EnvelopeLimits,
    ExplainDocument,
    ExplainedDossier,
    InversionList,
    InversionsDocument,
    OrderPrice,
    RankedDossier,
    ReserveEntry,
    RuleEffectEntry,
    ScoreInterval,
)
from tnt_sim.analysis.explain.sentences import Naming, describe_cause, describe_change, explain_dossier
from tnt_sim.domain.money import parse_decimal
from tnt_sim.engine.result import Status
from tnt_sim.i18n.message import NO_TEXT, Bilingual, Capitalised, Lang, MessageParameter, Text, _, _n, _p
from tnt_sim.i18n.numbers import MINUS, format_amount, format_decimal, format_integer, join_figures
from tnt_sim.i18n.parameters import Count, Items, Listed, Money, Names, Number
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
    write_words,
)
from tnt_sim.reporting.reports.decision_table import MOTIVE
from tnt_sim.reporting.reports.progress import describe_interruption
from tnt_sim.rules.expressions.column_text import describe_column
from tnt_sim.values.answer_values import label_goal

MOST_LISTED = 40
"""Most applications explained one by one; the JSON holds all."""
MOST_INVERSIONS = 5
MOST_NAMED = 6


def build_report(document: ExplainDocument) -> Report:
    """Return the report of `explain`: the applications that were named, otherwise the whole list too."""
    nodes: list[Node] = [build_dossier(entry) for entry in document.dossiers[:MOST_LISTED]]
    if (rest := len(document.dossiers) - MOST_LISTED) > 0:
        more = _n("… and {n} more (see --json).", "… and {n} more (see --json).", rest)
        nodes.append(Paragraph(more))
    if document.is_of_list:
        nodes += _build_list_sections(document)
    return Report(
        title=_("Explanation of the decisions"),
        subject=document.title,
        about=[document.scenario],
        nodes=[*nodes, *_build_thresholds(document), *build_origin(document)],
        synthetic=document.synthetic,
        foot={document.scenario: document.scenario_sha256},
    )


def _build_list_sections(document: ExplainDocument) -> Iterator[Section]:
    """Return what each rule does, the inversions, and the reserve list."""
    if document.rules:
        effects = [Paragraph(_describe_rule_effect(rule), mark="– ") for rule in document.rules]
        yield Section(_("What each rule does"), effects)
    if document.inversions is not None:
        words = Paragraph(describe_inversions(document.inversions))
        table = build_inversion_table(document.inversions, MOST_INVERSIONS)
        yield Section(_("Inversions"), [words, table])
    yield Section(_("Reserve list, in the order of entry"), [_build_reserve_table(document)])


def build_origin(document: ExplainDocument) -> list[Node]:
    """Say that an explanation was read from the run folder, and who checks it."""
    if document.read_from is None:
        return []
    text = _(
        "Read from {file} in the run folder. Its reasons and amounts were computed again here. The effects of "
        "rules and what would fund an application are claimed by it. --again computes them anew, and the exact "
        "figure of a few applications.",
        file=document.read_from,
    )
    return [Paragraph(text)]


def build_dossier(entry: ExplainedDossier) -> Section:
    """Return the reason of one application, and the changes that would fund it; if none would, why."""
    enough = [one for one in entry.changes if _has_answer(one) and one.status != "impossible"]
    changes = [Paragraph(describe_change(one), mark="→ ") for one in enough or entry.changes]
    return Section(entry.dossier, [Paragraph(explain_dossier(entry)), *changes])


def describe_inversions(inversion: InversionList | InversionsDocument) -> Text:
    """Write the count: « 12 inversions selon la note : 3 dossiers non retenus valent mieux… »."""
    column = describe_column(inversion.rank)
    if not inversion.n_pairs:
        return _(
            "No inversion: in each envelope no application is funded before one ranked better by {column}.",
            column=column,
        )
    pairs = _n("{n} inversion", "{n} inversions", inversion.n_pairs)
    return _n(
        "{pairs} by {column}: {n} refused application ranks better than a funded one of the same envelope.",
        "{pairs} by {column}: {n} refused applications rank better than a funded one of the same envelope.",
        inversion.n_refused,
        pairs=pairs,
        column=column,
    )


def build_inversion_table(inversion: InversionList | InversionsDocument, most: int) -> Table:
    """Return the first refused applications, each with the worst funded one."""
    better, worse = [pair.better for pair in inversion.refused], [pair.worse for pair in inversion.refused]
    return Table(
        [
            Column(_("Refused"), [one.dossier for one in better]),
            _build_value_column(better),
            Column(_("Asks"), [one.asked_cents for one in better], Kind.MONEY),
            Column(_p("inversion", "Funded"), [one.dossier for one in worse]),
            _build_value_column(worse),
            Column(_("Gets"), [one.granted_cents for one in worse], Kind.MONEY),
            Column(
                _("Ranked lower"), [pair.n_worse for pair in inversion.refused], Kind.COUNT, optional=True
            ),
            Column(_("Envelope"), [pair.group for pair in inversion.refused], optional=True),
        ],
        most=most,
        n_unlisted=inversion.n_refused - len(inversion.refused),
    )


def _build_value_column(sides: Sequence[RankedDossier]) -> Column:
    return Column(_("Value"), [describe_ranking_value(side) for side in sides], Kind.FIGURE)


def describe_ranking_value(side: RankedDossier) -> Text:
    """Return the ranking value: an amount, a localised number, or an opinion."""
    if side.value_cents is not None:
        return Money(side.value_cents)
    text = side.value or "–"
    figure = text.removeprefix("-").replace(".", "", 1)
    return Number(Fraction(text)) if figure.isascii() and figure.isdigit() else Bilingual(text, text)


def describe_rule_price(price: OrderPrice, goals: Sequence[str]) -> Text:
    """Write what a rule without inversions, hard or priced, would cost."""
    if price.loses is None:
        if price.status != "infeasible":
            return _("Having none: a limit stopped the solve before any allocation.")
        return _("Having none: no allocation allows it with the other rules.")
    lost = write_both(partial(_format_losses, goals, price.loses))
    enters, leaves = _list_dossiers(price.enters or ()), _list_dossiers(price.leaves or ())
    moves = _("Enter: {enters}; leave: {leaves}.", enters=enters, leaves=leaves)
    proven = price.status == "optimal"
    if price.penalty is None:
        if proven:
            return _("Having none costs: {lost}. {moves}", lost=lost, moves=moves)
        return _("Having none costs at most: {lost}. {moves}", lost=lost, moves=moves)
    penalty, n_pairs = Number(parse_decimal(price.penalty)), Count(price.n_pairs)
    if not (price.enters or price.leaves or any(parse_decimal(loss) for loss in price.loses)):
        return _(
            "At {penalty} per inversion, the allocation does not change: {n_pairs} are left.",
            penalty=penalty,
            n_pairs=n_pairs,
        )
    if proven:
        return _(
            "At {penalty} per inversion, {n_pairs} are left, which costs: {lost}. {moves}",
            penalty=penalty,
            n_pairs=n_pairs,
            lost=lost,
            moves=moves,
        )
    return _(
        "At {penalty} per inversion, {n_pairs} are left, which costs at most: {lost}. {moves}",
        penalty=penalty,
        n_pairs=n_pairs,
        lost=lost,
        moves=moves,
    )


def _format_losses(goals: Sequence[str], losses: Sequence[str], lang: Lang) -> str:
    """Write a loss as a decrease, a gain as an increase."""
    return ", ".join(
        f"{label_goal(goal).in_(lang)} {'+' if loss.startswith('-') else MINUS}"
        f"{format_decimal(loss.lstrip('-'), lang)}"
        for goal, loss in zip(goals, losses, strict=True)
    )


def _list_dossiers(names: Sequence[str]) -> Text | Listed:
    return Listed(names, MOST_NAMED) if names else _("none")


def _describe_rule_effect(rule: RuleEffectEntry) -> Text:
    """Write who would enter and who would leave without a rule."""
    name = Capitalised(describe_cause(rule))
    if rule.enters is None or rule.leaves is None:
        return _("{rule}: solve stopped by a limit.", rule=name)
    if not rule.enters and not rule.leaves:
        return _("{rule}: without it, the same allocation.", rule=name)
    return _(
        "{rule}: without it, enter: {enters}; leave: {leaves}.",
        rule=name,
        enters=_list_dossiers(rule.enters),
        leaves=_list_dossiers(rule.leaves),
    )


def _build_reserve_table(document: ExplainDocument) -> Table:
    """Return the reserve list, with what each entry requests and lacks."""
    reserve, proven = document.reserve, _is_proven(document)
    ranks = [one.rank for one in reserve]
    return Table(
        [
            *([Column(_("Rank"), ranks, Kind.COUNT)] if any(ranks) else []),
            Column(_("Application"), [one.dossier for one in reserve]),
            Column(_("Envelope"), [one.envelope for one in reserve], optional=True),
            Column(_("Asks"), [one.asked_cents for one in reserve], Kind.MONEY),
            Column(_("Waits for"), [describe_obstacle(one, proven=proven) for one in reserve]),
        ]
    )


def _is_proven(document: ExplainDocument) -> bool:
    return document.status == Status.OPTIMAL


def describe_cause_of_refusal(entry: ExplainedDossier) -> Text:
    """Say what keeps out an application that is worth more per euro than the last one funded."""
    named = next((one for one in entry.because if one.enters), entry.rule)
    if named is None:
        return _("its size")
    return _("the rule {title}", title=Names([join_figures(named.title)])) if named.title else _("a rule")


def describe_obstacle(
    entry: ReserveEntry, describe_rule: Callable[[str], MessageParameter] = str, *, proven: bool
) -> Words:
    """Return what keeps an application of the reserve list out: a rule, otherwise missing money."""
    if entry.rule is not None:
        return _('the rule "{name}"', name=describe_rule(entry.rule))
    if not entry.missing_cents:
        if not entry.looked_at:
            return "–"
        return _("nothing: it adds nothing") if proven else _("nothing known (allocation not proven)")
    missing = Money(entry.missing_cents)
    return _("{missing} more", missing=missing) if entry.looked_at else _("≥ {missing} more", missing=missing)


def _build_thresholds(document: ExplainDocument) -> list[Node]:
    settled = [Paragraph(text, soft=True) for text in _describe_settled(document)]
    return [*settled, *(Callout(text, Tone.WARNING) for text in _describe_interruption(document))]


def _describe_settled(document: ExplainDocument) -> list[Text]:
    """Say, with `--all`, how many applications were settled without a solve, by one, or left open."""
    settled = document.settled
    if settled is None:
        return []
    return [
        _(
            "Score thresholds: {by_bounds} settled by exact bounds, {by_solve} by solving again, "
            "{n_intervals} left as a certified interval.",
            by_bounds=Count(settled.by_bounds),
            by_solve=Count(settled.by_solve),
            n_intervals=Count(settled.intervals),
        ),
        _(
            "Requirements and refusals lifted one by one: {by_bounds} settled by exact bounds, "
            "{by_solve} by solving again, {n_open} not computed here.",
            by_bounds=Count(settled.lifted_by_bounds),
            by_solve=Count(settled.lifted_by_solve),
            n_open=Count(settled.lifted_open),
        ),
    ]


def _describe_interruption(document: ExplainDocument) -> list[Text]:
    """Say how far the work got, if stopped, and what the other applications have."""
    stopped = describe_interruption(document)
    if stopped is NO_TEXT:
        return []
    rules = document.rules_progress
    sentences = [stopped]
    if document.progress is None or document.progress.of != 1:
        sentences.append(
            _("The remaining applications have no threshold; ask for them one by one: tnt-sim explain.")
        )
    if rules.of and rules.done < rules.of:
        sentences.append(
            _("Effects of rules examined: {n_done} of {n}.", n_done=Count(rules.done), n=Count(rules.of))
        )
    return sentences


MOST_RESERVE_ROWS = 30
"""Most entries of the reserve list on a page; the workbook has all."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Explanation in the words of one language.

    Attributes
    ----------
    why, change : by application, its reason, and what would fund it (empty for a funded one)
    rules : (rule, who would enter, who would leave without it)
    reserve : rank, application, envelope, requested, what it waits for, what would fund it
    notes : how thresholds were settled
    n_reserve : length of the reserve list
    """

    why: Mapping[str, str]
    change: Mapping[str, str]
    rules: Sequence[tuple[str, str, str]]
    reserve: Sequence[tuple[str, ...]]
    notes: Sequence[str]
    n_reserve: int

    @property
    def texts(self) -> dict[str, str]:
        """Return the reason of each application and, on the next line, what would fund it."""
        return {name: "\n".join(filter(None, (why, self.change[name]))) for name, why in self.why.items()}


def build_explained(document: ExplainDocument | None, lang: Lang) -> Explained | None:
    """Return the words of an explanation; None without one."""
    if document is None:
        return None
    entries = document.dossiers
    change = {entry.dossier: describe_changes(entry.changes).in_(lang) for entry in entries}
    written = document.lang == lang.value
    return Explained(
        {entry.dossier: _explain_by_title(entry, lang, written=written) for entry in entries},
        change,
        [_build_rule_row(rule, lang) for rule in document.rules],
        [_build_reserve_row(one, document, change, lang) for one in document.reserve],
        [
            text.in_(lang)
            for text in (
                *_describe_settled(document),
                *_describe_interruption(document),
                *_describe_claims(document),
            )
        ],
        len(document.reserve),
    )


def _explain_by_title(entry: ExplainedDossier, lang: Lang, *, written: bool) -> str:
    """Return the reason of an application with the titles of its rules, without their ids."""
    named = [*entry.because, *(rule for rule in (entry.rule, entry.barred_by) if rule is not None)]
    if written and not any(rule.title for rule in named):
        return entry.sentence
    return explain_dossier(entry, BY_TITLE).in_(lang)


BY_TITLE = Naming(lambda rule: rule.title or rule.id)
"""Rules by their titles, without their ids."""


def _describe_claims(document: ExplainDocument) -> list[Text]:
    """Say what of an explanation no file proves, where it is that of a run folder."""
    return [] if document.run_dir is None else [CLAIMS]


CLAIMS = _(
    "The changes that would fund an application were found by solving, and no file proves them; `tnt-sim explain "
    "… --all --again` finds them anew. The reasons are computed again by `tnt-sim verify`."
)


def describe_changes(changes: Sequence[ChangeEntry]) -> Text:
    """Return the changes that have an answer; those left open, or without any figure, are omitted."""
    return Items([describe_change(change) for change in changes if _has_answer(change)], "")


def _has_answer(change: ChangeEntry) -> bool:
    if isinstance(change, EnvelopeLimits):
        return change.by_cents is not None or change.low_cents != 0
    if isinstance(change, ScoreInterval):
        return change.high is not None or change.low != change.from_
    return change.status != "undefined"


def with_motives(table: pl.DataFrame, explained: Explained | None) -> pl.DataFrame:
    """Return the table of `decided(run)` with the sentences of an explanation, if there is one."""
    if explained is None:
        return table
    texts = explained.texts
    motives = [
        texts.get(name, old)
        for name, old in zip(table["dossier"].to_list(), table[MOTIVE].to_list(), strict=True)
    ]
    return table.with_columns(pl.Series(MOTIVE, motives, dtype=pl.String))


def _build_rule_row(rule: RuleEffectEntry, lang: Lang) -> tuple[str, str, str]:
    name = describe_cause(rule, BY_TITLE).in_(lang)
    if rule.enters is None or rule.leaves is None:
        return name, _("solve stopped by a limit").in_(lang), ""
    return name, _format_names(rule.enters, lang), _format_names(rule.leaves, lang)


def _format_names(dossiers: Sequence[str], lang: Lang) -> str:
    if not dossiers:
        return "–"
    return _("{count}: {names}", count=Count(len(dossiers)), names=Listed(dossiers, MOST_NAMED)).in_(lang)


def _build_reserve_row(
    entry: ReserveEntry, document: ExplainDocument, change: Mapping[str, str], lang: Lang
) -> tuple[str, ...]:
    return (
        "–" if entry.rank is None else format_integer(entry.rank, lang),
        entry.dossier,
        entry.envelope,
        format_amount(entry.asked_cents, lang),
        write_words(describe_obstacle(entry, proven=_is_proven(document)), lang),
        change.get(entry.dossier, ""),
    )
