"""The page of the report: the template filled with what a run holds; nothing in it asks for anything outside.

The texts of the page are escaped by Jinja2, the data of its script by `script_text`, and its policy lets only this
script and these styles work: `default-src 'none'`, each by its SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from tnt_sim.errors import Lang
from tnt_sim.view import words
from tnt_sim.view.decided import decided
from tnt_sim.view.figures import amount, count, decimal, short_amount
from tnt_sim.view.map import map_svg
from tnt_sim.view.report import lines
from tnt_sim.view.report.explained import MOST_RESERVE, explained, with_motives
from tnt_sim.view.report.payload import payload, script_text
from tnt_sim.view.report.phrases import PAGE, said
from tnt_sim.view.report.positions import Slider
from tnt_sim.view.report.tallies import Grouping, Tally, groupings, tallies
from tnt_sim.view.run_reader import StoredRun
from tnt_sim.view.tables import SYNTHETIC
from tnt_sim.view.verification_words import UNBOUND, answer_rows

MOST_ON_PAPER = 5_000
"""A list of more dossiers than this is not laid out on paper: 8 ms of processor time each."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a report is made: its language, the slider, a style of one's own, whether it is for paper.

    `explanation` is the document of `explain --all`; without it dossiers have the reasons of the run.
    """

    lang: Lang
    slider: Slider | None = None
    theme_css: str = ""
    paper: bool = False
    explanation: Mapping[str, Any] | None = None


def report_html(run: StoredRun, options: Options) -> str:
    """The report of a run as one HTML text; the same text for the same run."""
    groups = groupings(run, options.lang)
    found = {one.key: tallies(run, one) for one in groups}
    asked = run.table["requested_cents"].null_count() == 0
    values = {
        **_frame(run, options),
        **_decision(run, options.lang),
        **_places(found, options.lang, asked=asked),
        **_rest(run, options, groups, found),
    }
    html = _template().render(values)
    return _held_together(html) if options.lang is Lang.FR else html


_CODE = re.compile(r"(<(?:style|script|code|pre)\b.*?</(?:style|script|code|pre)>)", re.DOTALL)
_FRENCH_SIGNS = re.compile(r" (?=[:;?!»%€])|(?<=«) ")


def _held_together(html: str) -> str:
    """The page with French signs that no line break parts from their words; styles and scripts as they are."""
    parts = _CODE.split(html)
    return "".join(part if k % 2 else _FRENCH_SIGNS.sub("\u00a0", part) for k, part in enumerate(parts))


def policy(script: str, styles: Sequence[str]) -> str:
    """The Content-Security-Policy of a page: this script, these styles, and nothing else at all."""
    allowed = " ".join(_hash(text) for text in styles if text)
    runs = _hash(script) if script else "'none'"
    return f"default-src 'none'; script-src {runs}; style-src {allowed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(asset("page.html"))


def asset(name: str) -> str:
    """The text of one file of `assets`."""
    return (files("tnt_sim") / "view" / "report" / "assets" / name).read_text(encoding="utf-8")


def _frame(run: StoredRun, options: Options) -> dict[str, Any]:
    """Words, style and script; `own` is the language of the planner's texts, `told` that of the run's."""
    script, style = "" if options.paper else asset("report.js"), asset("style.css")
    return {
        "lang": options.lang.value,
        "own": run.own_lang.value,
        "told": run.lang.value,
        "t": said(PAGE, options.lang),
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
        "verdict": words.verdict(summary, found=run.found).in_(lang),
        "synthetic": SYNTHETIC.in_(lang) if run.synthetic else "",
        "day": words.long_day(run.spec.date.isoformat()).in_(lang) if run.spec.date else "",
        "goals": [
            {
                "aim": f"{words.SENSE[goal['sense']].in_(lang)} {goal['goal']}",
                "value": decimal(goal["value"], lang),
                "bound": decimal(goal["bound"], lang),
                "proof": words.PROOF[goal["proof"]].in_(lang) if goal.get("proof") in words.PROOF else "–",
            }
            for goal in summary["objective"]
        ],
        "answers": [(name.in_(lang), text.in_(lang)) for name, text in answer_rows(run.found)],
        "unbound": UNBOUND.in_(lang),
        "rules": lines.rule_lines(run, lang),
        "versions": ", ".join(f"{name} {version}" for name, version in summary["versions"].items()),
    }


def _places(found: Mapping[str, Sequence[Tally]], lang: Lang, *, asked: bool) -> dict[str, Any]:
    """The map and the tables of territories; no map where no dossier has a department.

    `asked` : whether every dossier says what it asks; where some are paid by formula, a sum would mislead.
    """
    departments = found.get("department", ())
    bounds = lines.bounds_of(departments)
    values = {line.code: float(line.granted_cents) for line in departments if line.code}
    titles = lines.department_titles(departments, lang)
    drawn = map_svg(values, titles, PAGE["map_label"].in_(lang), bounds["amount"]) if departments else ""
    return {
        "groups": dict(found),
        "asked": asked,
        "per_head": lambda line: lines.per_head(line, lang),
        "map": Markup(drawn),
        "legends": lines.legends(bounds, lang),
    }


def _rest(
    run: StoredRun, options: Options, groups: Sequence[Grouping], found: Mapping[str, Sequence[Tally]]
) -> dict[str, Any]:
    """Envelopes, slider, dossiers, and the data of the script."""
    lang, slider = options.lang, options.slider
    why = explained(options.explanation, lang)
    table = with_motives(decided(run), why)
    shown = lines.envelope_lines(run, lang, slider)
    members = [line.members for line in shown]
    bounds = lines.bounds_of(found.get("department", ()))
    data = ""
    if not options.paper:
        document = payload(run, table, groups, members, bounds, slider, lang)
        data = script_text(document | {"explained": why is not None})
    long = table.height > MOST_ON_PAPER
    moved = next((e for e in run.envelopes if slider is not None and e["id"] == slider.envelope), None)
    return {
        "why": why,
        "reserve": why.reserve[:MOST_RESERVE] if why else (),
        "reserve_more": count(max(0, why.n_reserve - MOST_RESERVE), lang) if why else "",
        "lines": shown,
        "bar": lines.BAR,
        "reasons": lines.reason_lines(table, lang),
        "slider": slider,
        "slider_rule": slider.rule.in_(lang) if slider else "",
        "slider_label": PAGE["slider_label"].in_(lang).format(name=moved["title"] or moved["id"])
        if moved
        else "",
        "positions": lines.position_lines(run, slider, lang),
        "data": Markup(data),
        "dossiers": lines.paper_rows(table, lang) if options.paper and not long else [],
        "left_out": PAGE["left_out"].in_(lang).format(n=count(table.height, lang)) if long else "",
    }
