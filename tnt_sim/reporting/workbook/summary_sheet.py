"""Sheet « Synthèse »: money, envelopes, rules and reasons, with sums as formulas over « Dossiers »."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from tnt_sim.domain.money import parse_decimal
from tnt_sim.engine.stored_run import StoredEnvelope, StoredRun
from tnt_sim.i18n.message import Lang, _, _p
from tnt_sim.i18n.numbers import join_figures
from tnt_sim.reporting.renderers.xlsx import SOFT, Paper, Styles, add_sheet, set_up, write_text
from tnt_sim.reporting.text import vocabulary
from tnt_sim.reporting.text.verification import describe_evidence
from tnt_sim.reporting.text.vocabulary import write_goal
from tnt_sim.reporting.workbook.dossier_sheet import YES, build_column_reference, describe_reason
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.linear_terms import Unit
from tnt_sim.rules.offers.total_aid import GUARD, GUARD_TITLE

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_HEADS = (
    (_("No."), 5),
    (_("to"), 4),
    (_("Envelope"), 44),
    (_("Amount"), 17),
    (_("Available"), 17),
    (_("Granted"), 17),
    (_("Left"), 17),
    (_("Used"), 9),
    (_("Filed"), 9),
    (_("Eligible"), 9),
    (_("Funded"), 9),
    (_("Why some is left"), 44),
)
_TOP = 8


@dataclass(frozen=True, slots=True)
class SumFormulas:
    """Formulas that sum over « Dossiers » for a range of envelope ranks, held in two cells of a row."""

    lang: Lang

    def build_granted_formula(self, first: str, last: str) -> str:
        """Return the formula of Σ granted over the envelopes first … last."""
        amounts, node = (
            build_column_reference("granted", self.lang),
            build_column_reference("node", self.lang),
        )
        return f'=SUMIFS({amounts},{node},">="&{first},{node},"<="&{last})'

    def build_count_formula(self, first: str, last: str, key: str | None = None) -> str:
        """Return the formula of the number of applications of these envelopes; with a key, those with "yes"."""
        node = build_column_reference("node", self.lang)
        more = f',{build_column_reference(key, self.lang)},"{YES.in_(self.lang)}"' if key else ""
        return f'=COUNTIFS({node},">="&{first},{node},"<="&{last}{more})'


def write_summary(book: Workbook, styles: Styles, run: StoredRun, paper: Paper, name: str) -> None:
    """Write the sheet, which opens first, from top to bottom."""
    lang = paper.lang
    sheet = add_sheet(book, name)
    sheet.activate()
    for k, (__, width) in enumerate(_HEADS):
        sheet.set_column(k, k, width, None, {"hidden": k == 1})
    write_text(sheet, 0, 0, run.title, styles.title)
    sheet.set_row(0, 24)
    write_text(
        sheet, 1, 0, vocabulary.describe_verdict(run.data, verification=run.checked).in_(lang), styles.soft
    )
    _write_totals(sheet, styles, run, lang)
    row = _write_envelopes(sheet, styles, run, lang)
    row = _write_goals(sheet, styles, run, lang, row + 1)
    row = _write_rules(sheet, styles, run, lang, row + 1)
    _write_reasons(sheet, styles, run, lang, row + 1)
    sheet.freeze_panes(_TOP, 3)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=None))


def _write_totals(sheet: Worksheet, styles: Styles, run: StoredRun, lang: Lang) -> None:
    """Write the main figures, linked to the first row of the table of envelopes."""
    row = _TOP + 1
    displayed = (
        (3, _("Envelope"), f"=D{row}", "short", run.data.amount_cents),
        (5, _("Granted"), f"=F{row}", "short", run.data.granted_cents),
        (6, _("Left"), f"=G{row}", "short", run.data.unspent_cents),
        (8, _("Filed"), f"=I{row}", "count", run.data.n_dossiers),
        (9, _("Eligible"), f"=J{row}", "count", run.data.n_eligible),
        (10, _("Funded"), f"=K{row}", "count", run.data.n_funded),
    )
    for column, title, formula, kind, value in displayed:
        number = styles.numbers[kind]
        big = styles.get_format(
            bold=True, font_size=14 if kind == "short" else 12, num_format=number, align="right"
        )
        label = styles.get_format(font_color=SOFT, align="right")
        sheet.write_string(3, column, title.in_(lang), label)
        if value is not None:
            sheet.write_formula(4, column, formula, big, value / 100 if kind == "short" else value)
    people = run.data.inhabitants
    if people is not None:  # not a sum of the table: each commune counts once
        sheet.write_string(3, 11, vocabulary.INHABITANTS.in_(lang), styles.get_format(font_color=SOFT))
        big = styles.get_format(bold=True, font_size=12, num_format=styles.numbers["count"], align="left")
        sheet.write_number(4, 11, people, big)
    sheet.set_row(4, 20)


def _write_envelopes(sheet: Worksheet, styles: Styles, run: StoredRun, lang: Lang) -> int:
    """Write one row per envelope, sums including all below it; return the next row."""
    write_text(sheet, _TOP - 2, 0, _("Envelopes").in_(lang), styles.section)
    for k, (head, __) in enumerate(_HEADS):
        sheet.write_string(_TOP - 1, k, head.in_(lang), styles.get_head_format(right=k not in (2, 11)))
    for k, entry in enumerate(run.envelopes):
        _write_envelope(sheet, styles, run, lang, k, entry)
    last = _TOP + len(run.envelopes)
    bar = {"type": "data_bar", "bar_solid": True, "bar_color": "#C3CCD3", "min_type": "num", "min_value": 0,
           "max_type": "num", "max_value": 1}  # fmt: skip
    sheet.conditional_format(_TOP, 7, max(last - 1, _TOP), 7, bar)
    return last


def _write_envelope(
    sheet: Worksheet, styles: Styles, run: StoredRun, lang: Lang, k: int, entry: StoredEnvelope
) -> None:
    row, sums = _TOP + k, SumFormulas(lang)
    bold = {"bold": True} if run.depths[k] == 0 else {}
    first, last = f"$A{row + 1}", f"$B{row + 1}"

    def get_format(kind: str, *, wrap: bool = False, **more: object) -> Format:
        return styles.get_cell_formats(kind, wrap=wrap, **bold, **more)[0]

    sheet.write_number(row, 0, k + 1, get_format("count"))
    sheet.write_number(row, 1, run.ends[k], get_format("count"))
    name = entry.id if entry.title in ("", entry.id) else f"{entry.id} · {entry.title}"
    write_text(sheet, row, 2, name, get_format("text", wrap=True, indent=1 + run.depths[k]))
    for column, cents in ((3, entry.amount_cents), (4, entry.effective_cents)):
        if cents is None:
            sheet.write_blank(row, column, None, get_format("money"))
        else:
            sheet.write_number(row, column, cents / 100, get_format("money"))
    granted, left, effective = entry.granted_cents, entry.unspent_cents, entry.effective_cents
    sheet.write_formula(row, 5, sums.build_granted_formula(first, last), get_format("money"), granted / 100)
    if effective is None or left is None:
        sheet.write_blank(row, 6, None, get_format("money"))
        sheet.write_blank(row, 7, None, get_format("rate"))
    else:
        at = row + 1
        sheet.write_formula(row, 6, f"=ROUND(MAX(E{at}-F{at},0),2)", get_format("money"), left / 100)
        used = granted / effective if effective else 0
        sheet.write_formula(row, 7, f"=IF(E{at}>0,F{at}/E{at},0)", get_format("rate"), used)
    counted = (
        (8, None, entry.n_dossiers),
        (9, "eligible", entry.n_eligible),
        (10, "funded", entry.n_funded),
    )
    for column, flag, count in counted:
        sheet.write_formula(
            row, column, sums.build_count_formula(first, last, flag), get_format("count"), count
        )
    why = entry.unspent_because if left else None
    write_text(sheet, row, 11, why or "", styles.get_cell_formats("text", wrap=True)[0])


def _write_goals(sheet: Worksheet, styles: Styles, run: StoredRun, lang: Lang, row: int) -> int:
    write_text(sheet, row, 0, _("Objective").in_(lang), styles.section)
    heads = ((2, _("Goal")), (3, _("Value")), (4, _("Bound")),
             (5, _("Proof")))  # fmt: skip
    for column, head in heads:
        sheet.write_string(row + 1, column, head.in_(lang), styles.get_head_format(right=column in (3, 4)))
    at = row + 2
    for k, goal in enumerate(run.data.objective, start=1):
        aim = f"{k}. {expressions_text.SENSE[goal.sense].in_(lang)} {write_goal(goal.goal).in_(lang)}"
        write_text(sheet, at, 2, aim, styles.get_cell_formats("text", wrap=True)[0])
        _write_number(sheet, styles, at, 3, goal.value, "decimal")
        _write_number(sheet, styles, at, 4, goal.bound, "decimal")
        evidence = describe_evidence(goal.proof, run.checked.optimal.standing).in_(lang)
        write_text(sheet, at, 5, evidence, styles.get_cell_formats("text")[0])
        at += 1
    return at


def _write_rules(sheet: Worksheet, styles: Styles, run: StoredRun, lang: Lang, row: int) -> int:
    rules = run.data.rules
    if not rules:
        return row - 1
    write_text(sheet, row, 0, _("Rules").in_(lang), styles.section)
    heads = (
        (2, _("Rule")), (3, _("At least")), (4, _("At most")),
        (5, _("Value")), (6, _("Slack")), (7, _("Kept")),
        (8, _("Groups")), (9, _("at bound")),
    )  # fmt: skip
    for column, head in heads:
        sheet.write_string(
            row + 1, column, head.in_(lang), styles.get_head_format(right=column not in (2, 7))
        )
    at = row + 2
    units, titles = list_rule_units(run), list_rule_titles(run)
    for rule in rules:
        title = titles.get(rule.id, "")
        name = f"{rule.id} · {title}" if title else rule.id
        write_text(sheet, at, 2, name, styles.get_cell_formats("text", wrap=True)[0])
        for column, figure in ((3, rule.min), (4, rule.max), (5, rule.value), (6, rule.slack)):
            _write_number(sheet, styles, at, column, figure, units.get(rule.id, "decimal"))
        kept = _("yes") if rule.holds else _("NO")
        write_text(sheet, at, 7, kept.in_(lang), styles.get_cell_formats("text", bold=not rule.holds)[0])
        groups = rule.groups
        for column, n in ((8, len(groups)), (9, sum(1 for group in groups if group.binds))):
            _write_number(sheet, styles, at, column, str(n) if groups else None, "count")
        at += 1
    return at


def list_rule_titles(run: StoredRun) -> dict[str, str]:
    """Return the title of each rule and cap that has one."""
    caps = {cap.name: cap.fill_from_library().title for cap in run.spec.caps}
    titles = {GUARD: GUARD_TITLE.in_(run.lang), **caps, **{rule.id: rule.title for rule in run.spec.rules}}
    return {name: join_figures(title) for name, title in titles.items()}


def list_rule_units(run: StoredRun) -> dict[str, str]:
    """Return the display unit of each rule's figures."""
    units = dict.fromkeys((GUARD, *(cap.name for cap in run.spec.caps)), Unit.MONEY.value)
    for rule in run.spec.rules:
        units[rule.id] = rule.figure_unit if isinstance(rule, RuleSpec) else "decimal"
    return units


def _write_number(
    sheet: Worksheet, styles: Styles, row: int, column: int, text: str | None, kind: str
) -> None:
    """Write an exact decimal of the document as a number."""
    style = styles.get_cell_formats(kind)[0]
    if text is None:
        sheet.write_blank(row, column, None, style)
    else:
        sheet.write_number(row, column, float(parse_decimal(text)), style)


def _write_reasons(sheet: Worksheet, styles: Styles, run: StoredRun, lang: Lang, row: int) -> None:
    """Write the number of applications and the money by reason."""
    write_text(sheet, row, 0, _("Reasons").in_(lang), styles.section)
    heads = ((2, _p("summary_sheet", "Reason")), (3, _("Applications")), (4, _("Requested")),
             (5, _("Granted")))  # fmt: skip
    for column, head in heads:
        sheet.write_string(row + 1, column, head.in_(lang), styles.get_head_format(right=column > 2))
    code = build_column_reference("code", lang)
    for at, (label, n, requested, granted) in enumerate(build_reason_rows(run, lang), start=row + 2):
        write_text(sheet, at, 2, label, styles.get_cell_formats("text", wrap=True)[0])
        sheet.write_formula(at, 3, f"=COUNTIFS({code},C{at + 1})", styles.get_cell_formats("count")[0], n)
        for column, key, cents in ((4, "requested", requested), (5, "granted", granted)):
            formula = f"=SUMIFS({build_column_reference(key, lang)},{code},C{at + 1})"
            sheet.write_formula(at, column, formula, styles.get_cell_formats("money")[0], cents / 100)


def build_reason_rows(run: StoredRun, lang: Lang) -> list[tuple[str, int, int, int]]:
    """Return each reason in words with its number of applications, requested and granted cents."""
    table = run.table.group_by("reason_code", "funded").agg(
        n=pl.len(), asked=pl.col("requested_cents").fill_null(0).sum(), granted=pl.col("granted_cents").sum()
    )
    order = {code: k for k, code in enumerate(vocabulary.REASON)}
    rows = sorted(
        table.iter_rows(), key=lambda row: (not row[1], order.get(row[0] or "", len(order)), row[0] or "")
    )
    return [
        (describe_reason(code or "", funded, lang), n, asked, granted)
        for code, funded, n, asked, granted in rows
    ]
