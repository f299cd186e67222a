"""Reports of a sweep: tables, page, workbook, folder and terminal lines.

The page is one self-contained HTML file with a table beside each chart. The folder holds the
document, page, workbook and charts, next to the stored points.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup
from rich.text import Text as Line

from tnt_sim.analysis.sweep.document import FundedCurvePoint, SweepDocument, SweepPointEntry
from tnt_sim.documents import dump_document
from tnt_sim.engine.stored_run import RUN_ROOT
from tnt_sim.i18n.message import Lang, Text, format_long_day
from tnt_sim.i18n.numbers import format_amounts, format_short_amount, format_short_amounts
from tnt_sim.reporting.charts.sweep_charts import draw_sweep_chart
from tnt_sim.reporting.charts.theme import render_png, render_svg
from tnt_sim.reporting.renderers.html import build_security_policy
from tnt_sim.reporting.renderers.terminal import render_grid, wrap_paragraph
from tnt_sim.reporting.renderers.xlsx import (
    MAX_ROWS,
    Paper,
    Styles,
    choose_sheet_name,
    close,
    create_workbook,
    set_up,
    write_column,
)
from tnt_sim.reporting.run_folder.atomic_write import put_files
from tnt_sim.reporting.text.sweep import (
    ABOUT,
    CURVE,
    CURVES,
    NOTHING,
    PEOPLE,
    REACHED,
    describe_inhabitants,
    describe_sweep,
    describe_verdict,
    format_price,
    format_value,
    has_inhabitants,
    list_top_envelopes,
    select_lists,
    summarise_sweep,
)
from tnt_sim.reporting.text.vocabulary import INHABITANTS, PROOF, SYNTHETIC
from tnt_sim.rules.expressions.column_text import format_integer
from tnt_sim.scenario.scenario import ScenarioData

AMOUNT = Text("Montant", "Amount")
_TOTAL_KEYS = (
    "granted_cents",
    "left_cents",
    "n_funded",
    "n_new",
    "population",
    "inhabitants",
    "n_departments",
)


@dataclass(frozen=True, slots=True)
class ReadingTable:
    """Cells as displayed; `left` are the text columns, aligned to the left."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[bool]

    @property
    def right(self) -> tuple[int, ...]:
        """Return the numeric columns."""
        return tuple(k for k, words in enumerate(self.left) if not words)


def build_curve_table(
    document: SweepDocument, curve: str, points: Sequence[SweepPointEntry], lang: Lang
) -> ReadingTable:
    """Return what each amount buys, on one curve."""
    nested = curve == "nested" and document.free
    header = [
        AMOUNT.in_(lang),
        *(goal.goal for goal in document.goals),
        Text("Dossiers", "Dossiers").in_(lang),
        PEOPLE.in_(lang),
        *([REACHED.in_(lang)] if has_inhabitants(document) else []),
        Text("Dép.", "Dept.").in_(lang),
        Text("Accordé", "Granted").in_(lang),
        Text("Entrent", "Enter").in_(lang),
        (Text("Prix", "Price") if nested else Text("Sortent", "Leave")).in_(lang),
        Text("Preuve", "Proof").in_(lang),
    ]
    names = format_short_amounts([point.amount_cents for point in points], lang)
    rows = [
        [name, *_build_curve_row(document, point, curve, k > 0, lang)]
        for k, (name, point) in enumerate(zip(names, points, strict=True))
    ]
    return ReadingTable(header, rows, [False] * (len(header) - 1) + [True])


def _build_curve_row(
    document: SweepDocument, point: SweepPointEntry, curve: str, later: bool, lang: Lang
) -> list[str]:
    entry, reached = point.get_curve(curve), has_inhabitants(document)
    if not isinstance(entry, FundedCurvePoint):
        word = "" if entry is None else NOTHING[entry.status].in_(lang)
        return [*["–"] * (len(document.goals) + 6 + reached), word]
    nested = curve == "nested" and document.free
    change = format_price(document, point, lang) if nested else _format_n_changes(entry.left, later, lang)
    return [
        *(format_value(goal, lang) for goal in entry.objective),
        format_integer(entry.n_funded, lang),
        format_integer(entry.population, lang),
        *([format_integer(entry.inhabitants, lang)] if reached else []),
        format_integer(entry.n_departments, lang),
        format_short_amount(entry.granted_cents, lang),
        _format_n_changes(entry.entered, later, lang),
        change,
        PROOF[entry.proof].in_(lang) if entry.proof else "–",
    ]


def _format_n_changes(names: Sequence[str], later: bool, lang: Lang) -> str:
    return format_integer(len(names), lang) if later else "–"


def build_totals_table(document: SweepDocument, curve: str, lang: Lang) -> ReadingTable | None:
    """Return applications, inhabitants, departments, granted and unspent money by amount, exactly."""
    points = select_lists(document, curve)
    if not points:
        return None
    reached = has_inhabitants(document)
    header = [
        AMOUNT,
        Text("Dossiers", "Dossiers"),
        Text("dont nouveaux", "of these new"),
        PEOPLE,
        *([REACHED] if reached else []),
        Text("Départements", "Departments"),
        Text("Accordé", "Granted"),
        Text("Non dépensé", "Unspent"),
    ]
    names = format_short_amounts([point.amount_cents for point, _ in points], lang)
    granted = format_amounts([entry.granted_cents for _, entry in points], lang)
    left = format_amounts([entry.left_cents for _, entry in points], lang)
    rows = []
    for k, (_, entry) in enumerate(points):
        people = [entry.population, *([entry.inhabitants] if reached else [])]
        counts = [entry.n_funded, entry.n_new, *people, entry.n_departments]
        rows.append([names[k], *(format_integer(count, lang) for count in counts), granted[k], left[k]])
    return ReadingTable([text.in_(lang) for text in header], rows, [False] * len(header))


def build_envelope_table(curve: str, amounts: Sequence[SweepPointEntry], lang: Lang) -> ReadingTable | None:
    """Return applications and money by amount, for each envelope just below the programme."""
    points = [(point, entry) for point in amounts if (entry := point.get_list(curve)) is not None]
    if not points:
        return None
    tops = [entry.id for entry in list_top_envelopes(points[0][1])]
    header = [AMOUNT.in_(lang), *(cell for name in tops for cell in (name, ""))]
    rows = []
    names = format_short_amounts([point.amount_cents for point, _ in points], lang)
    for text, (_, at_amount) in zip(names, points, strict=True):
        entries = {entry.id: entry for entry in at_amount.envelopes}
        cells = [text]
        for name in tops:
            cells += [
                format_integer(entries[name].n_funded, lang),
                format_short_amount(entries[name].granted_cents, lang),
            ]
        rows.append(cells)
    return ReadingTable(header, rows, [False] * len(header))


def build_envelope_tables(
    document: SweepDocument, points: Sequence[SweepPointEntry], lang: Lang
) -> list[tuple[str, ReadingTable]]:
    """Return the table by envelope of each curve with its title; a single one if both curves agree."""
    about = Text("Par enveloppe : dossiers financés et accordé", "By envelope: dossiers funded and granted")
    found = [
        (curve, build_envelope_table(curve, points, lang)) for curve in CURVES if document.has_curve(curve)
    ]
    tables = [(curve, table) for curve, table in found if table is not None]
    if len(tables) > 1 and tables[0][1].rows == tables[1][1].rows:
        both = Text(", sur les deux courbes", ", on both curves")
        return [(about.in_(lang) + both.in_(lang), tables[0][1])]
    if len(tables) == 1:
        return [(about.in_(lang), tables[0][1])]
    names = {"free": Text(" (libre)", " (free)"), "nested": Text(" (promesses tenues)", " (promises kept)")}
    return [(about.in_(lang) + names[curve].in_(lang), table) for curve, table in tables]


def build_dossier_table(document: SweepDocument, lang: Lang, most: int) -> ReadingTable:
    """Return the applications that change, by the amount from which they stay funded."""
    known = sorted(
        ((row.free_from_cents if document.free else row.nested_from_cents, row) for row in document.dossiers),
        key=lambda pair: (pair[0] is None, pair[0] or 0, pair[1].envelope, pair[1].dossier),
    )
    header = [
        Text("Dossier", "Dossier"),
        Text("Intitulé", "Title"),
        Text("Enveloppe", "Envelope"),
        Text("Accordé", "Granted"),
        Text("Financé à partir de", "Funded from"),
    ]
    rows = [
        [
            row.dossier,
            row.title,
            row.envelope,
            format_short_amount(row.granted_cents, lang),
            format_short_amount(stable, lang)
            if stable is not None
            else Text("va et vient", "in and out").in_(lang),
        ]
        for stable, row in known[:most]
    ]
    return ReadingTable([text.in_(lang) for text in header], rows, [True, True, True, False, False])


def build_point_frame(document: SweepDocument) -> pl.DataFrame:
    """Return one row per amount and curve; amounts in cents, values as exact text."""
    rows = []
    for point in document.points:
        for curve in CURVES:
            entry = point.get_curve(curve)
            if entry is None:
                continue
            row: dict[str, str | int | None] = {
                "amount_cents": point.amount_cents,
                "curve": curve,
                "status": entry.status.value,
                "proof": None if entry.proof is None else entry.proof.value,
            }
            for k, goal in enumerate(document.goals):
                stage = entry.objective[k] if entry.objective else None
                row[f"goal_{k + 1}"] = goal.goal
                row[f"value_{k + 1}"] = None if stage is None else stage.value
                row[f"bound_{k + 1}"] = None if stage is None else stage.bound
            at_amount = point.get_list(curve)
            row |= dict.fromkeys(_TOTAL_KEYS) if at_amount is None else _list_totals(at_amount)
            row["n_entered"], row["n_left"] = (
                (0, 0) if at_amount is None else (len(at_amount.entered), len(at_amount.left))
            )
            row["price_of_nesting"] = point.price_of_nesting if curve == "nested" else None
            row["price_goal"] = point.price_goal if curve == "nested" else None
            row["width_cents"] = entry.width_cents
            rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _list_totals(at_amount: FundedCurvePoint) -> dict[str, int | None]:
    return {key: getattr(at_amount, key) for key in _TOTAL_KEYS}


def build_envelope_frame(document: SweepDocument) -> pl.DataFrame:
    """Return one row per amount, curve and envelope; `envelope_cents` is the envelope's amount there."""
    return pl.DataFrame(
        [
            {
                "amount_cents": point.amount_cents,
                "curve": curve,
                "id": entry.id,
                "parent": entry.parent,
                "title": entry.title,
                "envelope_cents": entry.amount_cents,
                "effective_cents": entry.effective_cents,
                "granted_cents": entry.granted_cents,
                "n_funded": entry.n_funded,
            }
            for point in document.points
            for curve in CURVES
            if (found := point.get_list(curve)) is not None
            for entry in found.envelopes
        ],
        infer_schema_length=None,
    )


def build_dossier_frame(document: SweepDocument) -> pl.DataFrame:
    """Return one row per application that some amount changes."""
    schema: dict[str, Any] = {
        "dossier": pl.String,
        "title": pl.String,
        "envelope": pl.String,
        "granted_cents": pl.Int64,
        "free_from_cents": pl.Int64,
        "nested_from_cents": pl.Int64,
        "free_at_cents": pl.List(pl.Int64),
        "nested_at_cents": pl.List(pl.Int64),
    }
    return pl.DataFrame([dump_document(row) for row in document.dossiers], schema=schema)


def build_step_frame(document: SweepDocument) -> pl.DataFrame:
    """Return one row per step of the exact curve; empty without `exact`."""
    steps = document.steps
    return pl.DataFrame({"amount_cents": [], "value": []} if steps is None else dump_document(steps))


MOST_DOSSIERS = 400
MOST_OPEN_ROWS = 40
_TITLES = {
    "curve": Text("La courbe", "The curve"),
    "figures": Text("En chiffres", "In figures"),
    "ladder": Text("Les dossiers qui entrent", "The dossiers that enter"),
    "envelopes": Text("Par enveloppe", "By envelope"),
}
_STYLE = """
figure { margin: .5rem 0 1rem; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
main > ul { max-width: 62rem; }
summary { cursor: pointer; color: var(--soft); padding: .35rem 0; }
@media (max-width: 40rem) {
  figure svg { max-width: none; min-width: 42rem; }
  tbody th { min-width: 0; white-space: nowrap; } td:nth-child(2):not(.n) { min-width: 14rem; }
}
"""


@dataclass(frozen=True, slots=True)
class CaptionedTable:
    """ReadingTable with its caption, for the template."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[bool]

    @property
    def folded(self) -> bool:
        """Whether it is too long to be displayed open."""
        return len(self.rows) > MOST_OPEN_ROWS


def render_sweep_html(
    document: SweepDocument, lang: Lang, *, pictures: Mapping[str, str] | None = None
) -> str:
    """Return the page; `pictures` are SVG texts by kind, by default drawn here if Altair is installed."""
    drawn = draw_charts(document, lang) if pictures is None else pictures
    style = (files("tnt_sim") / "reporting" / "renderers" / "assets" / "style.css").read_text(
        encoding="utf-8"
    ) + _STYLE
    day = format_long_day(document.date).in_(lang) if document.date else ""
    about = [
        document.scenario,
        ABOUT.in_(lang),
        Text(f"décision au {day}", f"as of {day}").in_(lang) if day else "",
    ]
    return _load_template().render(
        lang=lang.value,
        policy=build_security_policy("", (style,)),
        style=Markup(style),
        title=document.title or document.scenario,
        about=" · ".join(part for part in about if part),
        synthetic=SYNTHETIC.in_(lang) if document.synthetic else "",
        verdict=describe_verdict(document).in_(lang),
        heading=describe_sweep(document, lang),
        meaning=summarise_sweep(document, lang),
        parts=_build_sections(document, drawn, lang),
        people_note=" ".join(note.in_(lang) for note in describe_inhabitants(document)),
        foot=f"tnt-sim · {document.scenario_sha256[:16]}",
    )


def draw_charts(document: SweepDocument, lang: Lang) -> dict[str, str]:
    """Return every chart as SVG; none if Altair is not installed."""
    return (
        {kind: render_svg(draw_sweep_chart(document, kind, lang)) for kind in list_chart_kinds(document)}
        if has_charts()
        else {}
    )


def list_chart_kinds(document: SweepDocument) -> list[str]:
    """Return the kinds of charts that the document has data for; none for fewer than two amounts."""
    if len(select_lists(document, document.first_curve)) < 2:
        return []
    return [kind for kind in _TITLES if kind != "ladder" or document.dossiers]


def has_charts() -> bool:
    """Whether the optional dependency `charts` is installed."""
    return find_spec("altair") is not None and find_spec("vl_convert") is not None


@cache
def _load_template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(
        (files("tnt_sim") / "reporting" / "renderers" / "assets" / "sweep.html").read_text(encoding="utf-8")
    )


def _build_sections(document: SweepDocument, pictures: Mapping[str, str], lang: Lang) -> list[dict[str, Any]]:
    """Pair each chart with the table of the same figures."""
    tables: dict[str, list[CaptionedTable | None]] = {
        "curve": [_caption_curve(document, curve, lang) for curve in CURVES if document.has_curve(curve)],
        "figures": [_caption_totals(document, lang)],
        "ladder": [_caption_dossiers(document, lang)],
        "envelopes": [
            _caption_table(title, table)
            for title, table in build_envelope_tables(document, document.points, lang)
        ],
    }
    pieces = []
    for kind, title in _TITLES.items():
        result = [table for table in tables[kind] if table is not None]
        if kind in pictures or result:
            picture = Markup(pictures[kind]) if kind in pictures else ""
            said = title.in_(lang)
            pieces.append({"title": said, "alt": said, "picture": picture, "tables": result})
    return pieces


def _caption_curve(document: SweepDocument, curve: str, lang: Lang) -> CaptionedTable | None:
    points = [point for point in document.points if point.get_curve(curve) is not None]
    return (
        _caption_table(CURVE[curve].in_(lang), build_curve_table(document, curve, points, lang))
        if points
        else None
    )


def _caption_totals(document: SweepDocument, lang: Lang) -> CaptionedTable | None:
    table = build_totals_table(document, document.first_curve, lang)
    caption = Text("Ce que chaque montant atteint", "What each amount reaches")
    return None if table is None else _caption_table(caption.in_(lang), table)


def _caption_dossiers(document: SweepDocument, lang: Lang) -> CaptionedTable | None:
    if not document.dossiers:
        return None
    n, most = len(document.dossiers), MOST_DOSSIERS
    more = Text(f", les {most} premiers sur {n}", f", the first {most} of {n}").in_(lang) if n > most else ""
    caption = Text(
        "Dossiers qui changent d'un montant à l'autre", "Dossiers that change from one amount to another"
    )
    return _caption_table(caption.in_(lang) + more, build_dossier_table(document, lang, most))


def _caption_table(caption: str, table: ReadingTable) -> CaptionedTable:
    return CaptionedTable(caption, table.header, table.rows, table.left)


_NAMES = {
    "points": Text("Montants", "Amounts"),
    "envelopes": Text("Enveloppes", "Envelopes"),
    "dossiers": Text("Dossiers", "Dossiers"),
    "steps": Text("Paliers", "Steps"),
}
_HEADS = {
    "amount_cents": Text("Montant", "Amount"),
    "curve": Text("Courbe", "Curve"),
    "proof": Text("Preuve", "Proof"),
    "granted_cents": Text("Accordé", "Granted"),
    "left_cents": Text("Non dépensé", "Unspent"),
    "n_funded": Text("Dossiers financés", "Funded dossiers"),
    "n_new": Text("dont nouveaux", "of these new"),
    "population": Text("Population des porteurs", "Applicants' population"),
    "inhabitants": INHABITANTS,
    "n_departments": Text("Départements atteints", "Departments reached"),
    "n_entered": Text("Entrent", "Enter"),
    "n_left": Text("Sortent", "Leave"),
    "price_of_nesting": Text("Prix des promesses", "Price of the promises"),
    "price_goal": Text("… dans le but", "… in the goal"),
    "width_cents": Text("Écart en euros", "Gap in euros"),
    "id": Text("Enveloppe", "Envelope"),
    "parent": Text("Sous", "Under"),
    "title": Text("Intitulé", "Title"),
    "envelope_cents": Text("Montant de l'enveloppe", "Amount of the envelope"),
    "effective_cents": Text("Disponible", "Available"),
    "dossier": Text("Dossier", "Dossier"),
    "envelope": Text("Enveloppe", "Envelope"),
    "free_from_cents": Text("Libre : financé à partir de", "Free: funded from"),
    "nested_from_cents": Text("Promesses tenues : financé à partir de", "Promises kept: funded from"),
    "value": Text("Valeur", "Value"),
    "bound": Text("Borne", "Bound"),
}
_CELLS = {
    "free": Text("libre", "free"),
    "nested": Text("promesses tenues", "promises kept"),
    **{str(proof): text for proof, text in PROOF.items()},
}
_LEFT_OUT = ("status", "goal_")
_README = Text("Lisez-moi", "Read me")


def build_sweep_workbook(document: SweepDocument, lang: Lang) -> bytes:
    """Return the workbook; amounts are euros, values in the units of the objectives."""
    stream = io.BytesIO()
    title = document.title or document.scenario
    book = create_workbook(stream, title, document.scenario_sha256, None)
    styles = Styles(book, lang)
    taken: set[str] = set()
    _write_readme(
        book.add_worksheet(choose_sheet_name(_README.in_(lang), taken)), document, styles, title, lang
    )
    frames = {
        "points": build_point_frame(document),
        "envelopes": build_envelope_frame(document),
        "dossiers": build_dossier_frame(document),
        "steps": build_step_frame(document).head(MAX_ROWS),
    }
    for key, frame in frames.items():
        if frame.height:
            sheet = book.add_worksheet(choose_sheet_name(_NAMES[key].in_(lang), taken))
            _write_sheet(sheet, frame, styles, document, lang)
            set_up(sheet, Paper(title, document.scenario_sha256[:16], lang, 0))
    return close(book, stream)


def _write_readme(sheet: Any, document: SweepDocument, styles: Styles, title: str, lang: Lang) -> None:
    sheet.set_column(0, 0, 110)
    sheet.write_string(0, 0, title, styles.title)
    paragraphs = [SYNTHETIC.in_(lang)] if document.synthetic else []
    paragraphs += [
        describe_verdict(document).in_(lang),
        describe_sweep(document, lang),
        *summarise_sweep(document, lang),
    ]
    for row, text in enumerate(paragraphs, start=2):
        sheet.write_string(row, 0, text, styles.words)


def _write_sheet(
    sheet: Any, frame: pl.DataFrame, styles: Styles, document: SweepDocument, lang: Lang
) -> None:
    """Write a frame as a sheet: cents as euros, value texts as numbers, without lists of amounts."""
    column = 0
    for name in frame.columns:
        values = frame[name]
        if isinstance(values.dtype, pl.List) or name.startswith(_LEFT_OUT):
            continue
        kind, cells = _convert_cells(name, values)
        if name in ("curve", "proof"):
            cells = [_CELLS[cell].in_(lang) if cell in _CELLS else cell for cell in cells]
        sheet.write_string(
            0, column, _get_header(name, document, lang), styles.get_head_format(right=kind != "text")
        )
        write_column(sheet, 1, column, cells, styles.get_cell_formats(kind))
        sheet.set_column(column, column, 40 if name == "title" else 16)
        column += 1
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, frame.height, max(0, column - 1))


def _get_header(name: str, document: SweepDocument, lang: Lang) -> str:
    """Return the header of a column; those of an objective bear its name."""
    if name in _HEADS:
        return _HEADS[name].in_(lang)
    kind, _, number = name.rpartition("_")
    goal = str(document.goals[int(number) - 1].goal)
    return goal if kind == "value" else f"{goal}{Text(' : borne', ': bound').in_(lang)}"


def _convert_cells(name: str, values: pl.Series) -> tuple[str, list[Any]]:
    if name.endswith("_cents"):
        return "money", [None if cents is None else cents / 100 for cents in values.to_list()]
    if name.startswith(("value", "bound", "price_of_")):
        return "decimal", [None if text is None else float(text) for text in values.to_list()]
    if values.dtype.is_numeric():
        return "count", values.to_list()
    return "text", values.to_list()


POINTS = "points.jsonl"
DOCUMENT, PAGE, WORKBOOK = "sweep.json", "sweep.html", "sweep.xlsx"


def get_sweep_folder(scenario: ScenarioData, key: str, out: Path | None) -> Path:
    """Return `runs/<id>-sweep-<hash8>/`: the same request has the same folder."""
    safe = re.sub(r"[^\w.-]+", "-", scenario.id).strip(".-") or "scenario"
    return (out if out is not None else scenario.root / RUN_ROOT) / f"{safe}-sweep-{key[:8]}"


def write_sweep(document: SweepDocument, folder: Path, lang: Lang) -> list[Path]:
    """Write all files of a sweep, each atomically; an earlier result of the same request is replaced.

    Raises
    ------
    UsageError
        If the place cannot be written to.
    """
    drawn: dict[str, str] = {}
    data: dict[str, bytes] = {}
    if has_charts():
        for kind in list_chart_kinds(document):
            chart = draw_sweep_chart(document, kind, lang)
            drawn[kind] = render_svg(chart)
            data[f"{kind}.svg"] = drawn[kind].encode()
            data[f"{kind}.png"] = render_png(chart)
    data[DOCUMENT] = (
        json.dumps(dump_document(document), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    ).encode()
    data[PAGE] = render_sweep_html(document, lang, pictures=drawn).encode()
    data[WORKBOOK] = build_sweep_workbook(document, lang)
    return put_files(folder, data, replace=True)


MOST_ROWS = 15


def render_sweep(document: SweepDocument, *, lang: Lang, width: int) -> list[Line]:
    """Write the whole page of a sweep."""
    lines = _render_head(document, lang, width)
    for curve in CURVES:
        if document.has_curve(curve) and any(point.get_curve(curve) for point in document.points):
            lines += _render_section(CURVE[curve].in_(lang), _render_curve(document, curve, lang))
    for title, table in build_envelope_tables(document, select_points(document.points), lang):
        lines += _render_section(title, render_grid(table.rows, header=table.header, right=table.right))
    summary_lines = [
        line for text in summarise_sweep(document, lang) for line in wrap_paragraph(text, width, first="  ")
    ]
    lines += _render_section(Text("Ce que cela veut dire", "What this means").in_(lang), summary_lines)
    notes = [
        wrap_paragraph(note.in_(lang), width, first="  ", style="dim")
        for note in describe_inhabitants(document)
    ]
    lines += [Line(""), *(line for note in notes for line in note)] if notes else []
    for text in document.warnings:
        lines += wrap_paragraph(text, width, first="  ! ", style="yellow")
    if document.sweep_dir:
        where = Text("Dossier du balayage : ", "Sweep folder: ").in_(lang) + document.sweep_dir
        lines += [Line(""), Line(where)]
    return lines


def _render_head(document: SweepDocument, lang: Lang, width: int) -> list[Line]:
    lines = wrap_paragraph(document.title or document.scenario, width, style="bold")
    day = format_long_day(document.date).in_(lang) if document.date else ""
    as_of = Text(f"décision au {day}", f"as of {day}").in_(lang) if day else ""
    parts = [part for part in (document.scenario, ABOUT.in_(lang), as_of) if part]
    lines.append(Line(" · ".join(parts), style="dim"))
    if document.synthetic:
        lines += wrap_paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    good = document.status == "optimal" and document.proof == "PROVED"
    mark, style = ("✔", "bold green") if good else ("!", "bold yellow")
    said = describe_verdict(document).in_(lang)
    lines += [Line(""), *wrap_paragraph(said, width, first=f"{mark} ", style=style)]
    return [*lines, Line(""), *wrap_paragraph(describe_sweep(document, lang), width)]


def select_points(points: Sequence[SweepPointEntry]) -> list[SweepPointEntry]:
    """Select at most a page of points, evenly spread, including both ends."""
    if len(points) <= MOST_ROWS:
        return list(points)
    places = {round(k * (len(points) - 1) / (MOST_ROWS - 1)) for k in range(MOST_ROWS)}
    return [points[k] for k in sorted(places)]


def _render_curve(document: SweepDocument, curve: str, lang: Lang) -> list[Line]:
    points = [point for point in document.points if point.get_curve(curve) is not None]
    few = select_points(points)
    table = build_curve_table(document, curve, few, lang)
    lines = render_grid(table.rows, header=table.header, right=table.right)
    if len(few) < len(points):
        rest = format_integer(len(points) - len(few), lang)
        more = Text(f"  … {rest} autres montants : --json, ou la page", f"  … {rest} more amounts: --json")
        lines.append(Line(more.in_(lang), style="dim"))
    if curve == "nested" and document.free:
        note = Text(
            "  Prix : ce que vaut de plus la répartition libre du même montant.",
            "  Price: what the free allocation of the same amount is worth more.",
        )
        lines.append(Line(note.in_(lang), style="dim"))
    return lines


def _render_section(title: str, lines: Sequence[Line]) -> list[Line]:
    return [Line(""), Line(title, style="bold"), *lines] if lines else []
