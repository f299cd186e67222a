"""Panels of the page as HTML, from an answer and the previous one; every text is escaped.

The panels are the totals, the map and tables, the list of applications (filtered, searched, limited
to the first rows), and the panel of conflicts with the cheapest repairs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
import numpy as np
import polars as pl
from markupsafe import Markup

from tnt_sim.app.live_answers import LiveAnswer
from tnt_sim.app.page_text import PAGE
from tnt_sim.engine.result import Proof
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import (
    format_amount,
    format_decimal,
    format_euros,
    format_integer,
    format_number,
    format_short_amount,
)
from tnt_sim.i18n.parameters import Count, Money
from tnt_sim.reporting.charts.department_map import compute_class_bounds, draw_map
from tnt_sim.reporting.decision_page.page_rows import (
    build_legends,
    describe_departments,
    format_per_head,
)
from tnt_sim.reporting.decision_page.subtotals import Grouping, Tally, build_groupings, build_tallies
from tnt_sim.reporting.text import vocabulary
from tnt_sim.reporting.text.vocabulary import write_goal
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.inhabitants import ReachedCommunes, find_reached_communes
from tnt_sim.rules.linear_terms import Unit
from tnt_sim.verify.reason_sentences import describe_unspent
from tnt_sim.verify.run_document import format_fraction

MOST_MOVES = 6
"""Most applications named among those that enter or leave; the list shows all."""


@dataclass(frozen=True, eq=False)
class Before:
    """Answers to compare with: the previous one and that of the scenario as written; None if missing."""

    last: LiveAnswer | None = None
    written: LiveAnswer | None = None


@dataclass(frozen=True, eq=False)
class TerritoryInput:
    """Input of the tables of territories."""

    spec: Any
    table: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Drawer:
    """Renderer of the panels in one language.

    Attributes
    ----------
    by_department : applications by department; None if no application has one
    bounds : class bounds of the map, fixed for all answers so that a colour keeps its meaning
    haystack : searchable text of each application, without accents, in lower case
    reach : communes that each application reaches; None without a map
    """

    lang: Lang
    by_department: Grouping | None
    bounds: Sequence[float]
    haystack: pl.Series
    reach: ReachedCommunes | None = None

    @classmethod
    def from_lang(cls, lang: Lang) -> Drawer:
        """Return the renderer used before any answer."""
        return cls(lang, None, [], pl.Series("haystack", [], dtype=pl.String))

    @classmethod
    def of(cls, answer: LiveAnswer, lang: Lang) -> Drawer:
        """Return the renderer of a scenario, from its first answer."""
        requested = build_territory_input(answer)
        result = next((one for one in build_groupings(requested, lang) if one.key == "department"), None)
        lines = build_tallies(requested, result) if result is not None else []
        bounds = compute_class_bounds(line.granted_cents for line in lines if line.code)
        texts = requested.table.select(
            pl.concat_str("dossier", "title", "applicant", separator=" ", ignore_nulls=True)
        )
        hay = [normalise_text(text) for text in texts.to_series().to_list()]
        reach = find_reached_communes(answer.problem.case)
        return cls(lang, result, bounds, pl.Series("haystack", hay, dtype=pl.String), reach)

    def render_macro(self, name: str, context: object) -> str:
        """Fill a part of `page.html`."""
        return str(getattr(load_macros(self.lang), name)(context)).strip()

    def render_answer(self, answer: LiveAnswer, before: Before, department: str = "") -> dict[str, str]:
        """Return the panels that an answer changes, except the list and what is beside the settings.

        `department` is the one that the list shows.
        """
        result = {
            "band": self.render_band(answer, before.written),
            "totals": self.render_macro("totals", self._describe_totals(answer, before.written)),
            "moves": self.render_macro("moves", self._describe_moves(answer, before)),
            "map": "",
            "departments": "",
        }
        if self.by_department is not None:
            lines = build_tallies(build_territory_input(answer), self.by_department)
            result |= {
                "map": self._render_map(lines),
                "departments": self._render_departments(lines, department),
            }
        return result

    def render_band(self, answer: LiveAnswer, written: LiveAnswer | None, *, stale: bool = False) -> str:
        """Return the lines that stay visible: granted, left, funded, and the change against the start."""
        granted, left, funded = compute_totals(answer)
        document = {
            "granted": format_short_amount(granted, self.lang),
            "left": format_short_amount(left, self.lang),
            "funded": format_integer(funded, self.lang),
            "change": "" if written is None else _describe_change_since_start(answer, written, self.lang),
        }
        return self.render_macro("band", {**document, "stale": stale})

    def _describe_totals(self, answer: LiveAnswer, written: LiveAnswer | None) -> dict[str, Any]:
        lang = self.lang
        broken = [reading.id for reading in answer.reading.rules if not reading.holds]
        return {
            "verdict": vocabulary.describe_outcome(answer.status, answer.proof, None).in_(lang),
            "sure": answer.sure,
            "figures": self._compare_totals(answer, written),
            "goals": [self._describe_goal(k, answer, written) for k in range(len(answer.reading.values))],
            "broken": _describe_broken_rules(broken, lang).in_(lang) if broken else "",
            "seconds": f"{answer.seconds:.3f}",
            "why_left": describe_unspent(answer.problem, answer.reasons, 0).in_(lang)
            if answer.reasons.unspent_code[0]
            else "",
            "how": _describe_evidence(answer, lang).in_(lang),
        }

    def _compare_totals(self, answer: LiveAnswer, written: LiveAnswer | None) -> list[tuple[str, str, str]]:
        """Return name, value, and the value of the scenario as written if it differs."""
        lang = self.lang
        reach = self.reach
        keys = ("amount", "granted", "left", "funded", *(() if reach is None else ("inhabitants",)))
        names = [PAGE[key].in_(lang) for key in keys]
        now, then = (
            [None] * len(keys) if one is None else self._format_totals(one, reach)
            for one in (answer, written)
        )
        was = _("as written: {{}}").in_(lang)
        return [
            (name, value or "", was.format(old) if old not in (None, value) else "")
            for name, value, old in zip(names, now, then, strict=True)
        ]

    def _format_totals(self, answer: LiveAnswer, reach: ReachedCommunes | None) -> list[str | None]:
        granted, left, funded = compute_totals(answer)
        whole = format_amount(answer.problem.case.tree.written_cents[0], self.lang)
        figures_text = [
            whole,
            format_amount(granted, self.lang),
            format_amount(left, self.lang),
            format_integer(funded, self.lang),
        ]
        people = (
            []
            if reach is None
            else [format_integer(reach.count_inhabitants(answer.allocation.funded), self.lang)]
        )
        return [*figures_text, *people]

    def _describe_goal(self, k: int, answer: LiveAnswer, written: LiveAnswer | None) -> str:
        """Write an objective: « Maximiser score : 31 240 (écrit : 31 100) ».

        The written value only if the same objective is optimised.
        """
        stage, lang = answer.problem.stages[k], self.lang
        money = stage.terms.unit is Unit.MONEY

        def format_value(of: LiveAnswer) -> str:
            text = format_fraction(of.reading.values[k])
            return format_euros(text, lang) if money else format_decimal(text, lang)

        value, was = format_value(answer), ""
        same = written is not None and not answer.state.weights and k < len(written.reading.values)
        if same and written is not None and format_value(written) != value:
            was = _(" (as written: {amount})", amount=format_value(written)).in_(lang)
        sense = expressions_text.SENSE[stage.sense.value].in_(lang).capitalize()
        aim = f"{sense} {write_goal(stage.goal).in_(lang)}"
        return f"{aim}{_(': ').in_(lang)}{value}{was}"

    def _describe_moves(self, answer: LiveAnswer, before: Before) -> dict[str, Any]:
        lang = self.lang
        groups = []
        if before.last is not None:
            enter, leave = find_moved_rows(answer, before.last)
            groups = [
                self._list_largest_moves(rows, key, of)
                for key, rows, of in (("enter", enter, answer), ("leave", leave, before.last))
                if len(rows)
            ]
        return {
            "words": _describe_change(answer, before.last, lang).in_(lang),
            "groups": groups,
            "against": _describe_difference(answer, before.written, lang).in_(lang),
        }

    def _list_largest_moves(self, rows: Sequence[int], key: str, of: LiveAnswer) -> dict[str, Any]:
        """Return the largest applications that enter or leave."""
        lang, table = self.lang, of.problem.case.table
        cents = of.allocation.granted_cents
        largest = sorted(rows, key=lambda row: (-int(cents[row]), row))[:MOST_MOVES]
        n = len(rows)
        all_text = _("Show all {n} in the list", n=n).in_(lang)
        title = _n("{n} enters", "{n} enter", n=n) if key == "enter" else _n("{n} leaves", "{n} leave", n=n)
        return {
            "title": title.in_(lang),
            "rows": [
                {
                    "dossier": table["dossier"][row],
                    "title": table["title"][row] or "",
                    "amount": format_amount(int(cents[row]), lang),
                }
                for row in largest
            ],
            "more": all_text if n > len(largest) else "",
            "show": key,
        }

    def _render_map(self, lines: Sequence[Tally]) -> str:
        values = {line.code: float(line.granted_cents) for line in lines if line.code}
        svg = draw_map(
            values,
            describe_departments(lines, self.lang),
            PAGE["map_label"].in_(self.lang),
            self.bounds,
        )
        return self.render_macro(
            "places",
            {"svg": Markup(svg), "legend": build_legends({"amount": self.bounds}, self.lang)["amount"]},
        )

    def _render_departments(self, lines: Sequence[Tally], department: str) -> str:
        lang = self.lang
        sentences = [
            {
                "name": line.name,
                "code": line.code,
                "chosen": bool(line.code) and line.code == department,
                "filed": format_integer(line.filed, lang),
                "funded": format_integer(line.funded, lang),
                "granted": format_amount(line.granted_cents, lang),
                "head": format_per_head(line, lang),
            }
            for line in lines
        ]
        return self.render_macro("departments", {"lines": sentences})


def build_territory_input(answer: LiveAnswer) -> TerritoryInput:
    """Return the applications with their decision."""
    table = answer.problem.case.table.with_columns(
        pl.Series("funded", answer.allocation.funded),
        pl.Series("granted_cents", answer.allocation.granted_cents),
    )
    return TerritoryInput(answer.problem.scenario.spec, table)


def compute_totals(answer: LiveAnswer) -> tuple[int, int, int]:
    """Return granted and left cents, and the number of funded applications."""
    left = answer.reading.envelopes.left_cents[0]
    return answer.reading.granted_cents, left, int(answer.allocation.funded.sum())


def find_moved_rows(answer: LiveAnswer, last: LiveAnswer) -> tuple[list[int], list[int]]:
    """Return the rows that enter and that leave from one answer to the next."""
    now, then = answer.allocation.funded, last.allocation.funded
    return np.flatnonzero(now & ~then).tolist(), np.flatnonzero(then & ~now).tolist()


def normalise_text(text: str) -> str:
    """Remove accents and capitals, for the search."""
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _describe_broken_rules(names: Sequence[str], lang: Lang) -> Text:
    text = format_list(names, lang)
    return _("Rules that do not hold (reported or priced): {rules}.", rules=text)


def _describe_evidence(answer: LiveAnswer, lang: Lang) -> Text:
    """Write the time, and whether the solution is unique."""
    took = format_number(round_to_hundredths(answer.seconds), lang, 2)
    entry = _("the one answer, ties broken") if answer.canonical else _("there may be ties")
    if answer.proof is not Proof.PROVED:
        return _("Computed and read again in {took} s; {entry}.", took=took, entry=entry)
    return _("Computed, proven and read again in {took} s; {entry}.", took=took, entry=entry)


def round_to_hundredths(seconds: float) -> Fraction:
    """Round seconds to hundredths, at least one."""
    return Fraction(max(1, round(seconds * 100)), 100)


def _describe_change(answer: LiveAnswer, last: LiveAnswer | None, lang: Lang) -> Text:
    if last is None:
        return _("Nothing has been changed yet.")
    enter, leave = find_moved_rows(answer, last)
    if enter or leave:
        more = answer.reading.granted_cents - last.reading.granted_cents
        sign = "+" if more > 0 else ""
        return _("Granted: {sign}{more}.", sign=sign, more=Money(more))
    changed = int((answer.allocation.granted_cents != last.allocation.granted_cents).sum())
    if changed:
        return _n(
            "The same applications; other amounts for {n} application.",
            "The same applications; other amounts for {n} applications.",
            n=changed,
        )
    return _("The same applications, the same amounts.")


def _describe_change_since_start(answer: LiveAnswer, written: LiveAnswer, lang: Lang) -> str:
    """Write who enters and leaves against the scenario as written, and the money: « +12, −3, +1,2 M€ »."""
    enter, leave = find_moved_rows(answer, written)
    more = answer.reading.granted_cents - written.reading.granted_cents
    if not (enter or leave or more):
        return PAGE["unchanged"].in_(lang)
    sign = "+" if more > 0 else ""
    return _(
        "{enter} in, {leave} out, {sign}{more} granted",
        enter=format_integer(len(enter), lang),
        leave=format_integer(len(leave), lang),
        sign=sign,
        more=format_short_amount(more, lang),
    ).in_(lang)


def _describe_difference(answer: LiveAnswer, written: LiveAnswer | None, lang: Lang) -> Text:
    if written is None:
        return _("The scenario as written has no allocation to compare with.")
    if answer.state.changes_nothing:
        return _("This is the scenario as it is written.")
    enter, leave = find_moved_rows(answer, written)
    return _(
        "Against the scenario as written: {more} more, {fewer} fewer.",
        more=Count(len(enter)),
        fewer=Count(len(leave)),
    )


@cache
def load_macros(lang: Lang) -> Any:
    """Return the macros of `page.html` in one language."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = (files("tnt_sim") / "app" / "assets" / "page.html").read_text(encoding="utf-8")
    said = {key: phrase.in_(lang) for key, phrase in PAGE.items()}
    return environment.from_string(text).make_module(
        {"t": said, "lang": lang.value, "colon": _(":").in_(lang)}
    )


def list_departments(drawer: Drawer, table: pl.DataFrame) -> list[tuple[str, str]]:
    """Return code and name of each department of the applications."""
    if drawer.by_department is None:
        return []
    held = set(table["department"].drop_nulls().to_list())
    grouping = drawer.by_department
    pairs = zip(grouping.codes, grouping.names, strict=True)
    return [(code, name) for code, name in pairs if code in held]
