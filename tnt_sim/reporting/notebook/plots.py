"""Charts of one decision: `result.plot.by_envelope()` and `result.plot.by_department()`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from tnt_sim.engine.stored_run import StoredEnvelope, StoredRun
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_short_amount
from tnt_sim.reporting.charts.department_map import compute_class_bounds, draw_map
from tnt_sim.reporting.charts.theme import (
    FREE,
    INK,
    SOFT,
    TINT,
    apply_theme,
    convert_to_millions,
    format_money_title,
    import_altair,
)
from tnt_sim.reporting.decision_page.page_rows import (
    build_legends,
    compute_map_bounds,
    describe_departments,
)
from tnt_sim.reporting.decision_page.subtotals import Tally, build_groupings, build_tallies
from tnt_sim.reporting.renderers.html import wrap_in_frame
from tnt_sim.reporting.report_tree import SYNTHETIC
from tnt_sim.rules.expressions.text import capitalise

MOST_CHILDREN = 12
WIDTH, ROW = 560, 34
_MAP_WIDTH = "34rem"
MEASURES = {
    "amount": _("the amount granted"),
    "head": _("the amount per head"),
    "count": _("the dossiers funded"),
}
"""Measures of the map of departments, and their names."""


@dataclass(frozen=True, slots=True)
class Plots:
    """Charts of a run, in one language."""

    run: StoredRun
    lang: Lang

    def by_envelope(self) -> Any:
        """Draw amount and grants of each envelope as an Altair chart; needs the optional dependency `charts`."""
        return draw_envelopes(self.run, self.lang)

    def by_department(self, measure: str = "amount") -> Map:
        """Draw the map of departments: `amount` granted, granted per `head`, or `count` of applications.

        Raises
        ------
        ValueError
            For another measure, or if no application has a department.
        """
        return draw_department_map(self.run, measure, self.lang)


def draw_envelopes(run: StoredRun, lang: Lang) -> Any:
    """Draw one bar per envelope, the programme first: grants within the amount."""
    alt = import_altair()
    rows = build_envelope_rows(run.envelopes, lang)
    y = alt.Y(
        "id:N",
        title=None,
        sort=None,
        axis=alt.Axis(ticks=False, domain=False, labelColor=INK, labelLimit=240),
    )
    most = max(max(row["has"], row["granted"]) for row in rows)
    x_scale = alt.Scale(domain=[0, most * 1.45 or 1], nice=False)
    axis = alt.Axis(format=",~f", tickCount=5, grid=False)
    title_x = format_money_title(_("Granted, of what the envelope has"), lang)
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    x = alt.X("has:Q", title=title_x, scale=x_scale, axis=axis)
    room = base.mark_bar(color=TINT, stroke=SOFT, strokeWidth=0.6, height=18).encode(x=x)
    granted = base.mark_bar(color=FREE, height=18).encode(x=alt.X("granted:Q", scale=x_scale))
    text = base.mark_text(align="left", dx=8, color=INK).encode(x=alt.X("end:Q", scale=x_scale), text="t:N")
    sub = [run.title, *([SYNTHETIC.in_(lang)] if run.synthetic else [])]
    title = {"text": _("Money by envelope").in_(lang), "subtitle": sub}
    return apply_theme(
        alt.layer(room, granted, text).properties(width=WIDTH, height=ROW * len(rows), title=title), lang
    )


def build_envelope_rows(entries: Sequence[StoredEnvelope], lang: Lang) -> list[dict[str, Any]]:
    """Return the programme and what is below it, without the children of envelopes with more than 12."""
    n_children = Counter(entry.parent for entry in entries)
    many = {parent for parent, n in n_children.items() if parent is not None and n > MOST_CHILDREN}
    rows = []
    for entry in entries:
        if entry.parent in many:
            continue
        has = entry.effective_cents
        granted = convert_to_millions(entry.granted_cents)
        text = format_short_amount(entry.granted_cents, lang)
        if has is not None:
            text = _("{text} of {short_amount}", text=text, short_amount=format_short_amount(has, lang)).in_(
                lang
            )
        room = convert_to_millions(has) if has is not None else granted
        rows.append({"id": entry.id, "has": room, "granted": granted, "end": max(room, granted), "t": text})
    return rows


@dataclass(frozen=True, slots=True)
class Map:
    """Map of the departments.

    Attributes
    ----------
    title : what it shows
    svg : the drawing
    classes : fill and words of each class
    lines : figures, one row per department
    """

    title: str
    svg: str
    classes: Sequence[tuple[str, str]]
    lines: Sequence[Tally]
    lang: Lang

    def _repr_html_(self) -> str:
        keys = "".join(
            f'<li style="display:inline-block;margin-right:1.1em"><span style="display:inline-block;width:1.3em;'
            f'height:.8em;margin-right:.4em;border:1px solid #8889;background:{fill}"></span>{escape(words)}</li>'
            for fill, words in self.classes
        )
        nothing = _("hatched: nothing").in_(self.lang)
        return wrap_in_frame(
            f'<h2>{escape(self.title)}</h2><figure style="max-width:{_MAP_WIDTH}">{self.svg}</figure>'
            f'<ul style="list-style:none;padding:0;margin:.3rem 0">{keys}<li style="display:inline-block">'
            f"{escape(nothing)}</li></ul>",
            self.lang,
        )


def draw_department_map(run: StoredRun, measure: str, lang: Lang) -> Map:
    """Draw the map of one measure of a run."""
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
    grouping = next((one for one in build_groupings(run, lang) if one.key == "department"), None)
    if grouping is None:
        raise ValueError("no dossier of this run has a department: there is no map")
    lines = [line for line in build_tallies(run, grouping) if line.code]
    title, titles = capitalise(MEASURES[measure].in_(lang)), describe_departments(lines, lang)
    values = {line.code: _get_measure(line, measure) for line in lines}
    bounds = compute_map_bounds(lines)["head"] if measure == "head" else compute_class_bounds(values.values())
    svg = draw_map(values, titles, title, bounds)
    return Map(title, svg, build_legends({measure: bounds}, lang)[measure], lines, lang)


def _get_measure(tally: Tally, measure: str) -> float:
    """Return one of `MEASURES` for a department."""
    if measure == "head":
        return tally.per_head_cents or 0.0
    return float(tally.granted_cents if measure == "amount" else tally.funded)
