"""Reports of an explanation: reasons, changes, effects of rules, reserve list, rank inversions.

The functions take the document of `explain`, or its lists, so that any report can use them.
Pages and workbooks use the document of `explain --all`; without it a report shows the reasons of
the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import polars as pl
from rich.text import Text as Line

from tnt_sim.analysis.explain.document import (
    ChangeEntry,
    ExplainDocument,
    ExplainedDossier,
    InversionList,
    InversionsDocument,
    OrderPrice,
    RankedDossier,
    RefusedBetter,
    ReserveEntry,
    RuleEffectEntry,
)
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_amount, format_count, format_decimal, format_integer, format_list
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.renderers.html import wrap_in_frame
from tnt_sim.reporting.renderers.terminal import render_grid, wrap_paragraph
from tnt_sim.reporting.reports.decision_table import MOTIVE
from tnt_sim.reporting.reports.progress import describe_interruption
from tnt_sim.reporting.text.explanation import describe_cause, describe_change, explain_dossier
from tnt_sim.reporting.text.vocabulary import REASON, SYNTHETIC
from tnt_sim.rules.expressions import column_text

MOST_SHOWN = 20


def describe_inversions(inversion: InversionList | InversionsDocument, lang: Lang) -> str:
    """Write the count: « 12 paires : 3 dossiers non retenus valent mieux qu'un dossier retenu… »."""
    column = column_text.describe_column(inversion.rank).in_(lang)
    if not inversion.n_pairs:
        return _(
            "No inversion: in each envelope nobody is funded before one ranked better by {column}.",
            column=column,
        ).in_(lang)
    pairs = format_count(inversion.n_pairs, ("inversion", "inversions"), ("inversion", "inversions"), lang)
    refused = format_count(
        inversion.n_refused,
        ("dossier non retenu vaut", "dossiers non retenus valent"),
        ("refused dossier ranks", "refused dossiers rank"),
        lang,
    )
    return _(
        "{pairs} by {column}: {refused} better than a funded one of the same envelope.",
        pairs=pairs,
        column=column,
        refused=refused,
    ).in_(lang)


def render_inversions(
    inversion: InversionList | InversionsDocument, lang: Lang, width: int, most: int = MOST_SHOWN
) -> list[Line]:
    """Write the sentence, and a table of the first refused applications, each with the worst funded one."""
    lines = wrap_paragraph(describe_inversions(inversion, lang), width, first="  ")
    header = (
        ("refusé", "valeur", "demande", "retenu", "valeur", "reçoit", "moins bons", "enveloppe")
        if lang is Lang.FR
        else ("refused", "value", "asks", "funded", "value", "gets", "worse ones", "envelope")
    )
    rows = [_build_inversion_row(pair, lang) for pair in inversion.refused[:most]]
    lines += render_grid(rows, header=header, right=(1, 2, 4, 5, 6)) if rows else []
    if inversion.n_refused > len(rows):
        rest = format_integer(inversion.n_refused - len(rows), lang)
        lines.append(Line(_("  … and {rest} more", rest=rest).in_(lang), style="dim"))
    return lines


def _build_inversion_row(pair: RefusedBetter, lang: Lang) -> list[str]:
    better, worse = pair.better, pair.worse
    return [
        better.dossier,
        format_ranking_value(better, lang),
        format_amount(better.asked_cents, lang),
        worse.dossier,
        format_ranking_value(worse, lang),
        format_amount(worse.granted_cents, lang),
        format_integer(pair.n_worse, lang),
        pair.group,
    ]


def format_ranking_value(side: RankedDossier, lang: Lang) -> str:
    """Write the ranking value: an amount, a localised number, or an opinion."""
    if side.value_cents is not None:
        return format_amount(side.value_cents, lang)
    text = side.value
    if text is None:
        return "–"
    figure = text.removeprefix("-").replace(".", "", 1)
    return format_decimal(text, lang) if figure.isascii() and figure.isdigit() else text


def render_rule_price(price: OrderPrice, goals: Sequence[str], lang: Lang, width: int) -> list[Line]:
    """Write what a rule without inversions, hard or priced, would cost."""
    if price.loses is None and price.status != "infeasible":
        text = _("Having none: a limit stopped the solve before any allocation.")
        return wrap_paragraph(text.in_(lang), width, first="  ")
    if price.loses is None:
        text = _("Having none: no allocation allows it with the other rules.")
        return wrap_paragraph(text.in_(lang), width, first="  ")
    lost = ", ".join(
        f"{goal} {_format_change(each, lang)}" for goal, each in zip(goals, price.loses, strict=True)
    )
    enters, leaves = (format_list(names or (), lang, most=6) for names in (price.enters, price.leaves))
    nobody = _("none").in_(lang)
    head = (
        _("Having none")
        if price.mode == "hard"
        else _(
            "At {penalty} an inversion, {n_pairs} are left",
            penalty=format_decimal(price.penalty, lang),
            n_pairs=Count(price.n_pairs),
        )
    )
    costs = _("costs") if price.status == "optimal" else _("costs at most")
    text = _(
        "{head} {costs}: {lost}. Enter: {enters}; leave: {leaves}.",
        head=head,
        costs=costs,
        lost=lost,
        enters=enters or nobody,
        leaves=leaves or nobody,
    )
    return wrap_paragraph(text.in_(lang), width, first="  ")


def _format_change(text: str, lang: Lang) -> str:
    """Write a loss as a decrease, a gain as an increase."""
    return (
        f"+{format_decimal(text.lstrip('-'), lang)}"
        if text.startswith("-")
        else f"\u2212{format_decimal(text, lang)}"
    )


MOST_LISTED = 40
"""Most applications explained one by one on a page; the JSON holds all."""
MOST_RESERVE = 20
MOST_INVERSIONS = 5


def render_explanation(document: ExplainDocument, lang: Lang, width: int) -> list[Line]:
    """Write the whole page of `explain`."""
    lines = [Line(document.title, style="bold")]
    if document.synthetic:
        lines += wrap_paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    entries = document.dossiers
    for entry in entries[:MOST_LISTED]:
        lines += [Line(""), *render_dossier(entry, lang, width)]
    if len(entries) > MOST_LISTED:
        rest = format_integer(len(entries) - MOST_LISTED, lang)
        lines += [
            Line(""),
            Line(_translate(f"… et {rest} autres (voir --json).", f"… and {rest} more (see --json).", lang)),
        ]
    lines += _render_section(
        _translate("Ce que fait chaque règle", "What each rule does", lang),
        render_rule_effects(document, lang, width),
    )
    if document.inversions is not None:
        told = render_inversions(document.inversions, lang, width, MOST_INVERSIONS)
        lines += _render_section(_translate("Inversions", "Inversions", lang), told)
    lines += _render_section(
        _translate("Liste de réserve, dans l'ordre d'entrée", "Reserve list, in the order of entry", lang),
        render_reserve(document.reserve, lang),
    )
    return lines + render_thresholds(document, lang, width)


def render_dossier(entry: ExplainedDossier, lang: Lang, width: int) -> list[Line]:
    """Write one application: its reason, and the changes that would fund it."""
    lines = [Line(entry.dossier, style="bold")]
    lines += wrap_paragraph(explain_dossier(entry, lang), width, first="  ")
    for change in entry.changes:
        lines += wrap_paragraph(describe_change(change, lang), width, first="  → ")
    return lines


def describe_dossiers(document: ExplainDocument, lang: Lang) -> dict[str, str]:
    """Return the reason and the changes of each application in one text, for letters and sheets."""
    return {
        entry.dossier: " ".join(
            [explain_dossier(entry, lang), *(describe_change(one, lang) for one in entry.changes)]
        )
        for entry in document.dossiers
    }


def render_explanation_html(document: ExplainDocument, lang: Lang) -> str:
    """Render the applications and their sentences as an HTML table."""
    head = ("Dossier", "Explication") if lang is Lang.FR else ("Dossier", "Explanation")
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(text)}</td></tr>"
        for name, text in describe_dossiers(document, lang).items()
    )
    note = f'<p class="mark">{escape(SYNTHETIC.in_(lang))}</p>' if document.synthetic else ""
    top = "".join(f"<th>{name}</th>" for name in head)
    return wrap_in_frame(f"{note}<table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>", lang)


def render_rule_effects(document: ExplainDocument, lang: Lang, width: int) -> list[Line]:
    """Write who would enter and who would leave without each rule."""
    lines: list[Line] = []
    for rule in document.rules:
        name = describe_cause(rule, lang)
        if rule.enters is None or rule.leaves is None:
            text = _translate("calcul arrêté par une limite", "solve stopped by a limit", lang)
        elif not rule.enters and not rule.leaves:
            text = _translate("sans elle, la même répartition", "without it, the same allocation", lang)
        else:
            enters, leaves = (
                format_list(rule.enters, lang, most=6),
                format_list(rule.leaves, lang, most=6),
            )
            text = _translate(
                f"sans elle, entrent : {enters or 'aucun'} ; sortent : {leaves or 'aucun'}",
                f"without it, enter: {enters or 'none'}; leave: {leaves or 'none'}",
                lang,
            )
        lines += wrap_paragraph(f"{name[:1].upper()}{name[1:]} : {text}." if lang is Lang.FR else
                           f"{name[:1].upper()}{name[1:]}: {text}.", width, first="  ")  # fmt: skip
    return lines


def render_reserve(reserve: Sequence[ReserveEntry], lang: Lang) -> list[Line]:
    """Write the first entries of the reserve list, with what each requests and lacks."""
    rows = [
        [
            "–" if one.rank is None else str(one.rank),
            one.dossier,
            one.envelope,
            format_amount(one.asked_cents, lang),
            describe_obstacle(one, lang),
        ]
        for one in reserve[:MOST_RESERVE]
    ]
    if not rows:
        return []
    header = (
        ("rang", "dossier", "enveloppe", "demande", "attend")
        if lang is Lang.FR
        else ("rank", "dossier", "envelope", "asks", "waits for")
    )
    lines = render_grid(rows, header=header, right=(0, 3))
    if len(reserve) > MOST_RESERVE:
        rest = format_integer(len(reserve) - MOST_RESERVE, lang)
        lines.append(Line(_translate(f"  … et {rest} autres", f"  … and {rest} more", lang), style="dim"))
    return lines


def describe_obstacle(entry: ReserveEntry, lang: Lang) -> str:
    """Write what keeps an application of the reserve list out: a rule, otherwise missing money."""
    if entry.rule is not None:
        return _translate(f"la règle « {entry.rule} »", f'the rule "{entry.rule}"', lang)
    if not entry.missing_cents and not entry.looked_at:
        return "–"
    if not entry.missing_cents:
        return _translate("rien : il n'ajoute rien", "nothing: it adds nothing", lang)
    missing = format_amount(entry.missing_cents, lang)
    known = _translate(f"{missing} de plus", f"{missing} more", lang)
    return known if entry.looked_at else f"≥ {known}"


def render_thresholds(document: ExplainDocument, lang: Lang, width: int) -> list[Line]:
    """Write, with `--all`, how each threshold was settled; open ones in yellow."""
    texts, settled = describe_thresholds(document, lang), document.settled
    lines = [Line("")] if texts else []
    for number, text in enumerate(texts):
        lines += wrap_paragraph(text, width, style="dim" if settled and number < 2 else "yellow")
    return lines


def describe_thresholds(document: ExplainDocument, lang: Lang) -> list[str]:
    """Say how many applications were settled without a solve, by one, or left open.

    If the work was stopped, say by what.
    """
    settled, stopped = document.settled, _describe_interruption(document, lang)
    if settled is None:
        return stopped
    scores = (settled.by_bounds, settled.by_solve, settled.intervals)
    lifted = (settled.lifted_by_bounds, settled.lifted_by_solve, settled.lifted_open)
    sure, solved, open_ = (format_integer(n, lang) for n in scores)
    lift = [format_integer(n, lang) for n in lifted]
    sentences = [
        _(
            "Score thresholds. Settled by exact bounds, without a solve: {sure}; by one solve: "
            "{solved}; left as a certified interval: {open}.",
            sure=sure,
            solved=solved,
            open=open_,
        ),
        _(
            "Requirements and refusals lifted one by one. Settled by exact bounds: {lift}; by one "
            "solve: {lift_2}; to be asked alone: {lift_3}.",
            lift=lift[0],
            lift_2=lift[1],
            lift_3=lift[2],
        ),
    ]
    return [*(text.in_(lang) for text in sentences), *stopped]


def _describe_interruption(document: ExplainDocument, lang: Lang) -> list[str]:
    """Say how far the work got, if stopped, and what the other applications have."""
    word = describe_interruption(document).in_(lang)
    if not word:
        return []
    rest = _("The remaining dossiers have no threshold; ask for them one by one: tnt-sim explain.")
    sentences, rules = [word, rest.in_(lang)], document.rules_progress
    if rules.of and rules.done < rules.of:
        few, all_ = format_integer(rules.done, lang), format_integer(rules.of, lang)
        sentences.append(_("Effects of rules examined: {few} of {all}.", few=few, all=all_).in_(lang))
    return sentences


def build_reason_rows(document: ExplainDocument, lang: Lang) -> list[list[str]]:
    """Return the number of applications by reason, most frequent first."""
    ordered = sorted(document.reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        [REASON[code].in_(lang) if code in REASON else code, format_integer(n, lang)] for code, n in ordered
    ]


def _render_section(title: str, lines: Sequence[Line]) -> list[Line]:
    return [Line(""), Line(title, style="bold"), *lines] if lines else []


def _translate(fr: str, en: str, lang: Lang) -> str:
    return Text(fr, en).in_(lang)


MOST_RESERVE_ROWS = 30
"""Most entries of the reserve list on a page; the workbook has all."""
MOST_NAMED = 6


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
    change = {entry.dossier: describe_changes(entry.changes, lang) for entry in entries}
    return Explained(
        {entry.dossier: explain_dossier(entry, lang) for entry in entries},
        change,
        [_build_rule_row(rule, lang) for rule in document.rules],
        [_build_reserve_row(one, change, lang) for one in document.reserve],
        describe_thresholds(document, lang),
        len(document.reserve),
    )


def describe_changes(changes: Sequence[ChangeEntry], lang: Lang) -> str:
    """Write the changes that have an answer; those left open are omitted."""
    return " ".join(describe_change(one, lang) for one in changes if one.status != "undefined")


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
    name = describe_cause(rule, lang)
    if rule.enters is None or rule.leaves is None:
        return name, _("solve stopped by a limit").in_(lang), ""
    return name, _format_names(rule.enters, lang), _format_names(rule.leaves, lang)


def _format_names(dossiers: Sequence[str], lang: Lang) -> str:
    if not dossiers:
        return "–"
    return f"{format_integer(len(dossiers), lang)} : {format_list(dossiers, lang, most=MOST_NAMED)}"


def _build_reserve_row(entry: ReserveEntry, change: Mapping[str, str], lang: Lang) -> tuple[str, ...]:
    return (
        "–" if entry.rank is None else format_integer(entry.rank, lang),
        entry.dossier,
        entry.envelope,
        format_amount(entry.asked_cents, lang),
        describe_obstacle(entry, lang),
        change.get(entry.dossier, ""),
    )
