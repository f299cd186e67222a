"""Decision report as one self-contained HTML page, or as PDF.

Jinja2 escapes the texts; `script_text` encodes the data of the script. The Content-Security-Policy
allows only this script and these styles, each by its SHA-256, and no request (`default-src
'none'`). WeasyPrint lays out the PDF without the script and fetches nothing.

A custom style is refused, with its line, if it would load something. That check is a courtesy to
its author: the policy blocks any request anyway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from markupsafe import Markup

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError, Defects, Place, UsageError
from tnt_sim.i18n import message
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import amount, decimal, short_amount
from tnt_sim.reporting.charts.department_map import map_svg
from tnt_sim.reporting.decision_page import page_rows
from tnt_sim.reporting.decision_page.page_text import PAGE, sentences
from tnt_sim.reporting.decision_page.script_data import Slider, payload, script_text
from tnt_sim.reporting.decision_page.subtotals import Grouping, Tally, groupings, tallies
from tnt_sim.reporting.renderers.html import asset, policy
from tnt_sim.reporting.reports.decision_table import decided
from tnt_sim.reporting.reports.explanation import MOST_RESERVE_ROWS, explained, with_motives
from tnt_sim.reporting.text import vocabulary
from tnt_sim.reporting.text.verification import UNBOUND, answer_rows
from tnt_sim.reporting.text.vocabulary import SYNTHETIC
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.column_text import count

MOST_ON_PAPER = 5_000
"""Longest list of applications laid out on paper: each takes 8 ms of processor time."""


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Options of a report: language, slider, custom style, whether it is for paper.

    `explanation` is the document of `explain --all`; without it, applications have the reasons of
    the run.
    """

    lang: Lang
    slider: Slider | None = None
    theme_css: str = ""
    paper: bool = False
    explanation: Mapping[str, Any] | None = None


def report_html(run: StoredRun, options: PageOptions) -> str:
    """Return the report of a run as one HTML text; deterministic for a run."""
    groups = groupings(run, options.lang)
    result = {one.key: tallies(run, one) for one in groups}
    is_requested = run.table["requested_cents"].null_count() == 0
    values = {
        **_frame(run, options),
        **_decision(run, options.lang),
        **_places(result, options.lang, requested=is_requested),
        **_rest(run, options, groups, result),
    }
    html = _template().render(values)
    return _held_together(html) if options.lang is Lang.FR else html


_CODE = re.compile(r"(<(?:style|script|code|pre)\b.*?</(?:style|script|code|pre)>)", re.DOTALL)
_FRENCH_SIGNS = re.compile(r" (?=[:;?!»%€])|(?<=«) ")


def _held_together(html: str) -> str:
    """Replace spaces before French punctuation with non-breaking ones, outside styles and scripts."""
    parts = _CODE.split(html)
    return "".join(part if k % 2 else _FRENCH_SIGNS.sub("\u00a0", part) for k, part in enumerate(parts))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(asset("page.html"))


def _frame(run: StoredRun, options: PageOptions) -> dict[str, Any]:
    """Return words, style and script; `own` is the language of the planner's texts, `told` that of the run's."""
    script, style = "" if options.paper else asset("report.js"), asset("style.css")
    return {
        "lang": options.lang.value,
        "own": run.own_lang.value,
        "told": run.lang.value,
        "t": sentences(PAGE, options.lang),
        "policy": policy(script, (style, options.theme_css)),
        "style": Markup(style),
        "theme": Markup(options.theme_css),
        "script": Markup(script),
        "paper": options.paper,
        "amount": lambda cents: amount(cents, options.lang),
        "short": lambda cents: short_amount(cents, options.lang),
        "count": lambda n: count(n, options.lang),
    }


def _decision(run: StoredRun, lang: Lang) -> dict[str, Any]:
    summary = run.summary
    return {
        "run": run,
        "summary": summary,
        "verdict": vocabulary.verdict(summary, verification=run.checked).in_(lang),
        "synthetic": SYNTHETIC.in_(lang) if run.synthetic else "",
        "day": message.long_day(run.spec.date.isoformat()).in_(lang) if run.spec.date else "",
        "goals": [
            {
                "aim": f"{expressions_text.SENSE[goal['sense']].in_(lang)} {goal['goal']}",
                "value": decimal(goal["value"], lang),
                "bound": decimal(goal["bound"], lang),
                "proof": vocabulary.PROOF[goal["proof"]].in_(lang)
                if goal.get("proof") in vocabulary.PROOF
                else "–",
            }
            for goal in summary["objective"]
        ],
        "answers": [(name.in_(lang), text.in_(lang)) for name, text in answer_rows(run.checked)],
        "unbound": UNBOUND.in_(lang),
        "rules": page_rows.rule_lines(run, lang),
        "versions": ", ".join(f"{name} {version}" for name, version in summary["versions"].items()),
    }


def _places(tallies: Mapping[str, Sequence[Tally]], lang: Lang, *, requested: bool) -> dict[str, Any]:
    """Return the map and the tables of territories; no map if no application has a department.

    `requested`: whether every application states its request; otherwise a sum of requests would
    mislead.
    """
    departments = tallies.get("department", ())
    bounds = page_rows.bounds_of(departments)
    values = {line.code: float(line.granted_cents) for line in departments if line.code}
    titles = page_rows.department_titles(departments, lang)
    drawn = map_svg(values, titles, PAGE["map_label"].in_(lang), bounds["amount"]) if departments else ""
    return {
        "groups": dict(tallies),
        "asked": requested,
        "per_head": lambda line: page_rows.per_head(line, lang),
        "map": Markup(drawn),
        "legends": page_rows.legends(bounds, lang),
    }


def _rest(
    run: StoredRun, options: PageOptions, groups: Sequence[Grouping], tallies: Mapping[str, Sequence[Tally]]
) -> dict[str, Any]:
    """Return envelopes, slider, applications, and the data of the script."""
    lang, slider = options.lang, options.slider
    why = explained(options.explanation, lang)
    table = with_motives(decided(run), why)
    displayed = page_rows.envelope_lines(run, lang, slider)
    members = [line.members for line in displayed]
    bounds = page_rows.bounds_of(tallies.get("department", ()))
    data = ""
    if not options.paper:
        document = payload(run, table, groups, members, bounds, slider, lang)
        data = script_text(document | {"explained": why is not None})
    long = table.height > MOST_ON_PAPER
    moved = next((e for e in run.envelopes if slider is not None and e["id"] == slider.envelope), None)
    return {
        "why": why,
        "reserve": why.reserve[:MOST_RESERVE_ROWS] if why else (),
        "reserve_more": count(max(0, why.n_reserve - MOST_RESERVE_ROWS), lang) if why else "",
        "lines": displayed,
        "bar": page_rows.BAR,
        "reasons": page_rows.reason_lines(table, lang),
        "slider": slider,
        "slider_rule": slider.rule.in_(lang) if slider else "",
        "slider_label": PAGE["slider_label"].in_(lang).format(name=moved["title"] or moved["id"])
        if moved
        else "",
        "positions": page_rows.position_lines(run, slider, lang),
        "data": Markup(data),
        "dossiers": page_rows.paper_rows(table, lang) if options.paper and not long else [],
        "left_out": PAGE["left_out"].in_(lang).format(n=count(table.height, lang)) if long else "",
    }


def report_pdf(run: StoredRun, options: PageOptions) -> bytes:
    """Return the report of a run as PDF; a list longer than `MOST_ON_PAPER` is omitted.

    Raises
    ------
    UsageError
        If WeasyPrint or its libraries are missing.
    """
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise UsageError(
            Text(
                "le PDF demande WeasyPrint : installez « tnt-sim[pdf] » "
                "(et Pango ; sous Linux, le paquet libpango-1.0-0). Sans lui, écrivez un .html "
                "et imprimez-le depuis le navigateur.",
                "PDF needs WeasyPrint: install “tnt-sim[pdf]” (and Pango; on Linux the package libpango-1.0-0). "
                "Without it, write an .html and print it from the browser.",
            ),
            code="usage.pdf",
        ) from error
    made: Any = weasyprint.HTML(string=report_html(run, options), url_fetcher=_nothing)
    data: bytes = made.write_pdf()
    return data


def _nothing(url: str, *_: Any, **__: Any) -> NoReturn:
    """Refuse any request: a report refers to nothing outside."""
    raise ValueError(f"the report asks for nothing outside: {url[:80]}")


_MOST_BYTES = 1_000_000
_OUTSIDE = re.compile(r"@import|@charset|url\s*\(\s*(?!['\"]?\s*data:)|</|<!--", re.IGNORECASE)


def read_theme(path: Path) -> str:
    """Read a custom style, appended to the neutral one.

    Raises
    ------
    UsageError
        If the file does not exist or is too large.
    DataError
        If it is not UTF-8, or a line would load something or end the style.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            Text(
                f"la feuille de style « {path} » ne peut pas être lue.",
                f'the style sheet "{path}" cannot be read.',
            ),
            code="usage.theme",
        ) from error
    if len(data) > _MOST_BYTES:
        raise UsageError(
            Text(
                f"« {path} » dépasse 1 Mo : ce n'est pas une feuille de style.",
                f'"{path}" is above 1 MB: no style sheet.',
            ),
            code="usage.theme",
        )
    defects = Defects()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        defects.add(
            "theme", Text("la feuille de style n'est pas en UTF-8.", "the style sheet is not UTF-8."),
            Place(str(path)), hint=Text("Enregistrez-la en UTF-8.", "Save it as UTF-8."),
        )  # fmt: skip
        raise DataError(defects.found) from None
    _tell_outside(text, path, defects)
    defects.raise_if_any(DataError)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _tell_outside(text: str, path: Path, defects: Defects) -> None:
    """Report each line of the style that would load something or end the style."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _OUTSIDE.finditer(line):
            defects.add(
                "theme",
                Text(
                    f"« {match[0].strip()} » n'est pas permis : le rapport ne demande rien au dehors.",
                    f'"{match[0].strip()}" is not allowed: the report asks for nothing outside.',
                ),
                Place(str(path), line=number, column=match.start() + 1),
                hint=Text(
                    "Mettez polices et images dans la feuille (url(data:…)).",
                    "Put fonts and images into the sheet (url(data:…)).",
                ),
            )
