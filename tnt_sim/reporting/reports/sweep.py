"""Report of a sweep, and its folder: document, page, workbook and charts beside the stored points."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from tnt_sim.analysis.sweep.document import (
    CURVES,
    CurvePoint,
    FundedCurvePoint,
    SweepDocument,
    SweepEnvelopeEntry,
    SweepPointEntry,
)
from tnt_sim.disk import encode_parquet
from tnt_sim.documents import iterate_json
from tnt_sim.engine.run_folder.atomic_write import put_files
from tnt_sim.engine.run_folder.own_folder import is_in_own_folder
from tnt_sim.engine.stored_run import RUN_ROOT
from tnt_sim.i18n.message import Bilingual, Capitalised, Lang, Text, _, _n, _p
from tnt_sim.i18n.parameters import RoundMoney
from tnt_sim.reporting.charts.picture_files import draw_picture_files
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.xlsx import build_report_workbook
from tnt_sim.reporting.report_tree import (
    Callout,
    Cell,
    Chart,
    Column,
    Kind,
    Node,
    Output,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    write_both,
)
from tnt_sim.reporting.reports.study_report import build_interruption, describe_day
from tnt_sim.reporting.reports.sweep_pictures import build_charts
from tnt_sim.reporting.text.sweep import (
    ABOUT,
    CURVE,
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
from tnt_sim.reporting.text.vocabulary import label_dossiers
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.values.answer_values import PROOF, label_goal

AMOUNT = _("Amount")
MOST_POINTS = 15
MOST_LISTED = 50_000
"""Dossiers that a page or a workbook can list; `dossiers.parquet` has all."""
WRITING_SHARE, WRITING_SECONDS, WRITING_SECONDS_PER_MILLION = 0.15, 3.0, 6.0
"""Share of a limit, and most seconds, for drawing the charts and writing the files."""
_CHARTS = {
    "curve": _("The curve"),
    "figures": _("In figures"),
    "ladder": _("The applications that enter"),
    "envelopes": _("By envelope"),
}
_SHEETS = {"free": _("Free"), "nested": _("Commitments kept")}


def build_report(document: SweepDocument) -> Report:
    """Return the report; its pictures are drawn when a page is rendered."""
    good = document.status == "optimal" and document.proof == "PROVED"
    found = any(select_lists(document, curve) for curve in CURVES)
    tone = (Tone.GOOD if found else Tone.BAD) if good else Tone.DOUBT
    day = document.date
    return Report(
        title=Bilingual(capitalise(ABOUT.fr), capitalise(ABOUT.en)),
        subject=document.title or document.scenario,
        about=[document.scenario, *([describe_day(day)] if day else [])],
        nodes=[
            Callout(describe_verdict(document), tone),
            *build_interruption(document),
            Paragraph(write_both(partial(describe_sweep, document))),
            *_build_meaning(document),
            *_build_sections(document, build_charts(document)),
            *(Paragraph(note, soft=True) for note in describe_inhabitants(document)),
            *(Callout(text, Tone.WARNING) for text in document.warnings),
            *_build_place(document),
        ],
        synthetic=document.synthetic,
        foot={document.scenario: document.scenario_sha256},
    )


def _build_meaning(document: SweepDocument) -> list[Section]:
    pairs = zip(summarise_sweep(document, Lang.FR), summarise_sweep(document, Lang.EN), strict=True)
    said = [Paragraph(Bilingual(fr, en)) for fr, en in pairs]
    return [Section(_("What this means"), said)] if said else []


def _build_place(document: SweepDocument) -> list[Paragraph]:
    where = document.sweep_dir
    return [Paragraph(_("Sweep folder: {where}", where=where))] if where else []


def _build_sections(document: SweepDocument, charts: Mapping[str, Chart]) -> list[Section]:
    """Pair each chart with the tables of the same figures."""
    tables: dict[str, list[Node]] = {
        "curve": [node for curve in CURVES for node in _build_curve(document, curve)],
        "figures": _build_totals(document),
        "ladder": _build_dossiers(document),
        "envelopes": _build_envelopes(document),
    }
    sections = []
    for kind, title in _CHARTS.items():
        chart = [charts[kind]] if kind in charts else []
        if chart or tables[kind]:
            sections.append(Section(title, [*chart, *tables[kind]], annex=kind in ("figures", "ladder")))
    return [*sections, *_build_steps(document)]


def _build_amounts(points: Sequence[SweepPointEntry]) -> Column:
    """Return the amounts examined: in k€ or M€ where no amount is rounded, otherwise exactly."""
    amounts = [point.amount_cents for point in points]
    exact = all(cents % (10_000_000 if cents >= 100_000_000 else 10_000) == 0 for cents in amounts)
    return Column(AMOUNT, amounts, Kind.ROUND_MONEY if exact else Kind.MONEY)


def _build_curve(document: SweepDocument, curve: str) -> list[Node]:
    """Return what each amount buys, on one curve."""
    pairs = [(point, entry) for point in document.points if (entry := point.get_curve(curve)) is not None]
    if not pairs or not document.has_curve(curve):
        return []
    points, entries = [point for point, __ in pairs], [entry for __, entry in pairs]
    lists = [point.get_list(curve) for point in points]
    costs = curve == "nested" and document.free
    columns = [
        _build_amounts(points),
        *_list_goal_columns(document, entries),
        Column(_("Applications"), _pick(lists, "n_funded"), Kind.COUNT),
        Column(_("of these new"), _pick(lists, "n_new"), Kind.COUNT, Output.SHEET),
        Column(PEOPLE, _pick(lists, "population"), Kind.COUNT, optional=True),
    ]
    if has_inhabitants(document):
        columns.append(Column(REACHED, _pick(lists, "inhabitants"), Kind.COUNT, optional=True))
    columns += [
        Column(_("Dept."), _pick(lists, "n_departments"), Kind.COUNT, optional=True),
        Column(_("Granted"), _pick(lists, "granted_cents"), Kind.ROUND_MONEY),
        Column(_("Unspent"), _pick(lists, "left_cents"), Kind.MONEY, Output.SHEET),
        Column(_("Enter"), _count_changes(lists, "entered"), Kind.COUNT, optional=True),
        Column(
            _("Leave"),
            _count_changes(lists, "left"),
            Kind.COUNT,
            Output.SHEET if costs else Output.ALL,
            optional=True,
        ),
    ]
    if costs:
        prices = [write_both(partial(format_price, document, point)) for point in points]
        displayed = [None if one is None else price for one, price in zip(lists, prices, strict=True)]
        columns += [
            Column(_("Price"), displayed, Kind.FIGURE, Output.READING),
            Column(
                _("Price of the commitments"),
                [point.price_of_nesting for point in points],
                Kind.DECIMAL,
                Output.SHEET,
            ),
            Column(
                _("… in the goal"),
                ["" if point.price_goal is None else label_goal(point.price_goal) for point in points],
                outputs=Output.SHEET,
            ),
        ]
    columns += [
        Column(
            _("Gap in euros"),
            [entry.width_cents for entry in entries],
            Kind.MONEY,
            Output.SHEET,
        ),
        Column(_("Proof"), [_describe_evidence(entry) for entry in entries]),
    ]
    note = _("Price: how much more the free allocation of the same amount is worth.")
    table = Table(columns, CURVE[curve], name=_SHEETS[curve], most=MOST_POINTS, spread=True, folded=costs)
    return [table, *([Paragraph(note, soft=True)] if costs else [])]


def _list_goal_columns(document: SweepDocument, entries: Sequence[CurvePoint]) -> list[Column]:
    """Return the value of each objective: with its bound for a reader, apart in a sheet."""
    columns = []
    for k, goal in enumerate(document.goals):
        stages = [entry.objective[k] if entry.objective else None for entry in entries]
        texts = [None if stage is None else write_both(partial(format_value, stage)) for stage in stages]
        label = Capitalised(label_goal(goal.goal))
        bound = _("{goal}: bound", goal=label)
        columns += [
            Column(label, texts, Kind.FIGURE, Output.READING),
            Column(label, [None if one is None else one.value for one in stages], Kind.DECIMAL, Output.SHEET),
            Column(bound, [None if one is None else one.bound for one in stages], Kind.DECIMAL, Output.SHEET),
        ]
    return columns


def _pick(lists: Sequence[FundedCurvePoint | None], key: str) -> list[Cell]:
    return [None if one is None else getattr(one, key) for one in lists]


def _count_changes(lists: Sequence[FundedCurvePoint | None], key: str) -> list[Cell]:
    """Count who enters or leaves since the amount before; unknown at the first."""
    counts: list[Cell] = [None if one is None else len(getattr(one, key)) for one in lists]
    return [None, *counts[1:]]


def _describe_evidence(entry: CurvePoint) -> Text | None:
    if not isinstance(entry, FundedCurvePoint):
        return NOTHING[entry.status]
    return PROOF[entry.proof] if entry.proof else None


def _build_totals(document: SweepDocument) -> list[Node]:
    """Return applications, inhabitants, departments, granted and unspent money by amount, exactly."""
    points = select_lists(document, document.first_curve)
    if not points:
        return []
    lists = [entry for __, entry in points]
    columns = [
        _build_amounts([point for point, __ in points]),
        Column(_("Applications"), _pick(lists, "n_funded"), Kind.COUNT),
        Column(_("of these new"), _pick(lists, "n_new"), Kind.COUNT),
        Column(PEOPLE, _pick(lists, "population"), Kind.COUNT),
    ]
    if has_inhabitants(document):
        columns.append(Column(REACHED, _pick(lists, "inhabitants"), Kind.COUNT))
    columns += [
        Column(_("Departments"), _pick(lists, "n_departments"), Kind.COUNT),
        Column(_("Granted"), _pick(lists, "granted_cents"), Kind.MONEY),
        Column(_("Unspent"), _pick(lists, "left_cents"), Kind.MONEY),
    ]
    caption = _("What each amount reaches")
    return [Table(columns, caption, outputs=Output.PAGE)]


def _build_dossiers(document: SweepDocument) -> list[Node]:
    """Return the dossiers that change, by the amount from which they stay funded: the first `MOST_LISTED`."""
    stable = "free_from_cents" if document.free else "nested_from_cents"
    order = (stable, "envelope", "dossier")
    rows = document.dossier_table.sort(*order, nulls_last=[True, False, False]).head(MOST_LISTED)
    if not len(rows):
        return []
    n_unlisted = len(document.dossiers) - len(rows)
    caption = _("Applications that change from one amount to another")
    words = {cents: _format_short(cents) for cents in rows[stable].unique().drop_nulls()}
    unsettled = _("in and out")
    heads = (
        _("Free: funded from"),
        _("Commitments kept: funded from"),
    )
    columns = [
        Column(
            _("Application"),
            label_dossiers(rows["dossier"].to_list(), rows["title"].to_list()),
            outputs=Output.PAGE,
        ),
        Column(_("Application"), rows["dossier"].to_list(), outputs=Output.TERMINAL | Output.SHEET),
        Column(_("Title"), rows["title"].to_list(), outputs=Output.TERMINAL | Output.SHEET),
        Column(_("Envelope"), rows["envelope"].to_list()),
        Column(_("Granted"), rows["granted_cents"].to_list(), Kind.ROUND_MONEY),
        Column(
            _("Funded from"),
            [unsettled if cents is None else words[cents] for cents in rows[stable]],
            Kind.FIGURE,
            Output.READING,
        ),
        Column(heads[0], rows["free_from_cents"].to_list(), Kind.MONEY, Output.SHEET),
        Column(heads[1], rows["nested_from_cents"].to_list(), Kind.MONEY, Output.SHEET),
    ]
    table = Table(columns, caption, name=_("Applications"), n_unlisted=n_unlisted)
    return [table, *_list_unlisted(n_unlisted)]


def _list_unlisted(n_unlisted: int) -> list[Node]:
    """Say where the dossiers are that the table leaves out."""
    if not n_unlisted:
        return []
    return [
        Paragraph(
            _n(
                "{n} more application is in {file}.",
                "{n} more applications are in {file}.",
                n=n_unlisted,
                file=DOSSIERS,
            )
        )
    ]


def _format_short(cents: int) -> Text:
    return RoundMoney(cents)


def _build_envelopes(document: SweepDocument) -> list[Node]:
    """Return applications and money by amount for each top envelope, once if both curves agree; all in a sheet."""
    names = {
        "free": _("free"),
        "nested": _("commitments kept"),
        "both": _("on both curves"),
    }
    found = {curve: select_lists(document, curve) for curve in CURVES if document.has_curve(curve)}
    lists = {curve: pairs for curve, pairs in found.items() if pairs}
    tables = {curve: _list_envelope_columns(pairs) for curve, pairs in lists.items()}
    if len(tables) > 1 and len({tuple(map(_list_values, columns)) for columns in tables.values()}) == 1:
        tables = {"both": tables["free"]}
    about = _("By envelope: applications funded and granted")
    nodes: list[Node] = []
    for curve, columns in tables.items():
        name = names[curve]
        caption = _("{about} ({name})", about=about, name=name) if len(lists) > 1 else about
        nodes.append(Table(columns, caption, most=MOST_POINTS, spread=True, outputs=Output.READING))
    rows = [
        (point, names[curve], one)
        for curve, pairs in lists.items()
        for point, entry in pairs
        for one in entry.envelopes
    ]
    return [*nodes, *([_build_envelope_sheet(rows)] if rows else [])]


def _list_values(column: Column) -> tuple[Cell, ...]:
    return tuple(column.values)


def _list_envelope_columns(pairs: Sequence[tuple[SweepPointEntry, FundedCurvePoint]]) -> list[Column]:
    tops = {entry.id: entry.title or entry.id for entry in list_top_envelopes(pairs[0][1])}
    columns = [_build_amounts([point for point, __ in pairs])]
    by_id = [{entry.id: entry for entry in at_amount.envelopes} for __, at_amount in pairs]
    for name, title in tops.items():
        columns += [
            Column(title, [entries[name].n_funded for entries in by_id], Kind.COUNT),
            Column("", [entries[name].granted_cents for entries in by_id], Kind.ROUND_MONEY),
        ]
    return columns


def _build_envelope_sheet(rows: Sequence[tuple[SweepPointEntry, Text, SweepEnvelopeEntry]]) -> Table:
    return Table(
        [
            Column(AMOUNT, [point.amount_cents for point, _curve, _one in rows], Kind.MONEY),
            Column(_("Curve"), [curve for _point, curve, _one in rows]),
            Column(_("Envelope"), [one.id for _point, _curve, one in rows]),
            Column(_("Under"), [one.parent for _point, _curve, one in rows]),
            Column(_("Title"), [one.title for _point, _curve, one in rows]),
            Column(
                _("Amount of the envelope"),
                [one.amount_cents for _point, _curve, one in rows],
                Kind.MONEY,
            ),
            Column(_("Available"), [one.effective_cents for _point, _curve, one in rows], Kind.MONEY),
            Column(_("Granted"), [one.granted_cents for _point, _curve, one in rows], Kind.MONEY),
            Column(
                _p("column", "Funded applications"),
                [one.n_funded for _point, _curve, one in rows],
                Kind.COUNT,
            ),
        ],
        name=_("Envelopes"),
        outputs=Output.SHEET,
    )


def _build_steps(document: SweepDocument) -> list[Section]:
    """Return every step of the exact curve, for a sheet."""
    steps = document.steps
    if steps is None or not steps.amount_cents:
        return []
    columns = [
        Column(AMOUNT, steps.amount_cents, Kind.MONEY),
        Column(_("Value"), steps.value, Kind.DECIMAL),
        Column(_("Bound"), steps.bound, Kind.DECIMAL),
        Column(_p("column", "Funded applications"), steps.n_funded, Kind.COUNT),
        Column(_("Granted"), steps.granted_cents, Kind.MONEY),
        Column(PEOPLE, steps.population, Kind.COUNT),
        Column(REACHED, steps.inhabitants, Kind.COUNT),
        Column(_("Departments reached"), steps.n_departments, Kind.COUNT),
    ]
    return [Section(_p("curve", "Steps"), [Table(columns, outputs=Output.SHEET)], annex=True)]


DOCUMENT, PAGE, WORKBOOK, DOSSIERS = "sweep.json", "sweep.html", "sweep.xlsx", "dossiers.parquet"


def get_sweep_folder(scenario: ScenarioData, key: str, out: Path | None) -> Path:
    """Return `runs/<id>-sweep-<hash8>/`: the same request has the same folder."""
    safe = re.sub(r"[^\w.-]+", "-", scenario.id).strip(".-") or "scenario"
    root = Path() if is_in_own_folder(scenario) else scenario.root
    return (out if out is not None else root / RUN_ROOT) / f"{safe}-sweep-{key[:8]}"


def leave_time_to_write(seconds: float | None, n_dossiers: int = 0) -> float | None:
    """Return the seconds of a limit without the share for writing the files of a sweep."""
    if seconds is None:
        return None
    most = WRITING_SECONDS + WRITING_SECONDS_PER_MILLION * n_dossiers / 1_000_000
    return seconds - min(WRITING_SHARE * seconds, most)


def write_sweep(document: SweepDocument, folder: Path, lang: Lang) -> list[Path]:
    """Write all files of a sweep, each atomically; an earlier result of the same request is replaced."""
    data = draw_picture_files(build_charts(document), lang, synthetic=document.synthetic)
    data[DOCUMENT] = b"".join(text.encode() for text in iterate_json(document)) + b"\n"
    data[DOSSIERS] = encode_parquet(document.dossier_table)
    report = build_report(document)
    data[PAGE] = render_report_html(report, lang).encode()
    data[WORKBOOK] = build_report_workbook(report, lang)
    return put_files(folder, data, replace=True)
