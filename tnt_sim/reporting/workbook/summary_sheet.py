"""Sheet « Synthèse »: money, envelopes, rules and reasons, with sums as formulas over « Dossiers »."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from tnt_sim.analysis.equity.list_equity import ListEquity, compute_equity
from tnt_sim.domain.money import parse_decimal
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, Text, _, _p
from tnt_sim.i18n.numbers import join_figures
from tnt_sim.reporting.renderers.xlsx import SOFT, Paper, Styles, add_sheet, set_up, write_columns, write_text
from tnt_sim.reporting.report_tree import Column
from tnt_sim.reporting.reports.envelope_table import EnvelopeColumn, Outlet, get_figure, list_columns
from tnt_sim.reporting.reports.equity import (
    DIMENSION,
    INDICES,
    SPLITS,
    build_class_columns,
    build_index_columns,
    build_split_columns,
    describe_heads,
    describe_success,
    describe_total,
    list_remarks,
)
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

EQUITY = _("Equity")

FIRST_WIDTH = 44


def write_equity(book: Workbook, styles: Styles, run: StoredRun, paper: Paper) -> None:
    """Write the sheet of equity."""
    lang, equity = paper.lang, compute_equity(run.table, run.spec)
    sheet = add_sheet(book, EQUITY.in_(lang))
    write_text(sheet, 0, 0, EQUITY.in_(lang), styles.title)
    sheet.set_row(0, 24)
    row = 1
    for text in (describe_total(equity), *list_remarks(equity)):
        write_text(sheet, row, 0, text.in_(lang), styles.soft)
        row += 1
    for title, sentences, columns in _list_parts(equity):
        row += 1
        write_text(sheet, row, 0, title.in_(lang), styles.section)
        row += 1
        for text in sentences:
            write_text(sheet, row, 0, text.in_(lang), styles.soft)
            row += 1
        write_columns(sheet, styles, row, columns, lang)
        row += 1 + len(columns[0].values)
    sheet.set_column(0, 0, FIRST_WIDTH)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=None))


def _list_parts(equity: ListEquity) -> Iterator[tuple[Text, Sequence[Text], Sequence[Column]]]:
    """Yield the title, sentences and columns of each table."""
    yield DIMENSION[""], (), build_class_columns([equity.total])
    for dimension in equity.dimensions:
        words = (describe_heads(equity, dimension), describe_success(equity, dimension))
        columns = build_class_columns(equity.list_classes(dimension))
        yield DIMENSION[dimension], [text for text in words if text is not None], columns
    if equity.indices:
        yield INDICES, (), build_index_columns(equity)
    if equity.splits:
        yield SPLITS, (), build_split_columns(equity)


_FIRST, _NAME = 3, 2

"""The columns of the first figure of an envelope, and of its name."""

_WIDTHS = (5, 4, 44)

_MONEY, _COUNT, _WHY = 17, 9, 44

_FLAGS = {"n_dossiers": None, "n_eligible": "eligible", "n_funded": "funded"}

"""By count of an envelope, the column of « Dossiers » that says who is counted."""

_WHY_LEFT = _("Why some is left")

_TOP = 8


@dataclass(frozen=True, slots=True)
class SumFormulas:
    """Formulas that sum over « Dossiers » for a range of envelope ranks, held in two cells of a row."""

    lang: Lang

    def build_formula(self, key: str, first: str, last: str, get_cell: Callable[[str], str]) -> str | None:
        """Return the formula of a figure of the envelopes first … last; None for what is no sum.

        `get_cell` gives the cell of another figure of the same envelope.
        """
        node = build_column_reference("node", self.lang)
        within = f'{node},">="&{first},{node},"<="&{last}'
        if key == "granted_cents":
            return f"=SUMIFS({build_column_reference('granted', self.lang)},{within})"
        if key == "unspent_cents":
            return f"=ROUND(MAX({get_cell('effective_cents')}-{get_cell('granted_cents')},0),2)"
        if key not in _FLAGS:
            return None
        flag = _FLAGS[key]
        more = f',{build_column_reference(flag, self.lang)},"{YES.in_(self.lang)}"' if flag else ""
        return f"=COUNTIFS({within}{more})"


def write_figure(
    sheet: Worksheet, row: int, column: int, formula: str | None, value: float | None, style: Format
) -> None:
    """Write a figure, by its formula where it has one; a missing one is blank."""
    if value is None:
        sheet.write_blank(row, column, None, style)
    elif formula is None:
        sheet.write_number(row, column, value, style)
    else:
        sheet.write_formula(row, column, formula, style, value)


def convert_figure(column: EnvelopeColumn, value: int | None) -> float | None:
    """Return a figure as a sheet holds it: euros, or a number."""
    return value if value is None or not column.is_money else value / 100


def write_summary(book: Workbook, styles: Styles, run: StoredRun, paper: Paper, name: str) -> None:
    """Write the sheet, which opens first, from top to bottom."""
    lang = paper.lang
    sheet = add_sheet(book, name)
    sheet.activate()
    columns = list_columns(Outlet.WORKBOOK, run.envelopes)
    widths = [*_WIDTHS, *(_MONEY if column.is_money else _COUNT for column in columns), _COUNT, _WHY]
    for k, width in enumerate(widths):
        sheet.set_column(k, k, width, None, {"hidden": k == 1})
    write_text(sheet, 0, 0, run.title, styles.title)
    sheet.set_row(0, 24)
    write_text(
        sheet, 1, 0, vocabulary.describe_verdict(run.data, verification=run.checked).in_(lang), styles.soft
    )
    _write_totals(sheet, styles, run, lang, columns)
    row = _write_envelopes(sheet, styles, run, lang, columns)
    row = _write_goals(sheet, styles, run, lang, row + 1)
    row = _write_rules(sheet, styles, run, lang, row + 1)
    _write_reasons(sheet, styles, run, lang, row + 1)
    sheet.freeze_panes(_TOP, 3)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=None))


def _write_totals(
    sheet: Worksheet, styles: Styles, run: StoredRun, lang: Lang, columns: Sequence[EnvelopeColumn]
) -> None:
    """Write the main figures, linked to the first row of the table of envelopes."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    label = styles.get_format(font_color=SOFT, align="right")
    for k, column in enumerate(columns, start=_FIRST):
        value = convert_figure(column, get_figure(run.envelopes[0], column.key))
        if column.unlike is not None or value is None:
            continue
        number = styles.numbers["short" if column.is_money else "count"]
        size = 14 if column.is_money else 12
        big = styles.get_format(bold=True, font_size=size, num_format=number, align="right")
        sheet.write_string(3, k, column.head.in_(lang), label)
        sheet.write_formula(4, k, f"={xl_rowcol_to_cell(_TOP, k)}", big, value)
    people = run.data.inhabitants
    if people is not None:  # not a sum of the table: each commune counts once
        k = _FIRST + len(columns) + 1
        sheet.write_string(3, k, vocabulary.INHABITANTS.in_(lang), styles.get_format(font_color=SOFT))
        big = styles.get_format(bold=True, font_size=12, num_format=styles.numbers["count"], align="left")
        sheet.write_number(4, k, people, big)
    sheet.set_row(4, 20)


def _write_envelopes(
    sheet: Worksheet, styles: Styles, run: StoredRun, lang: Lang, columns: Sequence[EnvelopeColumn]
) -> int:
    """Write one row per envelope, sums including all below it; return the next row."""
    write_text(sheet, _TOP - 2, 0, _("Envelopes").in_(lang), styles.section)
    used = _FIRST + len(columns)
    heads = [_("No."), _("to"), _("Envelope"), *(column.head for column in columns), _("Used"), _WHY_LEFT]
    for k, head in enumerate(heads):
        sheet.write_string(
            _TOP - 1, k, head.in_(lang), styles.get_head_format(right=k not in (_NAME, used + 1))
        )
    for k in range(len(run.envelopes)):
        _write_envelope(sheet, styles, run, columns, k)
    last = _TOP + len(run.envelopes)
    bar = {"type": "data_bar", "bar_solid": True, "bar_color": "#C3CCD3", "min_type": "num", "min_value": 0,
           "max_type": "num", "max_value": 1}  # fmt: skip
    sheet.conditional_format(_TOP, used, max(last - 1, _TOP), used, bar)
    return last


def _write_envelope(
    sheet: Worksheet, styles: Styles, run: StoredRun, columns: Sequence[EnvelopeColumn], k: int
) -> None:
    from xlsxwriter.utility import xl_rowcol_to_cell

    entry = run.envelopes[k]
    row, sums = _TOP + k, SumFormulas(styles.lang)
    bold = {"bold": True} if run.depths[k] == 0 else {}
    first, last = f"$A{row + 1}", f"$B{row + 1}"
    cells = {column.key: xl_rowcol_to_cell(row, at) for at, column in enumerate(columns, start=_FIRST)}

    def get_format(kind: str, *, wrap: bool = False, **more: object) -> Format:
        return styles.get_cell_formats(kind, wrap=wrap, **bold, **more)[0]

    sheet.write_number(row, 0, k + 1, get_format("count"))
    sheet.write_number(row, 1, run.ends[k], get_format("count"))
    name = entry.id if entry.title in ("", entry.id) else f"{entry.id} · {entry.title}"
    write_text(sheet, row, _NAME, name, get_format("text", wrap=True, indent=1 + run.depths[k]))
    for at, column in enumerate(columns, start=_FIRST):
        formula = sums.build_formula(column.key, first, last, cells.__getitem__)
        value = convert_figure(column, get_figure(entry, column.key))
        write_figure(sheet, row, at, formula, value, get_format("money" if column.is_money else "count"))
    at, effective, left = _FIRST + len(columns), entry.effective_cents, entry.unspent_cents
    rate = None if effective is None or left is None else entry.granted_cents / effective if effective else 0
    granted, available = cells["granted_cents"], cells["effective_cents"]
    write_figure(sheet, row, at, f"=IF({available}>0,{granted}/{available},0)", rate, get_format("rate"))
    why = entry.unspent_because if left else None
    write_text(sheet, row, at + 1, why or "", styles.get_cell_formats("text", wrap=True)[0])


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
