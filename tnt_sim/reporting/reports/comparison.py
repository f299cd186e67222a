"""Reports of comparisons and of the common core: terminal lines, and a study for a page or a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from rich.text import Text as Line

from tnt_sim.analysis.compare.comparison import CHANGES, ENTERS, LEAVES, ComparedRuns
from tnt_sim.analysis.compare.differences import build_difference_rows, is_sentence
from tnt_sim.analysis.compare.document import CoreDocument, CoreDossier
from tnt_sim.i18n.message import Lang, Text, describe_count
from tnt_sim.i18n.numbers import (
    format_amount,
    format_decimal,
    format_percentage,
    format_short_amount,
    localise_amounts,
)
from tnt_sim.reporting.charts.marginal_charts import Bar, draw_bars
from tnt_sim.reporting.renderers.terminal import render_grid, wrap_paragraph
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Report,
    Section,
    Tone,
    build_section,
)
from tnt_sim.reporting.reports.progress import describe_interruption
from tnt_sim.reporting.text.vocabulary import SYNTHETIC, describe_proof
from tnt_sim.rules.expressions.column_text import format_integer
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.verify.verification import Standing

MOST_MOVES = 12
MOVE = {
    ENTERS: Text("entre", "enters"),
    LEAVES: Text("sort", "leaves"),
    CHANGES: Text("change de montant", "gets another amount"),
}
DIMENSION = {
    "envelope": Text("Par enveloppe", "By envelope"),
    "region": Text("Par région", "By region"),
    "department": Text("Par département", "By department"),
    "applicant_type": Text("Par type de porteur", "By applicant type"),
    "size_class": Text("Par taille (habitants)", "By size (inhabitants)"),
}
_AXIS = {
    "region": Text("région", "region"),
    "department": Text("département", "department"),
    "applicant_type": Text("type de porteur", "applicant type"),
}
CAUSE = {"together": Text("ensemble", "together"), "dossiers": Text("les dossiers", "the dossiers")}
CLAIM = Text("affirmé par le calcul, non démontré", "claimed by the run, not shown")
_NOT_EVERYWHERE = Text("impossible sous certains scénarios", "impossible under some scenarios")
_UNITS = Text(
    "Les objectifs diffèrent : leurs valeurs ne se comparent pas, et il n'y a pas de regret le plus grand.",
    "The goals differ: their values cannot be compared, and there is no greatest regret.",
)
_HEADS = {
    "name": Text("Scénario", "Scenario"),
    "value": Text("Valeur", "Value"),
    "n_funded": Text("Financés", "Funded"),
    "inhabitants": Text("Habitants", "Inhabitants"),
    "granted_cents": Text("Accordé", "Granted"),
    "unspent_cents": Text("Reste", "Left"),
    "proof": Text("Preuve", "Proof"),
}


def render_comparison(comparison: ComparedRuns, lang: Lang, width: int) -> list[Line]:
    """Write the page of a comparison."""
    lines = wrap_paragraph(_build_title(comparison).in_(lang), width, style="bold")
    if _is_synthetic(comparison):
        lines += wrap_paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    cells: Mapping[str, Callable[[Any], str]] = {
        "name": str,
        "value": lambda text: format_decimal(text, lang),
        "n_funded": lambda number: format_integer(number, lang),
        "inhabitants": lambda number: format_integer(number, lang),
        "granted_cents": lambda cents: format_amount(cents, lang),
        "unspent_cents": lambda cents: format_amount(cents, lang),
    }
    keys = _list_columns(comparison)
    rows = [
        [_describe_evidence(row, lang) if key == "proof" else cells[key](row[key]) for key in keys]
        for row in comparison.headline()
    ]
    header = [_HEADS[key].in_(lang) for key in keys]
    lines += [Line(""), *render_grid(rows, header=header, right=range(1, len(keys) - 1))]
    lines += _render_section(
        Text("Ce qui diffère", "What differs"), _build_input_rows(comparison, lang), lang
    )
    lines += _render_differences(comparison, lang, width)
    for name, moved in comparison.moves.items():
        lines += _render_section(Text(f"Vers {name}", f"To {name}"), _build_move_rows(moved, lang), lang)
    if not comparison.one_goal:
        lines += [Line(""), *wrap_paragraph(_UNITS.in_(lang), width, style="dim")]
        return lines
    regret = [
        [
            row["portfolio"],
            "–" if row["worst_regret"] is None else format_decimal(row["worst_regret"], lang),
            "" if row["holds_everywhere"] else _NOT_EVERYWHERE.in_(lang),
        ]
        for row in comparison.worst_regret.iter_rows(named=True)
    ]
    return lines + _render_section(Text("Regret le plus grand", "Greatest regret"), regret, lang)


def _list_columns(comparison: ComparedRuns) -> list[str]:
    """Return the columns of the decisions; inhabitants only if some scenario names a map."""
    people = any(side.inhabitants is not None for side in comparison.sides)
    return [key for key in _HEADS if key != "inhabitants" or people]


def _describe_evidence(row: Mapping[str, Any], lang: Lang) -> str:
    """Write the evidence of a decision; a mere claim of its run folder is named as such."""
    if row["verification"]["optimal"] == Standing.CLAIMED:
        return CLAIM.in_(lang)
    return describe_proof(row["proof"], lang)


def _render_section(title: Text, rows: Sequence[Sequence[str]], lang: Lang) -> list[Line]:
    if not rows:
        return []
    return [Line(""), Line(title.in_(lang), style="bold"), *render_grid(rows)]


def _build_input_rows(comparison: ComparedRuns, lang: Lang) -> list[list[str]]:
    rows = [
        [path, *(text if len(text) <= 40 else f"{text[:39]}…" for text in texts)]
        for path, *texts in build_difference_rows(comparison, lang)
        if not is_sentence(path)
    ]
    changed = {name: table["dossier"].n_unique() for name, table in comparison.cells.items() if table.height}
    word = ("dossier", "dossiers")
    told = [f"{name} : {describe_count(n, word, word).in_(lang)}" for name, n in changed.items()]
    return rows + [[text, *[""] * len(comparison.sides)] for text in told]


def _render_differences(comparison: ComparedRuns, lang: Lang, width: int) -> list[Line]:
    """Write the objectives, conditions and rules that differ, each side in its own words."""
    lines: list[Line] = []
    colon = " : " if lang is Lang.FR else ": "
    for path, *texts in build_difference_rows(comparison, lang):
        if is_sentence(path):
            lines.append(Line(f"  {path}"))
            for side, text in zip(comparison.sides, texts, strict=True):
                lines += wrap_paragraph(f"{side.name}{colon}{text}", width, first="    ")
    if lines and not _build_input_rows(comparison, lang):
        title = Text("Ce qui diffère", "What differs").in_(lang)
        return [Line(""), Line(title, style="bold"), *lines]
    return lines


def _build_move_rows(moved: pl.DataFrame, lang: Lang) -> list[list[str]]:
    """Return how many enter and leave, then the largest moves."""
    if not moved.height:
        return [[Text("mêmes dossiers, mêmes montants", "same dossiers, same amounts").in_(lang)]]
    counted = dict(moved.group_by("move").len().iter_rows())
    net = format_amount(int(moved["change_cents"].sum()), lang)
    heads = ", ".join(
        f"{format_integer(counted[code], lang)} {_get_plural(code, counted[code]).in_(lang)}"
        for code in MOVE
        if code in counted
    )
    rows = [[Text(f"{heads} ; {net}", f"{heads}; {net}").in_(lang), "", "", ""]]
    largest = moved.sort(pl.col("change_cents").abs(), descending=True, maintain_order=True).head(MOST_MOVES)
    rows += [
        [
            f"  {row['dossier']}",
            MOVE[row["move"]].in_(lang),
            format_amount(row["change_cents"], lang),
            _describe_cause(row["cause"], lang),
        ]
        for row in largest.iter_rows(named=True)
    ]
    if moved.height > MOST_MOVES:
        more = moved.height - MOST_MOVES
        rows.append([Text(f"  … et {more} autres", f"  … and {more} more").in_(lang), "", "", ""])
    return rows


def _get_plural(code: str, n: int) -> Text:
    many = {
        ENTERS: Text("entrent", "enter"),
        LEAVES: Text("sortent", "leave"),
        CHANGES: Text("changent de montant", "get another amount"),
    }
    return MOVE[code] if n == 1 else many[code]


def _describe_cause(cause: str | None, lang: Lang) -> str:
    return "" if cause is None else CAUSE[cause].in_(lang) if cause in CAUSE else cause


def _build_title(comparison: ComparedRuns) -> Text:
    first, n = comparison.sides[0].name, len(comparison.sides)
    return Text(f"{n} décisions ; référence : {first}", f"{n} decisions; reference: {first}")


def _is_synthetic(comparison: ComparedRuns) -> bool:
    return any(is_synthetic(side.scenario) for side in comparison.sides)


def build_report(comparison: ComparedRuns, lang: Lang) -> Report:
    """Return the report of a comparison."""
    stopped = describe_interruption(comparison.summary(), lang)
    return Report(
        title=Text("Comparaison de décisions", "Decisions compared"),
        subject=_build_title(comparison),
        nodes=[
            *([Callout(stopped, Tone.WARNING)] if stopped else []),
            *_build_sections(comparison, lang),
        ],
        synthetic=_is_synthetic(comparison),
        foot={side.name: side.scenario.sha256 for side in comparison.sides},
        day=comparison.sides[0].scenario.spec.date,
    )


def _build_sections(comparison: ComparedRuns, lang: Lang) -> Iterator[Section]:
    rows = comparison.headline()
    values = {key: [row[key] for row in rows] for key in _list_columns(comparison)}
    values["value"] = [format_decimal(text, lang) for text in values["value"]]
    values["proof"] = [_describe_evidence(row, lang) for row in rows]
    yield build_section(
        Text("Les décisions", "The decisions"),
        [Column(_HEADS[key], column, _infer_kind(key)) for key, column in values.items()],
        chart=lambda lang: _draw_bars(
            [("", row["name"], row["granted_cents"]) for row in rows], ["granted"], lang
        ),
    )
    differences = build_difference_rows(comparison, lang)
    yield build_section(
        Text("Ce qui diffère", "What differs"),
        [
            Column(Text("Paramètre", "Parameter"), [path for path, *_ in differences]),
            *(
                Column(Text(side.name, side.name), [texts[k] for _, *texts in differences])
                for k, side in enumerate(comparison.sides)
            ),
        ],
    )
    for dimension, title in DIMENSION.items():
        yield _build_dimension_section(comparison, dimension, title, lang)
    for name, moved in comparison.moves.items():
        yield _build_move_section(comparison.sides[0].name, name, moved, lang)
        yield _build_winner_section(name, comparison.winners[name], lang)
    table = comparison.regrets
    yield build_section(
        Text("Regrets", "Regrets"),
        [
            Column(Text("Liste", "List"), table["portfolio"].to_list()),
            Column(Text("Sous le scénario", "Under the scenario"), table["scenario"].to_list()),
            Column(Text("Valeur", "Value"), _format_decimals(table["value"], lang)),
            Column(Text("Regret", "Regret"), _format_decimals(table["regret"], lang)),
            Column(Text("Ce qu'elle enfreint", "What it breaks"), table["broken"].to_list()),
        ],
        words=[
            Text(
                "Ce que vaut chaque liste si un autre scénario se réalise, et ce que ce choix coûte alors.",
                "What each list is worth if another scenario comes true, and what its choice then costs.",
            ),
            *([] if comparison.one_goal else [_UNITS]),
        ],
        annex=True,
    )


def _format_decimals(texts: pl.Series, lang: Lang) -> list[str | None]:
    return [None if text is None else format_decimal(text, lang) for text in texts]


def _infer_kind(key: str) -> Kind:
    return (
        Kind.MONEY
        if key.endswith("_cents")
        else Kind.COUNT
        if key.startswith("n_") or key == "inhabitants"
        else Kind.TEXT
    )


def _build_dimension_section(comparison: ComparedRuns, dimension: str, title: Text, lang: Lang) -> Section:
    """Return granted money by group, with a column and a bar per side."""
    part = comparison.totals.filter(pl.col("dimension") == dimension)
    groups = list(dict.fromkeys(part["group"].to_list()))
    by = {(row["group"], row["side"]): row for row in part.iter_rows(named=True)}
    names = [side.name for side in comparison.sides]
    columns = [Column(title, groups)]
    for name in names:
        cells = [by.get((group, name)) for group in groups]
        granted = [0 if cell is None else cell["granted_cents"] for cell in cells]
        columns.append(Column(Text(f"{name} : accordé", f"{name}: granted"), granted, Kind.MONEY))
        funded = [0 if cell is None else cell["n_funded"] for cell in cells]
        columns.append(Column(Text(f"{name} : financés", f"{name}: funded"), funded, Kind.COUNT))
    displayed = groups if len(groups) <= 20 and len(names) <= 6 else []
    triples = [
        (group, name, by[group, name]["granted_cents"] if (group, name) in by else 0)
        for group in displayed
        for name in names
    ]
    return build_section(title, columns, chart=lambda lang: _draw_bars(triples, names, lang), annex=True)


def _draw_bars(triples: Sequence[tuple[str, str, int]], sides: Sequence[str], lang: Lang) -> str:
    """Draw bars of cents: (group, side, cents), or one bar per side if the group is empty."""
    if not triples:
        return ""
    title = Text("Montants accordés", "Amounts granted").in_(lang)
    if not triples[0][0]:
        bars = [Bar(side, [cents], [format_short_amount(cents, lang)]) for _, side, cents in triples]
        return draw_bars(bars, [title], title)
    grouped: dict[str, list[int]] = {}
    for group, _, cents in triples:
        grouped.setdefault(group, []).append(cents)
    bars = [Bar(g, cents, [format_short_amount(c, lang) for c in cents]) for g, cents in grouped.items()]
    return draw_bars(bars, sides, title)


def _build_move_section(first: str, name: str, moved: pl.DataFrame, lang: Lang) -> Section:
    codes = [MOVE[code].in_(lang) for code in moved["move"].to_list()]
    return build_section(
        Text(f"Qui bouge : {first} → {name}", f"Who moves: {first} → {name}"),
        [
            Column(Text("Dossier", "Dossier"), moved["dossier"].to_list()),
            Column(Text("Intitulé", "Title"), moved["title"].to_list()),
            Column(Text("Enveloppe", "Envelope"), moved["envelope"].to_list()),
            Column(Text("Département", "Department"), moved["department"].to_list()),
            Column(Text("Mouvement", "Move"), codes),
            Column(Text("Avant", "Before"), moved["before_cents"].to_list(), Kind.MONEY),
            Column(Text("Après", "After"), moved["after_cents"].to_list(), Kind.MONEY),
            Column(Text("Écart", "Difference"), moved["change_cents"].to_list(), Kind.MONEY),
            Column(
                Text("Cause", "Cause"), [_describe_cause(cause, lang) for cause in moved["cause"].to_list()]
            ),
        ],
    )


def _build_winner_section(name: str, table: pl.DataFrame, lang: Lang) -> Section:
    return build_section(
        Text(f"Gagnants et perdants : {name}", f"Winners and losers: {name}"),
        [
            Column(Text("Axe", "Dimension"), [_AXIS[key].in_(lang) for key in table["dimension"].to_list()]),
            Column(Text("Groupe", "Group"), table["group"].to_list()),
            Column(Text("Gagne", "Gains"), table["gained_cents"].to_list(), Kind.MONEY),
            Column(Text("Perd", "Loses"), table["lost_cents"].to_list(), Kind.MONEY),
            Column(Text("Solde", "Net"), table["net_cents"].to_list(), Kind.MONEY),
        ],
        annex=True,
    )


Entry = Mapping[str, Any]
MOST_SHOWN = 30
_CLASSES = {
    "core": Text("noyau (retenus partout)", "core (funded in all)"),
    "borderline": Text("à la limite (retenus parfois)", "borderline (funded in some)"),
    "exterior": Text("extérieur (retenus nulle part)", "exterior (funded in none)"),
}


def render_common_core(document: CoreDocument, lang: Lang, width: int) -> list[Line]:
    """Write the runs, the counts, and the borderline applications with what moves them."""
    runs = document.runs
    lines = [Line(Text(f"{len(runs)} calculs", f"{len(runs)} runs").in_(lang), style="bold")]
    for number, run in enumerate(runs):
        text = " ; ".join(localise_amounts(one, lang) for one in run.changes) or Text(
            "mêmes valeurs", "same values"
        ).in_(lang)
        text = Text("référence", "reference").in_(lang) if number == 0 else text
        if run.rules != "shown":
            text += Text(" (non vérifié)", " (not verified)").in_(lang)
        lines += wrap_paragraph(
            f"{run.run} : {text}" if lang is Lang.FR else f"{run.run}: {text}", width, first="  "
        )
    rows = [[_CLASSES[key].in_(lang), format_integer(document.counts.get(key, 0), lang)] for key in _CLASSES]
    lines += [Line(""), *render_grid(rows, right=(1,))]
    moving = [one for one in document.dossiers if one.class_ == "borderline"]
    if moving:
        header = (
            ("dossier", "indice", "ce qui le fait changer")
            if lang is Lang.FR
            else ("dossier", "index", "moved by")
        )
        cells = [
            [str(one.dossier), format_percentage(one.core_index, lang), _describe_move(one, lang)]
            for one in moving[:MOST_SHOWN]
        ]
        lines += [Line(""), *render_grid(cells, header=header, right=(1,))]
    if len(moving) > MOST_SHOWN:
        rest = format_integer(len(moving) - MOST_SHOWN, lang)
        lines.append(
            Line(Text(f"  … et {rest} autres (voir --json)", f"  … and {rest} more (see --json)").in_(lang))
        )
    return lines


def _describe_move(entry: CoreDossier, lang: Lang) -> str:
    """Write a move: « entre : programme.amount: 88 M€ → 90 M€ »."""
    if not entry.moved_by:
        return Text("plusieurs changements à la fois", "several changes at once").in_(lang)
    enters, leaves = Text("entre", "enters").in_(lang), Text("sort", "leaves").in_(lang)
    return " ; ".join(
        f"{enters if move.funded else leaves}, {localise_amounts(move.change, lang)}"
        for move in entry.moved_by
    )
