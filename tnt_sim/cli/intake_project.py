"""The files of a project that begins with a table: scenario, copy, answers and review page."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.cli.invocation import get_invocation
from tnt_sim.cli.project_templates import get_templates
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import CURRENCIES, EURO, get_currency
from tnt_sim.i18n.parameters import Money

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.ingest.intake.answers import IntakeAnswers
    from tnt_sim.ingest.intake.intake import Intake
    from tnt_sim.ingest.intake.questions import Question
    from tnt_sim.ingest.intake.unread_columns import UnreadColumn
    from tnt_sim.reporting.command_documents import IntakeSummary

SCENARIO_FILE, COPY, ANSWERS = "scenario.yaml", "data/dossiers.csv", "intake.yaml"


@dataclass(frozen=True, eq=False)
class ReadFile:
    """A table that was read for a project, with its questions and the columns that no rule reads."""

    intake: Intake
    questions: tuple[Question, ...]
    unread: tuple[UnreadColumn, ...]


def read_table(
    table: Path, answers: IntakeAnswers, refresh: str, scenario: object = None, *, data: bytes | None = None
) -> ReadFile:
    """Read a table as its office has it, for a scenario given as mappings and lists, or for a new one.

    `data` is what the file will have.
    """
    from tnt_sim.ingest.intake.intake import read_intake
    from tnt_sim.ingest.intake.questions import list_questions, list_unread_columns
    from tnt_sim.ingest.portfolio_reader import read_bytes

    data = read_bytes(table, str(table)) if data is None else data
    intake = read_intake(data, table.suffix, str(table), answers)
    unread = tuple(list_unread_columns(intake, scenario))
    return ReadFile(intake, tuple(list_questions(intake, refresh, unread, scenario)), unread)


def parse_columns(options: Sequence[str]) -> dict[str, str]:
    """Return the header of each canonical name that `--column` gives."""
    from tnt_sim.domain.portfolio import CANONICAL
    from tnt_sim.errors import suggest_name
    from tnt_sim.i18n.message import NO_TEXT

    result: dict[str, str] = {}
    for text in options:
        name, equals, header = text.partition("=")
        if not equals or name not in CANONICAL or not header.strip():
            hint = suggest_name(name, CANONICAL) or NO_TEXT
            sentence = _(
                '--column "{typed}": write NAME=HEADER, for example score="Note /20". {hint}',
                typed=text,
                hint=hint,
            )
            raise UsageError(sentence, code="usage.column")
        result[name] = header.strip()
    return result


def parse_values(options: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the meaning of each value that `--value` gives, by canonical column."""
    if not options:
        return {}
    from tnt_sim.domain.portfolio import CANONICAL, FIXED_VALUES
    from tnt_sim.ingest.intake.answers import NO_ENVELOPE

    result: dict[str, dict[str, str]] = {}
    for text in options:
        # the name of the envelope that is meant may have « = » in it, as any other value
        match = re.fullmatch(rf"(envelope):({NO_ENVELOPE})=(.+)", text) or re.fullmatch(
            r"(\w+):(.+)=(.+)", text
        )
        known = match is not None and match[1] in CANONICAL
        if match is None or not known or match[3] not in FIXED_VALUES.get(match[1], (match[3],)):
            sentence = _(
                '--value "{typed}": write NAME:VALUE=MEANING, for example state:"Received"=en_instruction.',
                typed=text,
            )
            raise UsageError(sentence, code="usage.value")
        result.setdefault(match[1], {})[match[2]] = match[3]
    return result


def build_files(
    read: ReadFile, folder: Path, table: Path, lang: Lang, refresh: str, amount: str | None = None
) -> dict[str, bytes]:
    """Return the files of a new project, by their path in its folder.

    `amount` is that of the envelope, as a scenario writes it; without one, it is proposed.
    """
    templates = get_templates(lang)
    note = _(", as read from {name}", name=table.name).in_(lang)
    texts = {
        "tnt-sim.toml": templates.project,
        SCENARIO_FILE: render_scenario(read.intake, folder, table, lang, amount),
        "README.md": templates.readme.format(title=folder.resolve().name, note=note),
    }
    return {name: text.encode() for name, text in texts.items()} | build_copy_files(read, lang, refresh)


def build_copy_files(read: ReadFile, lang: Lang, refresh: str, copy: str = COPY) -> dict[str, bytes]:
    """Return the files that each reading of the table writes: the copy, the answers, the review page."""
    import polars as pl

    from tnt_sim.engine.award_list import guard_formulas
    from tnt_sim.ingest.intake.answers import render_answers
    from tnt_sim.reporting.renderers.html import render_report_html
    from tnt_sim.reporting.reports.intake_review import build_report

    intake = read.intake
    review = frozenset(entry.name for entry in intake.columns if not entry.certain)
    page = render_report_html(build_report(intake, read.questions, read.unread), lang)
    guarded = intake.dossiers.select(
        guard_formulas(pl.col(name)).alias(name) for name in intake.dossiers.columns
    )
    return {
        copy: guarded.write_csv().encode(),
        ANSWERS: render_answers(intake.recorded, review, lang, refresh).encode(),
        get_page_name(lang): page.encode(),
    }


def get_page_name(lang: Lang) -> str:
    """Return the name of the review page."""
    return "relecture.html" if lang is Lang.FR else "review.html"


def build_refresh_command(folder: Path) -> str:
    """Return the command that reads the table of a project again."""
    from tnt_sim.i18n.command_words import quote_argument

    return get_invocation().format_command(f"refresh {quote_argument(folder.as_posix())}")


def summarise(read: ReadFile, lang: Lang) -> IntakeSummary:
    """Return how a table was read, for JSON documents."""
    from tnt_sim.ingest.intake.intake import Fate
    from tnt_sim.ingest.intake.lines import LineKind
    from tnt_sim.reporting.command_documents import IntakeLine, IntakeQuestion, IntakeSummary
    from tnt_sim.reporting.reports.unread_columns import build_unread_entry

    intake = read.intake
    counts = intake.count_cells()
    return IntakeSummary(
        file=intake.shown_as, sha256=intake.sha256, sheet=intake.table.sheet.name, header_row=intake.header_row,
        n_applications=intake.dossiers.height, requested_cents=int(intake.cents.sum()),
        cells_taken=counts[Fate.TAKEN], cells_set_aside=counts[Fate.ASIDE], cells_asked=counts[Fate.QUESTIONED],
        cells_lost=counts[Fate.LOST],
        lines=[
            IntakeLine(line=line.row, code=line.code, reason=line.reason.in_(lang))
            for line in intake.lines.lines if line.kind is not LineKind.HEADER
        ],
        questions=[
            IntakeQuestion(
                code=entry.code, question=entry.text.in_(lang), answer=entry.answer.in_(lang), n_lines=entry.n,
                requested_cents=entry.cents,
            )
            for entry in read.questions
        ],
        unread_columns=[build_unread_entry(entry, lang) for entry in read.unread],
    )  # fmt: skip


def render_scenario(
    intake: Intake, folder: Path, table: Path, lang: Lang, stated_amount: str | None = None
) -> str:
    """Return the scenario of a project that begins with a table."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "scenario"
    heading = _("Applications of {name}", name=table.name).in_(lang)
    columns = set(intake.dossiers.columns)
    conditions = _list_conditions(intake)
    amount, why = suggest_amount(_sum_eligible(intake, conditions), lang)
    if stated_amount is not None:
        amount, why = stated_amount, _("the amount typed on the page").in_(lang)
    if "requested" not in columns:
        why += _("; no column of requested amounts was recognised, one is needed").in_(lang)
    return get_templates(lang).from_scenario.format(
        name=" ".join(table.name.split()),
        file=json.dumps(COPY),
        id=name,
        title=json.dumps(heading, ensure_ascii=False),
        amount=amount,
        amount_why=why,
        envelopes=_render_envelopes(intake, lang),
        currency=_render_currency(lang),
        columns=_render_source(intake, folder, table, lang),
        territory=_render_territory(intake.dossiers, lang),
        eligibility=_render_eligibility(conditions, lang),
        objective=_render_objective(intake, lang),
    )


def _render_currency(lang: Lang) -> str:
    """Write the currency of the amounts, where it is not the euro; the table's cells say which."""
    currency = get_currency()
    if currency == EURO:
        return ""
    written = currency.code
    if CURRENCIES.get(currency.code) != currency:
        symbol = json.dumps(currency.symbol, ensure_ascii=False)
        written = f"{{symbol: {symbol}, place: {currency.place}, minor_unit: {currency.minor_unit}}}"
    return f"currency: {written}      # {_TO_REVIEW.in_(lang)}\n"


def _render_objective(intake: Intake, lang: Lang) -> str:
    """Write the objective: the scores, else the order of graded opinions, else the number of applications."""
    from tnt_sim.ingest.intake.grades import choose_last_goal, find_grades, render_order
    from tnt_sim.ingest.intake.header_words import Role

    goal = choose_last_goal(intake.dossiers)
    if goal == "score":
        return f"objective:\n  - {{maximise: {{score: 1}}}}      # {_TO_REVIEW.in_(lang)}\n"
    opinions = {entry.name for entry in intake.columns if entry.role is Role.OPINION}
    for values in intake.values:
        grades = find_grades(values) if values.name in opinions else None
        if grades is not None and grades.certain:
            why = _("to review: without a score, the order of {label}", label=values.label).in_(lang)
            measures, stages = render_order(values.name, grades, goal)
            counted = "".join(f"  {entry}\n" for entry in measures)
            return f"# {why}\nmeasures:\n{counted}\nobjective:\n" + "".join(f"  - {one}\n" for one in stages)
    return f"objective:\n  - {{maximise: {{dossiers: 1}}}}      # {_WITHOUT_SCORE.in_(lang)}\n"


_TO_REVIEW = _("to review")
_WITHOUT_SCORE = _(
    "to review: without a score, the largest number of applications, so the cheapest "
    "first;\n                                      # other choices: granted, population, or a "
    "column of numbers"
)


def propose_amount(intake: Intake, lang: Lang) -> str:
    """Return the amount that a new scenario has while none is stated."""
    return suggest_amount(_sum_eligible(intake, _list_conditions(intake)), lang)[0]


def suggest_amount(wanted: int, lang: Lang) -> tuple[str, str]:
    """Return four fifths of what is requested, so that there is a choice to make, and a comment on it."""
    unit_m, unit_k = (get_currency().build_unit(scale) for scale in ("M", "k"))
    if not wanted:
        return f"1 {unit_m}", _("write the amount of the envelope").in_(lang)
    thousands = max(1, wanted * 4 // 5 // 100_000)
    amount = f"{thousands // 100 / 10} {unit_m}" if thousands >= 1000 else f"{thousands} {unit_k}"
    why = _("80% of what is requested, write the amount of the envelope")
    return amount, why.in_(lang)


def _render_envelopes(intake: Intake, lang: Lang) -> str:
    from tnt_sim.ingest.intake.answers import NO_ENVELOPE

    if "envelope" not in intake.dossiers.columns:
        return ""
    totals: dict[str, int] = {}
    for value, cents in zip(intake.dossiers["envelope"].to_list(), intake.cents.to_list(), strict=True):
        totals[value] = totals.get(value, 0) + cents
    values = sorted(value for value in totals if value and value != NO_ENVELOPE)
    if not values:
        return ""
    head = _("to review: the values of the column, without an amount of their own")
    lines = [f"  envelopes:            # {head.in_(lang)}"]
    title = json.dumps(_("No envelope in the table").in_(lang), ensure_ascii=False)
    entries = {value: f"id: {json.dumps(value, ensure_ascii=False)}" for value in values}
    if NO_ENVELOPE in totals:
        entries[NO_ENVELOPE] = f"id: {NO_ENVELOPE}, title: {title}"
    for value, entry in entries.items():
        requested = _("requested: {total}", total=Money(totals[value])).in_(lang)
        lines.append(f"    - {{{entry}}}   # {requested}")
    return "\n".join(lines) + "\n"


def _render_source(intake: Intake, folder: Path, table: Path, lang: Lang) -> str:
    """Write the file that the copy was read from, and how each column was understood."""
    try:
        path = Path(os.path.relpath(table.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        path = table.resolve().as_posix()
    text = _("run never reads this file; {command} reads it again", command=build_refresh_command(folder))
    lines = [
        f"    # {text.in_(lang)}",
        "    source:",
        f"      path: {json.dumps(path, ensure_ascii=False)}",
        f"      sha256: {intake.sha256}",
        *_render_origin(table),
    ]
    return "".join(f"{line}\n" for line in lines)


def _render_origin(table: Path) -> list[str]:
    """Write where the dossiers of a table were read, if `import --from-api` read them."""
    if not (table.parent / "reading.json").is_file() or table.stem != "dossiers":
        return []
    from tnt_sim.exchange.demarche_reading import read_origin

    origin = read_origin(table.parent)
    assert origin is not None
    source, read_at = origin
    return [
        f"      api: {json.dumps(source.api)}",
        f"      demarche: {source.demarche}",
        f"      read_at: {json.dumps(read_at)}",
    ]


def _render_territory(table: pl.DataFrame, lang: Lang) -> str:
    """Write the map that fills numbers and places of applicants, where it is certain of an empty cell."""
    import polars as pl

    from tnt_sim.domain.territory import YEARS, load_territory
    from tnt_sim.ingest.map_completion import complete_columns

    texts = ("applicant", "applicant_type", "applicant_id", "commune", "epci", "department", "region")
    whole = table.with_columns(pl.lit("").alias(name) for name in texts if name not in table.columns)
    whole = whole.with_columns(pl.col("applicant_type").replace("", "autre"))
    completed = complete_columns(whole, load_territory(YEARS[-1]), ("applicant_id", "department", "region"))
    filled = [name for name, column in completed.items() if ((whole[name] == "") & (column != "")).any()]
    if not filled:
        return ""
    why = _("empty cells that the map is certain of; validate counts them").in_(lang)
    return f"territory: {{year: {YEARS[-1]}, fill: [{', '.join(filled)}]}}      # {why}\n\n"


@dataclass(frozen=True, slots=True)
class _Condition:
    """A condition of a new scenario: what it requires, in YAML, and which applications it excludes."""

    id: str
    require: str
    reason: Text
    excluded: pl.Series


def _list_conditions(intake: Intake) -> list[_Condition]:
    """Return the conditions: an envelope, an amount, a score, no closed application, no opinion that says no."""
    from tnt_sim.ingest.intake.answers import NO_ENVELOPE, PROVISIONAL
    from tnt_sim.ingest.intake.values import Opinion

    table = intake.dossiers
    result = []
    if "envelope" in table.columns and (outside := table["envelope"] == NO_ENVELOPE).any():
        require = f"{{{PROVISIONAL[NO_ENVELOPE]}}}"
        result.append(_Condition(NO_ENVELOPE, require, _("No envelope in the table"), outside))
    if "requested" in table.columns:
        empty = table["requested"] == ""
        if empty.any() and not empty.all():
            reason = _("No amount requested that can be read")
            result.append(_Condition("montant", f"{{{PROVISIONAL['montant']}}}", reason, empty))
    if "score" in table.columns:
        empty = table["score"] == ""
        if empty.any() and not empty.all():
            result.append(_Condition("note", f"{{{PROVISIONAL['note']}}}", _("No score in the table"), empty))
    if "state" in table.columns:
        closed = [value for value in ("refuse", "sans_suite") if (table["state"] == value).any()]
        if closed:
            require = f"{{state: {{not: [{', '.join(closed)}]}}}}"
            result.append(_Condition("etat", require, _("Refused or closed"), table["state"].is_in(closed)))
    for k, values in enumerate(intake.values, 1):
        against = [entry for entry in values.values if entry.opinion is Opinion.AGAINST]
        if against and values.settled:
            spelt = [text for entry in against for text, __ in entry.spellings]
            named = json.dumps([entry.value for entry in against], ensure_ascii=False)
            require = f"{{{json.dumps(values.name, ensure_ascii=False)}: {{not: {named}}}}}"
            reason = _("{label}: unfavourable", label=values.label)
            result.append(_Condition(f"avis-{k}", require, reason, table[values.name].is_in(spelt)))
    return result


def _sum_eligible(intake: Intake, conditions: Sequence[_Condition]) -> int:
    """Return what the applications request that no condition excludes."""
    cents = intake.cents
    for entry in conditions:
        cents = cents.set(entry.excluded, 0)
    return int(cents.sum())


def _render_eligibility(conditions: Sequence[_Condition], lang: Lang) -> str:
    """Write the conditions of a new scenario, each to be reviewed."""
    if not conditions:
        return ""
    lines = ["eligibility:"]
    for entry in conditions:
        lines += [
            f"  - id: {entry.id}             # {_TO_REVIEW.in_(lang)}",
            f"    require: {entry.require}",
            f"    reason: {json.dumps(entry.reason.in_(lang), ensure_ascii=False)}",
        ]
    return "\n".join(lines) + "\n\n"


def describe_columns(intake: Intake) -> tuple[list[Text], list[str]]:
    """Return the columns that are read under a canonical name, and the headers of the others."""
    from tnt_sim.ingest.intake.columns import Use

    review = [
        _(
            '{column} ← "{header}"{about}',
            column=entry.name,
            header=entry.label,
            about=_describe_doubt(entry.as_granted),
        )
        for entry in intake.columns
        if entry.use is Use.CANONICAL
    ]
    review += [
        _('"{header}" left aside, {why}', header=entry.label, why=entry.reason)
        for entry in intake.columns
        if entry.reason is not None
    ]
    return review, [entry.label for entry in intake.columns if entry.use is Use.FURTHER]


def _describe_doubt(as_granted: bool) -> Text:
    from tnt_sim.i18n.message import NO_TEXT

    return _(" (the amount granted, taken for the one asked)") if as_granted else NO_TEXT


def merge_answers(before: IntakeAnswers, stated: IntakeAnswers) -> IntakeAnswers:
    """Return earlier answers with newer ones on top."""
    columns = {
        name: header for name, header in before.columns.items() if header not in stated.columns.values()
    }
    values: Mapping[str, Mapping[str, str]] = {
        name: {**before.values.get(name, {}), **stated.values.get(name, {})}
        for name in {**before.values, **stated.values}
    }
    take = {row for row in before.take if row not in stated.drop} | set(stated.take)
    drop = {row for row in before.drop if row not in stated.take} | set(stated.drop)
    update = {
        "sheet": stated.sheet or before.sheet,
        "header_row": stated.header_row or (before.header_row if stated.sheet is None else None),
        "encoding": stated.encoding or before.encoding,
        "columns": {**columns, **stated.columns}
        if stated.sheet in (None, before.sheet)
        else dict(stated.columns),
        "take": tuple(sorted(take)),
        "drop": tuple(sorted(drop)),
        "values": values,
    }
    return before.model_copy(update=update)
