"""`tnt-sim new`: a scenario folder that validates and runs, from an example or from a table of applications."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.console import build_hint_lines, print_note, quote_argument
from tnt_sim.cli.invocation import get_invocation
from tnt_sim.cli.options import (
    EncodingOption,
    FolderArgument,
    FromOption,
    HeaderRowOption,
    SheetOption,
    parse_lang,
)
from tnt_sim.cli.project_templates import build_dossiers_csv, get_templates
from tnt_sim.disk import build_write_error, put_all, quote_path
from tnt_sim.documents import dump_document
from tnt_sim.errors import DataError, Defect, TntError, UsageError
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _, _n
from tnt_sim.i18n.parameters import Items, Money

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.ingest.tables.column_guess import Guess
    from tnt_sim.reporting.command_documents import NewDocument

MOST_ENVELOPES = 40
SCENARIO_FILE = "scenario.yaml"


def new(
    folder: FolderArgument,
    output: OutputOptions,
    table: FromOption = None,
    sheet: SheetOption = None,
    encoding: EncodingOption = None,
    header_row: HeaderRowOption = 1,
) -> int:
    """Create a project: a complete example, or a scenario from your table of applications."""
    tongue = parse_lang(output.lang)
    _refuse_occupied(folder)
    files: dict[str, str] = _build_example(tongue)
    review: list[Text] = []
    left_out: list[str] = []
    if table is not None:
        given = {"sheet": sheet, "encoding": encoding, "header_row": header_row if header_row > 1 else None}
        read = {key: value for key, value in given.items() if value is not None}
        files, review, left_out = _from_table(folder, table, read, tongue)
    elif sheet or encoding or header_row > 1:
        raise UsageError(
            _("--sheet, --encoding and --header-row go with --from TABLE."),
            code="usage.table",
        )
    _write(folder, files, table)
    remaining = _collect_defects(folder / SCENARIO_FILE)
    document = _build_document(folder, review, left_out, remaining, tongue)
    from tnt_sim.reporting.reports.new_project import build_report

    hint = build_hint_lines(_list_next_commands(document, tongue), tongue)
    output.show(build_report(document), dump_document(document), tongue, hint)
    if not output.as_json:
        for defect in remaining:
            print_note(_("To correct: {defect}", defect=defect.describe(tongue)).in_(tongue))
    return 0


def _write(folder: Path, files: dict[str, str], table: Path | None) -> None:
    data = {folder / name: text.encode() for name, text in files.items()}
    try:
        if table is not None:
            data[folder / "data" / table.name] = table.read_bytes()
        put_all(data)
    except OSError as error:
        remedy = _("Choose another folder.")
        raise build_write_error(quote_path(folder), error, remedy, usage="usage.folder") from error


def _refuse_occupied(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    raise UsageError(
        _(
            '"{folder}" exists and is not empty: nothing is written there. Choose another name.',
            folder=folder,
        ),
        code="usage.folder",
    )


def _build_example(lang: Lang) -> dict[str, str]:
    templates = get_templates(lang)
    return {
        "tnt-sim.toml": templates.project,
        SCENARIO_FILE: templates.scenario,
        "data/dossiers.csv": build_dossiers_csv(lang),
        "README.md": templates.readme.format(title=templates.title, note=templates.synthetic),
    }


_AS_FLAGS = {
    "encoding": _('Add --encoding cp1252 if it comes from Excel, or save it as "CSV UTF-8".'),
    "several_sheets": _('Add --sheet "…".'),
}


def _read_table(table: Path, read: Mapping[str, Any]) -> pl.DataFrame:
    """Return the cells of the table as text; messages name flags instead of scenario keys under `read`."""
    from tnt_sim.ingest.portfolio_reader import read_plain
    from tnt_sim.ingest.tables.raw_table import ReadOptions

    try:
        return read_plain(table, shown_as=str(table), read=ReadOptions(**read))
    except DataError as error:
        raise DataError(map(_with_flags, error.defects)) from None


def _with_flags(defect: Defect) -> Defect:
    if defect.hint is None or "read: {" not in defect.hint.fr:
        return defect
    return replace(defect, hint=_AS_FLAGS.get(defect.code, defect.hint))


def _from_table(
    folder: Path, table: Path, read: Mapping[str, Any], lang: Lang
) -> tuple[dict[str, str], list[Text], list[str]]:
    """Return the files of the folder, the columns to review, and those not recognised."""
    from tnt_sim.ingest.tables.column_guess import guess_columns

    guess = guess_columns(_read_table(table, read), typed=table.suffix.lower() in (".xlsx", ".ods"))
    if "dossier" not in guess.present:
        raise UsageError(
            _(
                '"{table}": no column seems to hold the dossier\'s number. Name it "dossier" in the '
                "table, then start again.",
                table=table,
            ),
            code="usage.table",
        )
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "scenario"
    heading = _("Applications of {name}", name=table.name).in_(lang)
    title = json.dumps(heading, ensure_ascii=False)
    if guess.rounded:
        read = {**read, "rounding": "nearest"}
    files = {
        "tnt-sim.toml": get_templates(lang).project,
        SCENARIO_FILE: _render_scenario(guess, name, title, table.name, read, lang),
        "README.md": get_templates(lang).readme.format(title=folder.resolve().name, note=""),
    }
    review = [
        _('{column} ← "{header}"{about}', column=column, header=header, about=about)
        for column, header in guess.columns.items()
        for about in [_describe_guess(column, guess)]
    ]
    review += [
        _('{column}: "{header}" left aside, {why}', column=column, header=header, why=why)
        for column, (header, why) in guess.set_aside.items()
    ]
    if guess.has_convertible_column:
        name = f'"{table}"' if " " in str(table) else str(table)
        created = f"{table.stem}-import/dossiers.csv"
        review.append(
            _(
                "these values can be converted: tnt-sim import {name}, then new … --from {created}",
                name=name,
                created=created,
            )
        )
    return files, review, list(guess.left_out)


def _describe_guess(column: str, guess: Guess) -> Text:
    """Describe a guess to review: a granted amount read as requested, or rounded cents."""
    sentences = []
    if column == "requested" and guess.as_granted:
        sentences.append(_("the amount granted, taken for the one asked"))
    if column in guess.rounded:
        n = guess.rounded[column]
        sentences.append(_n("{n} amount rounded to the cent", "{n} amounts rounded to the cent", n=n))
    return _(" ({remarks})", remarks=Items(sentences, ";")) if sentences else NO_TEXT


def _render_scenario(
    guess: Guess, name: str, title: str, file: str, read: Mapping[str, Any], lang: Lang
) -> str:
    amount, why = _suggest_amount(guess.requested_cents, lang)
    if "requested" not in guess.present:
        why += _("; no column of requested amounts was recognised, one is needed").in_(lang)
    return get_templates(lang).from_scenario.format(
        name=_normalise_spaces(file),
        file=json.dumps(f"data/{file}", ensure_ascii=False),
        id=name,
        title=title,
        amount=amount,
        amount_why=why,
        envelopes=_render_envelopes(guess, lang),
        columns=_read_block(read) + _render_columns(guess, lang),
        eligibility=_render_eligibility(guess, lang),
        goal="score" if "score" in guess.present else "dossiers",
        goal_why=(_TO_REVIEW if "score" in guess.present else _WITHOUT_SCORE).in_(lang),
    )


_TO_REVIEW = _("to review")
_WITHOUT_SCORE = _(
    "to review: without a score, the largest number of applications, so the cheapest "
    "first;\n                                      # other choices: granted, population, or a "
    "column of numbers"
)


def _suggest_amount(wanted: int | None, lang: Lang) -> tuple[str, str]:
    """Return four fifths of what is requested, so that there is a choice to make, and a comment on it."""
    if not wanted:
        return "1 M€", _("write the amount of the envelope").in_(lang)
    thousands = max(1, wanted * 4 // 5 // 100_000)
    amount = f"{thousands // 100 / 10} M€" if thousands >= 1000 else f"{thousands} k€"
    why = _("80% of what is requested, write the amount of the envelope")
    return amount, why.in_(lang)


def _render_envelopes(guess: Guess, lang: Lang) -> str:
    if not guess.envelopes or len(guess.envelopes) > MOST_ENVELOPES:
        return ""
    head = _("to review: the values of the column, without an amount of their own")
    lines = [f"  envelopes:            # {head.in_(lang)}"]
    for value in guess.envelopes:
        asked = guess.asked_by.get(value)
        told = "" if asked is None else f"   # {_('requested: {total}', total=Money(asked)).in_(lang)}"
        lines.append(f"    - {{id: {json.dumps(value, ensure_ascii=False)}}}{told}")
    return "\n".join(lines) + "\n"


def _read_block(read: Mapping[str, Any]) -> str:
    written = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in read.items())
    return f"    read: {{{written}}}\n" if written else ""


def _render_columns(guess: Guess, lang: Lang) -> str:
    lines = []
    if guess.columns:
        lines.append("    columns:")
        lines += [
            f"      {column}: {json.dumps(header, ensure_ascii=False)}"
            f"   # {_TO_REVIEW.in_(lang)}{_describe_guess(column, guess).in_(lang)}"
            for column, header in guess.columns.items()
        ]
    lines += [
        "    # "
        + _(
            '{column}: "{header}" is not taken, {why}',
            column=column,
            header=_normalise_spaces(header),
            why=_normalise_spaces(why.in_(lang)),
        ).in_(lang)
        for column, (header, why) in guess.set_aside.items()
    ]
    if guess.left_out:
        names = ", ".join(_normalise_spaces(header) for header in guess.left_out)
        unknown = _("Not recognised, read under their own name: {names}", names=names)
        lines.append(f"    # {unknown.in_(lang)}")
    return "".join(f"{line}\n" for line in lines)


def _render_eligibility(guess: Guess, lang: Lang) -> str:
    """Write the condition that excludes refused applications, if their state has the service's own words."""
    if not guess.closed:
        return ""
    header = json.dumps(guess.set_aside["state"][0], ensure_ascii=False)
    values = json.dumps(list(guess.closed), ensure_ascii=False)
    return (
        "eligibility:\n"
        f"  - id: etat             # {_TO_REVIEW.in_(lang)}\n"
        f"    require: {{{header}: {{not: {values}}}}}\n"
        f"    reason: {_('Refused or closed').in_(lang)}\n\n"
    )


def _normalise_spaces(text: str) -> str:
    return " ".join(text.split())


def _collect_defects(scenario: Path) -> tuple[Defect, ...]:
    """List what still prevents the new scenario from running."""
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.scenario.problem import compile_problem

    try:
        compile_problem(load_scenario(scenario))
    except TntError as error:
        return error.defects_found()
    return ()


def _build_document(
    folder: Path, review: list[Text], left_out: list[str], remaining: tuple[Defect, ...], lang: Lang
) -> NewDocument:
    from tnt_sim.reporting.command_documents import NewDefect, NewDocument

    return NewDocument(
        scenario=str(folder / SCENARIO_FILE),
        status="valid" if not remaining else "to_review",
        review=[one.in_(lang) for one in review],
        left_out=left_out,
        defects=[NewDefect(code=d.code, message=d.text.in_(lang)) for d in remaining],
    )


def _list_next_commands(document: NewDocument, lang: Lang) -> list[str]:
    """List what to type next; the planner first reviews the guesses and writes the envelope."""
    scenario = quote_argument(Path(document.scenario).as_posix())
    run = get_invocation().format_command(f"run {scenario}")
    if not (document.defects or document.review):
        return [run]
    read = _("review {file} (amount, columns)", file=document.scenario).in_(lang)
    return [read, get_invocation().format_command(f"validate {scenario}"), run]
