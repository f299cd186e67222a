"""Decision report as one self-contained HTML page, or as PDF.

Jinja2 escapes the texts; `encode_script` encodes the data of the script. The Content-Security-Policy
allows only this script and these styles, each by its SHA-256, and no request (`default-src
'none'`). WeasyPrint lays out the PDF without the script and fetches nothing.

A custom style is refused, with its line, if it would load something. That check is a courtesy to
its author: the policy blocks any request anyway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from markupsafe import Markup

from tnt_sim.analysis.equity.department_spread import ListMoney, compute_spreads, get_map_year
from tnt_sim.analysis.equity.list_equity import ListEquity, compute_equity
from tnt_sim.analysis.explain.document import ExplainDocument
from tnt_sim.domain.publisher import list_missing_keys
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError, Defects, Place, UsageError
from tnt_sim.i18n.message import Lang, Text, _, join_sentences
from tnt_sim.i18n.numbers import (
    EURO,
    format_amount,
    format_day,
    format_decimal,
    format_integer,
    format_short_amount,
    get_currency,
)
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.charts.department_map import draw_map
from tnt_sim.reporting.decision_page import page_rows
from tnt_sim.reporting.decision_page.note_sections import (
    Picture,
    build_candidate_cards,
    build_extension_rows,
    build_gains,
    build_margin,
    build_money_picture,
    build_regions,
    build_rule_cards,
    describe_extension,
    describe_goal,
    describe_money,
    describe_rules,
    describe_shared_out,
    describe_territories,
    draw_chart,
    has_limits,
)
from tnt_sim.reporting.decision_page.note_sentences import build_sentences
from tnt_sim.reporting.decision_page.outcomes import Outcomes, build_outcomes
from tnt_sim.reporting.decision_page.page_text import NOTE, PAGE, translate_texts
from tnt_sim.reporting.decision_page.script_data import (
    ENVELOPE_KEYS,
    Slider,
    build_chunks,
    build_script_document,
    encode_script,
)
from tnt_sim.reporting.decision_page.subtotals import Grouping, Tally, build_groupings, build_tallies
from tnt_sim.reporting.public_run import hide_persons
from tnt_sim.reporting.renderers.html import build_security_policy, read_asset
from tnt_sim.reporting.report_tree import SYNTHETIC, Chart, Column, write_words
from tnt_sim.reporting.reports.decision_table import build_decision_table
from tnt_sim.reporting.reports.envelope_table import Outlet, list_columns
from tnt_sim.reporting.reports.equity import (
    ABOUT_INDICES,
    DIMENSION,
    SPLITS,
    build_class_columns,
    build_split_columns,
    describe_heads,
    describe_indices,
    describe_size_heads,
    describe_success,
    describe_total,
    label_class,
    list_remarks,
    list_size_heads,
    round_per_head,
)
from tnt_sim.reporting.reports.explanation import MOST_RESERVE_ROWS, build_explained, with_motives
from tnt_sim.reporting.reports.money_spread import build_spread_chart
from tnt_sim.reporting.text import vocabulary
from tnt_sim.reporting.text.verification import (
    UNBOUND,
    WITHOUT_PROGRAM,
    build_answer_rows,
    choose_legal_texts,
    describe_evidence,
    describe_place,
    describe_unread,
)
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.verify.verification import Means, Standing


@dataclass(frozen=True, slots=True)
class FiguresTable:
    """A table of the annex, with the sentences above it."""

    title: str
    sentences: Sequence[str]
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class EquityAnnex:
    """The annex: sentences, pictures and tables; a picture is None where its figures are not known."""

    total: str
    sizes: Picture | None
    curve: Picture | None
    tables: Sequence[FiguresTable]
    indices: str
    splits: FiguresTable | None
    remarks: Sequence[str]


def build_equity(run: StoredRun, lang: Lang, *, paper: bool) -> EquityAnnex:
    """Return how the list treats classes of applicants."""
    equity = compute_equity(run.table, run.spec)
    splits = build_split_columns(equity) if equity.splits else None
    return EquityAnnex(
        describe_total(equity).in_(lang),
        _build_size_picture(equity, lang, paper=paper),
        _build_curve(run, lang, paper=paper),
        [_build_table(equity, dimension, lang) for dimension in equity.dimensions],
        join_sentences(describe_indices(equity), ABOUT_INDICES if equity.indices else None).in_(lang),
        None if splits is None else _format_table(SPLITS, [], splits, lang),
        [text.in_(lang) for text in list_remarks(equity)],
    )


def _build_table(equity: ListEquity, dimension: str, lang: Lang) -> FiguresTable:
    columns = build_class_columns(equity.list_classes(dimension))
    words = [describe_heads(equity, dimension), describe_success(equity, dimension)]
    return _format_table(DIMENSION[dimension], [text for text in words if text is not None], columns, lang)


def _format_table(
    title: Text, sentences: Sequence[Text], columns: Sequence[Column], lang: Lang
) -> FiguresTable:
    cells = [column.format_values(lang, range(len(column.values))) for column in columns]
    return FiguresTable(
        title.in_(lang),
        [text.in_(lang) for text in sentences],
        [write_words(column.head, lang) for column in columns],
        list(zip(*cells, strict=True)),
    )


def _build_size_picture(equity: ListEquity, lang: Lang, *, paper: bool) -> Picture | None:
    """Return the money per inhabitant of each size class; None for fewer than two, or without money."""
    classes = list_size_heads(equity)
    finding = describe_size_heads(equity)
    if finding is None:
        return None
    bars = [
        Bar(label_class(entry), [cents], [Money(cents)])
        for entry in classes
        if (cents := round_per_head(entry)) is not None
    ]
    question = _("How much does each inhabitant get, by size of the applicant?")
    entries = [_("{name}: {text}", name=bar.label, text=bar.texts[0]) for bar in bars]
    alt = Items((question, Items(entries, ";")), "")
    return draw_chart(Chart(Bars(bars), finding, question, alt), lang, paper=paper)


def _build_curve(run: StoredRun, lang: Lang, *, paper: bool) -> Picture | None:
    """Return the Lorenz curve of departments; None without two of known population and money."""
    if "department" not in run.table.columns or run.spec.place_column is not None:
        return None
    lists = compute_spreads([ListMoney("", run.table)], get_map_year(run.spec))
    if lists is None:
        return None
    return draw_chart(build_spread_chart(lists), lang, paper=paper)


_SHEETS = _(
    "An applicant may ask for the sheet of its decision: the part of the computation, the data, the rules and "
    "the operations (CRPA, art. R. 311-3-1-2). This command writes all of them:"
)

_NO_MENTION = _("Letters have no mention of the algorithm, which the law asks for (CRPA, art. L. 311-3-1).")


@dataclass(frozen=True, slots=True)
class LegalAnnex:
    """The annex in one language.

    Attributes
    ----------
    mention : of letters and orders, or that they have none
    missing : keys of `publisher` that the scenario does not give, "" for none
    sheets, command : what an applicant may ask for, and how it is written
    """

    mention: str
    missing: str
    sheets: str
    command: str


def build_legal_annex(run: StoredRun, lang: Lang) -> LegalAnnex | None:
    """Return what French law asks of the decision; None for a programme outside France."""
    if run.spec.place_column is not None:
        return None
    mention, keys = choose_legal_texts(run.spec, lang)[1], list_missing_keys(run.spec.publisher)
    missing = _("Missing in `publisher` of the scenario: {keys}.", keys=", ".join(keys)) if keys else None
    folder = "fiches" if lang is Lang.FR else "sheets"
    return LegalAnnex(
        mention or _NO_MENTION.in_(lang),
        "" if missing is None else missing.in_(lang),
        _SHEETS.in_(lang),
        f"tnt-sim transparency runs/{run.name} --out {folder}",
    )


MOST_ON_PAPER = 5_000

"""Longest list of applications laid out on paper: each takes 8 ms of processor time."""

MOST_ON_PAGE = 100_000

"""Longest list of applications in a page: each takes some 120 bytes, and a browser reads all of them."""


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Options of a report: language, slider, custom style, whether it is for paper.

    `explanation` is the document of all applications; without it, applications have the reasons of
    the run.
    """

    lang: Lang
    slider: Slider | None = None
    theme_css: str = ""
    paper: bool = False
    explanation: ExplainDocument | None = None


def render_report_html(run: StoredRun, options: PageOptions) -> str:
    """Return the report of a run as one HTML text; deterministic for a run, without contacts of persons."""
    run = hide_persons(run)
    groups = build_groupings(run, options.lang)
    result = {one.key: build_tallies(run, one) for one in groups}
    outcomes = build_outcomes(run, options.explanation)
    is_requested = run.table["requested_cents"].null_count() == 0
    values = {
        **_build_frame(run, options),
        **_build_decision(run, options),
        **_build_note(run, options, outcomes, result),
        **_build_territories(run, options, result, requested=is_requested),
        **_build_envelopes_and_dossiers(run, options, groups, outcomes),
    }
    return _load_template().render(values)


@cache
def _load_template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(read_asset("page.html"))


_SCRIPT_AMOUNT = 'FR ? text + "\\u00a0€" : "€" + text'


def _localise_script(script: str, lang: Lang) -> str:
    """Return the script, whose amounts are in the currency of this process."""
    if get_currency() == EURO:
        return script
    before, after = (json.dumps(part) for part in get_currency().add_to("0", "", lang).split("0"))
    assert _SCRIPT_AMOUNT in script
    return script.replace(_SCRIPT_AMOUNT, f"{before} + text + {after}")


def _build_frame(run: StoredRun, options: PageOptions) -> dict[str, Any]:
    """Return words, style and script; `own` is the language of the planner's texts, `told` that of the run's."""
    script, style = (
        "" if options.paper else _localise_script(read_asset("report.js"), options.lang),
        read_asset("style.css") + read_asset("note.css"),
    )
    return {
        "lang": options.lang.value,
        "own": run.own_lang.value,
        "told": run.lang.value,
        "t": translate_texts(PAGE, options.lang),
        "n": translate_texts(NOTE, options.lang),
        "policy": build_security_policy(script, (style, options.theme_css)),
        "style": Markup(style),
        "theme": Markup(options.theme_css),
        "script": Markup(script),
        "paper": options.paper,
        "amount": lambda cents: format_amount(cents, options.lang),
        "short": lambda cents: format_short_amount(cents, options.lang),
        "count": lambda n: format_integer(n, options.lang),
    }


def _build_decision(run: StoredRun, options: PageOptions) -> dict[str, Any]:
    document, checked, lang = run.data, run.checked, options.lang
    if options.explanation is not None and options.explanation.read_from is not None:
        checked = replace(checked, explanation=Standing.CLAIMED)
    can_repeat = checked.optimal.means in (Means.SUMS, Means.LIST) and not document.steps
    return {
        "run": run,
        "summary": document,
        "verdict": vocabulary.describe_verdict(document, verification=checked).in_(lang),
        "synthetic": SYNTHETIC.in_(lang) if run.synthetic else "",
        "day": format_day(run.spec.date.isoformat(), lang) if run.spec.date else "",
        "goals": [
            {
                "aim": f"{expressions_text.SENSE[goal.sense].in_(lang)} {describe_goal(run, goal.goal).in_(lang)}",
                "value": format_decimal(goal.value, lang),
                "bound": format_decimal(goal.bound, lang),
                "proof": describe_evidence(goal.proof, checked.optimal.standing).in_(lang),
            }
            for goal in document.objective
        ],
        "answers": [(name.in_(lang), text.in_(lang)) for name, text in build_answer_rows(checked.record)],
        "read_from": "" if not checked.inputs else describe_place(checked.record).in_(lang),
        "without_us": WITHOUT_PROGRAM.in_(lang) if can_repeat else "",
        "unbound": UNBOUND.in_(lang),
        "unread": "" if (unread := describe_unread(checked.record)) is None else unread.in_(lang),
        "versions": ", ".join(f"{name} {version}" for name, version in document.versions.items()),
    }


def _build_note(
    run: StoredRun, options: PageOptions, outcomes: Outcomes, tallies: Mapping[str, Sequence[Tally]]
) -> dict[str, object]:
    """Return the first screen, who gains, the margin, the rules, and what more money would do."""
    lang, explanation, paper = options.lang, options.explanation, options.paper
    sentences = build_sentences(run, outcomes, explanation)
    cards = build_rule_cards(run, explanation, lang)
    return {
        "note": {
            "lead": sentences.lead.in_(lang),
            "others": sentences.others.in_(lang),
            "left": [text.in_(lang) for text in sentences.left],
            "decisions": [text.in_(lang) for text in sentences.decisions],
            "proof": sentences.proof.in_(lang),
        },
        "money": build_money_picture(run, outcomes, describe_money(outcomes.rows[0]), lang, paper=paper),
        "gains": build_gains(run, tallies, outcomes, lang, paper=paper),
        "margin": build_margin(run, outcomes, explanation, lang, paper=paper),
        "candidates": build_candidate_cards(run, explanation, lang),
        "has_limits": has_limits(explanation),
        "cards": cards,
        "rules_finding": describe_rules(cards, explanation).in_(lang),
        "extension": describe_extension(outcomes, explanation).in_(lang),
        "extensions": build_extension_rows(run, outcomes, explanation, lang),
        "shared_out": text.in_(lang) if (text := describe_shared_out(run)) is not None else "",
    }


def _build_territories(
    run: StoredRun, options: PageOptions, tallies: Mapping[str, Sequence[Tally]], *, requested: bool
) -> dict[str, Any]:
    """Return the map and the tables of territories; no map if no application has a department.

    `requested`: whether every application states its request; otherwise a sum of requests would
    mislead.
    """
    lang, departments = options.lang, tallies.get("department", ())
    bounds = page_rows.compute_map_bounds(departments)
    values = {line.code: line.per_head_cents or 0.0 for line in departments if line.code}
    titles = page_rows.describe_departments(departments, lang)
    drawn = draw_map(values, titles, PAGE["map_label"].in_(lang), bounds["head"]) if departments else ""
    finding = describe_territories(departments)
    return {
        "groups": dict(tallies),
        "asked": requested,
        "per_head": lambda line: page_rows.format_per_head(line, lang),
        "map": Markup(drawn),
        "place": run.spec.place_label or (PAGE["department"].in_(lang) if departments else ""),
        "by_place": _("Totals by {label}", label=run.spec.place_label).in_(lang),
        "every_place": PAGE["every_department" if departments else "all"].in_(lang),
        "legends": page_rows.build_legends(bounds, lang),
        "territories": finding.in_(lang) if finding is not None else "",
        "regions": build_regions(tallies.get("region", ()), lang, paper=options.paper),
        "equity": build_equity(run, lang, paper=options.paper),
        "law": build_legal_annex(run, lang),
    }


def _build_envelopes_and_dossiers(
    run: StoredRun, options: PageOptions, groups: Sequence[Grouping], outcomes: Outcomes
) -> dict[str, Any]:
    """Return envelopes, slider, applications, and the data of the script."""
    lang, slider = options.lang, options.slider
    why = build_explained(options.explanation, lang)
    table = with_motives(build_decision_table(run), why)
    columns = list_columns(Outlet.NOTE, run.envelopes)
    displayed = page_rows.build_envelope_rows(run, columns, lang, slider)
    members = [line.row.members for line in displayed]
    bounds = page_rows.compute_map_bounds(
        build_tallies(run, groups[0]) if groups and groups[0].key == "department" else ()
    )
    listed = table.height <= (MOST_ON_PAPER if options.paper else MOST_ON_PAGE)
    data, chunks = "", list[Markup]()
    if not options.paper:
        document = build_script_document(run, table, groups, members, bounds, slider, lang, listed=listed)
        data = encode_script(document | {"explained": why is not None})
        chunks = (
            [Markup(encode_script(chunk)) for chunk in build_chunks(table, document["codes"]["names"])]
            if listed
            else []
        )
    place = run.spec.place_column or "department"
    moved = next((e for e in run.envelopes if slider is not None and e.id == slider.envelope), None)
    return {
        "notes": why.notes if why else (),
        "reserve": why.reserve[:MOST_RESERVE_ROWS] if why else (),
        "why": why,
        "reserve_more": format_integer(max(0, why.n_reserve - MOST_RESERVE_ROWS), lang) if why else "",
        "lines": displayed,
        "columns": [(column.head.in_(lang), _find_place(column.key)) for column in columns],
        "bar": page_rows.BAR,
        "reasons": page_rows.build_reason_rows(table, lang),
        "slider": slider,
        "slider_rule": slider.rule.in_(lang) if slider else "",
        "slider_label": PAGE["slider_label"].in_(lang).format(name=moved.title or moved.id) if moved else "",
        "positions": page_rows.build_position_rows(run, slider, lang),
        "data": Markup(data),
        "chunks": chunks,
        "dossiers": page_rows.build_print_rows(table, place, lang) if options.paper and listed else [],
        "on_reserve": outcomes.n_reserve > 0,
        "left_out": "" if listed else NOTE["no_list"].in_(lang).format(n=format_integer(table.height, lang)),
    }


def _find_place(key: str) -> str:
    """Return the place of a figure among those of a position, "" where it stays as it is."""
    return str(ENVELOPE_KEYS.index(key)) if key in ENVELOPE_KEYS else ""


def render_report_pdf(run: StoredRun, options: PageOptions) -> bytes:
    """Return the report of a run as PDF; a list longer than `MOST_ON_PAPER` is omitted."""
    return render_pdf(render_report_html(run, options))


def import_weasyprint() -> Any:
    """Import WeasyPrint, which makes a PDF of a page."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        from tnt_sim.installation import format_install_command

        raise UsageError(
            _(
                "PDF needs WeasyPrint and the library Pango (on Debian and Ubuntu the package "
                "libpango-1.0-0). Without them, write an .html and print it from the browser. To install "
                "WeasyPrint: {command}",
                command=format_install_command("pdf", "weasyprint"),
            ),
            code="usage.pdf",
        ) from error
    return weasyprint


def render_pdf(page: str) -> bytes:
    """Return a page as PDF; nothing is fetched for it."""
    made: Any = import_weasyprint().HTML(string=page, url_fetcher=_refuse_request)
    data: bytes = made.write_pdf()
    return data


def _refuse_request(url: str, *_args: Any, **_options: Any) -> NoReturn:
    """Refuse any request: a report refers to nothing outside."""
    raise ValueError(f"the report asks for nothing outside: {url[:80]}")


_MOST_BYTES = 1_000_000

_OUTSIDE = re.compile(r"@import|@charset|url\s*\(\s*(?!['\"]?\s*data:)|</|<!--", re.IGNORECASE)


def read_theme(path: Path) -> str:
    """Read a custom style, appended to the neutral one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            _('the style sheet "{path}" cannot be read.', path=path),
            code="usage.theme",
        ) from error
    if len(data) > _MOST_BYTES:
        raise UsageError(
            _('"{path}" is above 1 MB: no style sheet.', path=path),
            code="usage.theme",
        )
    defects = Defects()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        defects.add(
            "theme", _("the style sheet is not UTF-8."),
            Place(str(path)), hint=_("Save it as UTF-8."),
        )  # fmt: skip
        raise DataError(defects.entries) from None
    _report_external_references(text, path, defects)
    defects.raise_if_any(DataError)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _report_external_references(text: str, path: Path, defects: Defects) -> None:
    """Report each line of the style that would load something or end the style."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _OUTSIDE.finditer(line):
            defects.add(
                "theme",
                _('"{match}" is not allowed: the report loads nothing from outside.', match=match[0].strip()),
                Place(str(path), line=number, column=match.start() + 1),
                hint=_("Put fonts and images into the sheet (url(data:…))."),
            )
