"""Reports of comparisons and of the common core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import polars as pl

from tnt_sim.analysis.compare.common_core import CommonCore
from tnt_sim.analysis.compare.comparison import CHANGES, ENTERS, LEAVES, ComparedRuns
from tnt_sim.analysis.compare.document import CoreDossier, CoreRun
from tnt_sim.analysis.equity.department_spread import ListMoney, get_map_year
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n, _p
from tnt_sim.i18n.numbers import format_amount, format_integer
from tnt_sim.i18n.parameters import Items, ShortMoney
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.report_tree import (
    Chart,
    Column,
    Kind,
    Node,
    Output,
    Paragraph,
    Report,
    Section,
    Table,
    Words,
    build_section,
    write_both,
    write_each,
)
from tnt_sim.reporting.reports.comparison_answer import (
    build_answer,
    build_department_section,
    build_envelope_chart,
    label_departments,
)
from tnt_sim.reporting.reports.equity import build_compared_section
from tnt_sim.reporting.reports.money_spread import build_spread_nodes
from tnt_sim.reporting.reports.study_report import build_interruption
from tnt_sim.reporting.text.change_words import describe_cause
from tnt_sim.reporting.text.scenario_differences import (
    build_difference_rows,
    describe_changes,
    list_differences,
)
from tnt_sim.reporting.text.verification import describe_evidence
from tnt_sim.reporting.text.vocabulary import label_dossiers
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.verify.verification import Standing

MOST_MOVES = 12
MOVE = {
    ENTERS: _("enters"),
    LEAVES: _("leaves"),
    CHANGES: _("gets another amount"),
}
DIMENSION = {
    "envelope": _("By envelope"),
    "region": _("By region"),
    "department": _("By department"),
    "applicant_type": _("By applicant type"),
    "size_class": _("By size (inhabitants)"),
}
_AXIS = {
    "region": _("region"),
    "department": _("department"),
    "applicant_type": _("applicant type"),
}
_NOT_EVERYWHERE = _("not feasible in some scenarios")
_UNITS = _("The goals differ: their values cannot be compared, and there is no greatest regret.")
_HEADS = {
    "name": _("Scenario"),
    "value": _("Value"),
    "n_funded": _("Funded"),
    "inhabitants": _("Inhabitants"),
    "granted_cents": _("Granted"),
    "unspent_cents": _("Left"),
    "proof": _("Proof"),
}


def _list_columns(comparison: ComparedRuns) -> list[str]:
    """Return the columns of the decisions; inhabitants only if some scenario names a map."""
    people = any(side.inhabitants is not None for side in comparison.sides)
    return [key for key in _HEADS if key != "inhabitants" or people]


def _describe_evidence(row: Mapping[str, Any], lang: Lang) -> str:
    """Write the evidence of a decision; a mere claim of its run folder is named as such."""
    record = row["verification"]
    evidence = describe_evidence(row["proof"], Standing(record["optimal"])).in_(lang)
    if not record["changes"]:
        return evidence
    changes = Items(record["changes"], ",")
    return _("{evidence}; scenario changed by {changes}", evidence=evidence, changes=changes).in_(lang)


def _get_plural(code: str, n: int) -> Text:
    many = {
        ENTERS: _("enter"),
        LEAVES: _("leave"),
        CHANGES: _("get another amount"),
    }
    return MOVE[code] if n == 1 else many[code]


def _build_title(comparison: ComparedRuns) -> Text:
    first, n = comparison.sides[0].name, len(comparison.sides)
    return _("{n} decisions; reference: {first}", n=n, first=first)


def _is_synthetic(comparison: ComparedRuns) -> bool:
    return any(is_synthetic(side.scenario) for side in comparison.sides)


def build_report(comparison: ComparedRuns) -> Report:
    """Return the report of a comparison."""
    return Report(
        title=_("Decisions compared"),
        subject=_build_title(comparison),
        answer=build_answer(comparison),
        nodes=[*build_interruption(comparison.data), *_build_sections(comparison)],
        synthetic=_is_synthetic(comparison),
        foot={side.name: side.scenario.sha256 for side in comparison.sides},
        day=comparison.sides[0].scenario.spec.date,
    )


def _build_sections(comparison: ComparedRuns) -> Iterator[Section]:
    rows = comparison.headline()
    values = {key: [row[key] for row in rows] for key in _list_columns(comparison)}
    values["proof"] = write_each(_describe_evidence, rows)
    columns = [
        Column(_HEADS[key], column, _infer_kind(key), optional=key in ("inhabitants", "unspent_cents"))
        for key, column in values.items()
    ]
    if len(rows) > 2:
        granted = [(row["name"], [row["granted_cents"]]) for row in rows]
        yield build_section(_("The decisions"), columns, chart=_build_chart(granted, [_GRANTED]))
    else:
        beside = Table(_set_sides_beside(columns, comparison), outputs=Output.PAGE)
        apart = Table(columns, outputs=Output.TERMINAL | Output.SHEET)
        side = comparison.sides[-1].name
        pictures = [] if comparison.moves[side].is_empty() else [build_envelope_chart(comparison, side)]
        units = [] if comparison.one_goal else [Paragraph(_UNITS, soft=True)]
        yield Section(_("The decisions"), [*pictures, beside, apart, *units])
    yield from _build_differences(comparison)
    yield from build_department_section(comparison)
    yield _build_spread_section(comparison)
    yield build_compared_section(comparison.equities)
    for dimension, title in DIMENSION.items():
        yield _build_dimension_section(comparison, dimension, title)
    for name, moved in comparison.moves.items():
        yield _build_move_section(comparison, name, moved)
        yield _build_winner_section(name, comparison.winners[name])
    yield from _build_regrets(comparison)


def _build_spread_section(comparison: ComparedRuns) -> Section:
    """Return how evenly each decision spreads its money over inhabitants."""
    lists = [ListMoney(side.name, side.build_dossier_table()) for side in comparison.sides]
    year = get_map_year(comparison.sides[0].scenario.spec)
    return Section(_("Money per head"), build_spread_nodes(lists, year))


def _build_differences(comparison: ComparedRuns) -> Iterator[Section]:
    """Return the parameters, conditions and rules that differ, each side in its own words."""
    french, english = (build_difference_rows(comparison, lang) for lang in (Lang.FR, Lang.EN))
    changed = {name: table["dossier"].n_unique() for name, table in comparison.cells.items() if table.height}
    words = [
        _n("{name}: {n} application", "{name}: {n} applications", n=n, name=name)
        for name, n in changed.items()
    ]
    if not french and not words:
        return
    pairs = list(zip(french, english, strict=True))
    columns = [
        Column(_("Parameter"), [Bilingual(fr[0], en[0]) for fr, en in pairs]),
        *(
            Column(side.name, [Bilingual(fr[k], en[k]) for fr, en in pairs])
            for k, side in enumerate(comparison.sides, start=1)
        ),
    ]
    nodes: list[Node] = [Paragraph(text) for text in words]
    if pairs:
        nodes.append(Table(columns, most=40, outputs=Output.TERMINAL | Output.SHEET))
        nodes.append(Table(_list_difference_columns(comparison), outputs=Output.PAGE))
    yield Section(_("What differs"), nodes, folded=len(comparison.sides) == 2)


def _list_difference_columns(comparison: ComparedRuns) -> list[Column]:
    """Return the differences in words, by kind."""
    french, english = (list_differences(comparison, lang) for lang in (Lang.FR, Lang.EN))
    pairs = list(zip(french, english, strict=True))
    heads: list[Words] = [_("Kind"), _("Setting"), *(side.name for side in comparison.sides)]
    return [Column(head, [Bilingual(fr[k], en[k]) for fr, en in pairs]) for k, head in enumerate(heads)]


def _set_sides_beside(columns: Sequence[Column], comparison: ComparedRuns) -> list[Column]:
    """Return a row per figure and a column per side, with the difference where it is a number."""
    named: list[list[Text]] = [[], []]
    changes: list[Text] = []
    for column in columns[1:]:
        for side in range(2):
            named[side].append(write_both(partial(_format_cell, column, side)))
        changes.append(write_both(partial(_format_change, column, comparison.one_goal)))
    return [
        Column(_("Figure"), [column.head for column in columns[1:]]),
        *(Column(side.name, cells, Kind.FIGURE) for side, cells in zip(comparison.sides, named, strict=True)),
        Column(_("Difference"), changes, Kind.FIGURE),
    ]


def _format_cell(column: Column, row: int, lang: Lang) -> str:
    return column.format_values(lang, [row])[0]


def _format_change(column: Column, is_comparable: bool, lang: Lang) -> str:
    """Write the second value less the first, with its sign."""
    if column.kind is Kind.TEXT or (column.kind is Kind.DECIMAL and not is_comparable):
        return "–"
    first, second = (parse_decimal(value) if isinstance(value, str) else value for value in column.values[:2])
    if not isinstance(first, int | Fraction) or not isinstance(second, int | Fraction):
        return "–"
    change = second - first
    text = Column("", [change], column.kind).format_values(lang, [0])[0]
    return f"+{text}" if change > 0 else text


def _build_regrets(comparison: ComparedRuns) -> Iterator[Section]:
    worst, table = comparison.worst_regret, comparison.regrets
    if comparison.one_goal and worst.height:
        notes = ["" if holds else _NOT_EVERYWHERE for holds in worst["holds_everywhere"].to_list()]
        columns = [
            Column(_("List"), worst["portfolio"].to_list()),
            Column(_("Regret"), worst["worst_regret"].to_list(), Kind.DECIMAL),
            *([Column(_("Note"), notes)] if any(notes) else []),
        ]
        yield Section(_("Greatest regret"), [Table(columns)], folded=True)
    columns = [
        Column(_("List"), table["portfolio"].to_list()),
        Column(_("Under the scenario"), table["scenario"].to_list()),
        Column(_("Value"), table["value"].to_list(), Kind.DECIMAL),
        Column(_("Regret"), table["regret"].to_list(), Kind.DECIMAL),
        Column(_("What it breaks"), table["broken"].to_list()),
    ]
    about = _("What each list is worth if another scenario comes true, and what its choice then costs.")
    words = [about] if comparison.one_goal else [about, _UNITS]
    nodes: list[Node] = [*(Paragraph(text) for text in words), Table(columns, outputs=Output.FILES)]
    yield Section(_("Regrets"), nodes, annex=True)


def _infer_kind(key: str) -> Kind:
    return (
        Kind.MONEY
        if key.endswith("_cents")
        else Kind.COUNT
        if key.startswith("n_") or key == "inhabitants"
        else Kind.DECIMAL
        if key == "value"
        else Kind.TEXT
    )


def _build_dimension_section(comparison: ComparedRuns, dimension: str, title: Text) -> Section:
    """Return granted money by group, with a column and a bar per side."""
    part = comparison.totals.filter(pl.col("dimension") == dimension)
    groups = list(dict.fromkeys(part["group"].to_list()))
    by = {(row["group"], row["side"]): row for row in part.iter_rows(named=True)}
    names = [side.name for side in comparison.sides]
    columns = [Column(title, groups)]
    for name in names:
        cells = [by.get((group, name)) for group in groups]
        granted = [0 if cell is None else cell["granted_cents"] for cell in cells]
        columns.append(Column(_("{name}: granted", name=name), granted, Kind.MONEY))
        funded = [0 if cell is None else cell["n_funded"] for cell in cells]
        columns.append(Column(_("{name}: funded", name=name), funded, Kind.COUNT))
    if len(names) == 2:
        before, after = (
            [by[group, name]["granted_cents"] if (group, name) in by else 0 for group in groups]
            for name in names
        )
        changes = [two - one for one, two in zip(before, after, strict=True)]
        columns.append(Column(_("Difference"), changes, Kind.MONEY, Output.PAGE))
    displayed = groups if len(groups) <= 20 and len(names) <= 6 else []
    grouped = {
        group: [by[group, name]["granted_cents"] if (group, name) in by else 0 for name in names]
        for group in displayed
    }
    return build_section(title, columns, chart=_build_chart(grouped.items(), names), annex=True)


def _build_chart(grouped: Iterable[tuple[str, Sequence[int]]], sides: Sequence[Words]) -> Chart:
    bars = [Bar(name, cents, [ShortMoney(each) for each in cents]) for name, cents in grouped]
    return Chart(Bars(bars, sides), alt=_GRANTED)


_GRANTED = _("Amounts granted")


def _describe_causes(causes: Sequence[str | None], specs: Sequence[ScenarioSpec]) -> list[Text]:
    """Write each cause in words, once for all moves that share it."""
    words = {cause: write_both(partial(describe_cause, cause, specs)) for cause in dict.fromkeys(causes)}
    return [words[cause] for cause in causes]


def _build_move_section(comparison: ComparedRuns, name: str, moved: pl.DataFrame) -> Section:
    """Return how many enter and leave, then who, the largest changes first."""
    first, specs = comparison.sides[0].name, [side.scenario.spec for side in comparison.sides]
    title = _("Who moves: {first} → {name}", first=first, name=name)
    if not moved.height:
        return build_section(title, words=[_("Same applications, same amounts.")])
    table = moved.sort(pl.col("change_cents").abs(), descending=True, maintain_order=True)
    codes = [MOVE[code] for code in table["move"].to_list()]
    columns = [
        Column(
            _("Application"),
            label_dossiers(*(table[key].to_list() for key in ("dossier", "title", "applicant"))),
            outputs=Output.PAGE,
        ),
        Column(_("Application"), table["dossier"].to_list(), outputs=Output.TERMINAL | Output.SHEET),
        Column(_("Title"), table["title"].to_list(), outputs=Output.TERMINAL | Output.SHEET, optional=True),
        Column(_("Envelope"), table["envelope"].to_list(), outputs=Output.SHEET),
        Column(_("Department"), table["department"].to_list(), outputs=Output.SHEET),
        Column(
            _("Department"), label_departments(table["department"].to_list(), specs[0]), outputs=Output.PAGE
        ),
        Column(_("Move"), codes),
        Column(_("Before"), table["before_cents"].to_list(), Kind.MONEY, Output.SHEET),
        Column(_("After"), table["after_cents"].to_list(), Kind.MONEY, Output.SHEET),
        Column(_("Difference"), table["change_cents"].to_list(), Kind.MONEY),
    ]
    words: list[Words] = [write_both(partial(_summarise_moves, moved))]
    causes = table["cause"].to_list()
    if name in comparison.why:
        columns += [
            Column(_("Cause"), _describe_causes(causes, []), outputs=Output.TERMINAL | Output.SHEET),
            Column(_("Setting that moves it"), _describe_causes(causes, specs), outputs=Output.PAGE),
        ]
    elif comparison.data.stopped_by is None:
        words.append(_("The cause of each move was not sought."))
    return build_section(title, columns, words=words, most=MOST_MOVES)


def _summarise_moves(moved: pl.DataFrame, lang: Lang) -> str:
    counted = dict(moved.group_by("move").len().iter_rows())
    heads = ", ".join(
        f"{format_integer(counted[code], lang)} {_get_plural(code, counted[code]).in_(lang)}"
        for code in MOVE
        if code in counted
    )
    net = format_amount(int(moved["change_cents"].sum()), lang)
    return _("{moves}; {net} in all.", moves=heads, net=net).in_(lang)


def _build_winner_section(name: str, table: pl.DataFrame) -> Section:
    return build_section(
        _("Winners and losers: {name}", name=name),
        [
            Column(_("Dimension"), [_AXIS[key] for key in table["dimension"].to_list()]),
            Column(_("Group"), table["group"].to_list()),
            Column(_("Gains"), table["gained_cents"].to_list(), Kind.MONEY),
            Column(_("Loses"), table["lost_cents"].to_list(), Kind.MONEY),
            Column(_("Net"), table["net_cents"].to_list(), Kind.MONEY),
        ],
        annex=True,
    )


MOST_SHOWN = 30
_CLASSES = {
    "core": _("core (funded in all)"),
    "borderline": _("borderline (funded in some)"),
    "exterior": _("excluded (funded in none)"),
}


def build_core_report(core: CommonCore) -> Report:
    """Return the report of a common core: the runs, the counts, and what moves borderline applications."""
    document = core.data
    moving = [one for one in document.dossiers if one.class_ == "borderline"]
    n = len(document.runs)
    nodes: list[Node] = [
        Table(
            [
                Column(_("Run"), [run.run for run in document.runs]),
                Column(
                    _("What changes"),
                    [
                        write_both(partial(_describe_run, core, run, number))
                        for number, run in enumerate(document.runs)
                    ],
                ),
            ],
            most=n,
        ),
        build_section(
            _("Applications by runs"),
            [
                Column(_("Applications"), list(_CLASSES.values())),
                Column(_p("count", "Number"), [document.counts.get(key, 0) for key in _CLASSES], Kind.COUNT),
            ],
        ),
    ]
    if moving:
        columns = [
            Column(_("Application"), [one.dossier for one in moving]),
            Column(_("Index"), [one.core_index for one in moving], Kind.RATE),
            Column(_("Moved by"), write_each(partial(_describe_move, core), moving)),
        ]
        nodes.append(build_section(_("Borderline"), columns, most=MOST_SHOWN))
    return Report(
        title=_("Decisions that several runs share"),
        subject=_("{n} runs", n=n),
        nodes=nodes,
        synthetic=any(run.synthetic for run in core.runs),
    )


def _describe_run(core: CommonCore, run: CoreRun, number: int, lang: Lang) -> str:
    text = Items(_describe_changes(core, number, lang), ";").in_(lang) or _("same values").in_(lang)
    if number == 0:
        text = _("reference").in_(lang)
    if run.verification.rules != "shown":
        text += _(" (not verified)").in_(lang)
    return text


def _describe_changes(core: CommonCore, number: int, lang: Lang) -> list[str]:
    """Write what a run changes against the first one, in words."""
    values = [(change.path, [change.before, change.after]) for change in core.differences[number]]
    return describe_changes(values, [core.runs[0].spec, core.runs[number].spec], lang)


def _describe_move(core: CommonCore, entry: CoreDossier, lang: Lang) -> str:
    """Write what moves a dossier: « Programme : montant, 88 M€ → 90 M€ : entre »."""
    if not entry.moved_by:
        return _("not shown: these runs differ by several values at once").in_(lang)
    numbers = {run.name: number for number, run in enumerate(core.runs)}
    moves = []
    for move in entry.moved_by:
        change = Items(_describe_changes(core, numbers[move.run], lang), ";").in_(lang)
        made = MOVE[ENTERS if move.funded else LEAVES].in_(lang)
        moves.append(_("{change}: {move}", change=change, move=made).in_(lang))
    return Items(moves, ";").in_(lang)
