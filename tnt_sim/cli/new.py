"""`tnt-sim new`: a scenario folder that validates and runs, or one that starts from a table of dossiers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.cli import templates
from tnt_sim.cli.hints import hint_lines, quoted
from tnt_sim.cli.options import (
    EncodingOption,
    FolderArgument,
    FromOption,
    HeaderRowOption,
    JsonOption,
    LangOption,
    SheetOption,
    lang_of,
)
from tnt_sim.cli.speak import emit, note
from tnt_sim.disk import named, put_all, refusal
from tnt_sim.errors import DataError, Defect, Lang, Text, TntError, UsageError, so_many

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.cli.guess import Guess

MOST_ENVELOPES = 40
SCENARIO_FILE = "scenario.yaml"


def new(
    folder: FolderArgument,
    table: FromOption = None,
    sheet: SheetOption = None,
    encoding: EncodingOption = None,
    header_row: HeaderRowOption = 1,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> int:
    """Crée un dossier de scénario prêt à l'emploi, vide d'office ou depuis une table de dossiers."""
    tongue = lang_of(lang, Lang.FR)
    _refuse_occupied(folder)
    files: dict[str, str] = _example()
    review: list[Text] = []
    left_out: list[str] = []
    if table is not None:
        given = {"sheet": sheet, "encoding": encoding, "header_row": header_row if header_row > 1 else None}
        read = {key: value for key, value in given.items() if value is not None}
        files, review, left_out = _from_table(folder, table, read)
    elif sheet or encoding or header_row > 1:
        raise UsageError(
            Text(
                "--sheet, --encoding et --header-row vont avec --from TABLE.",
                "--sheet, --encoding and --header-row go with --from TABLE.",
            ),
            code="usage.table",
        )
    _write(folder, files, table)
    remaining = _remaining(folder / SCENARIO_FILE)
    if as_json:
        emit(_document(folder, review, left_out, remaining, tongue))
    else:
        _tell(folder, review, left_out, remaining, tongue)
    return 0


def _write(folder: Path, files: dict[str, str], table: Path | None) -> None:
    data = {folder / name: text.encode() for name, text in files.items()}
    try:
        if table is not None:
            data[folder / "data" / table.name] = table.read_bytes()
        put_all(data)
    except OSError as error:
        remedy = Text("Choisissez un autre dossier.", "Choose another folder.")
        raise refusal(named(folder), error, remedy, usage="usage.folder") from error


def _refuse_occupied(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    raise UsageError(
        Text(
            f"« {folder} » existe et n'est pas vide : rien n'y est écrit. Choisissez un autre nom.",
            f'"{folder}" exists and is not empty: nothing is written there. Choose another name.',
        ),
        code="usage.folder",
    )


def _example() -> dict[str, str]:
    return {
        "tnt-sim.toml": templates.PROJECT,
        SCENARIO_FILE: templates.SCENARIO,
        "data/dossiers.csv": templates.dossiers_csv(),
        "README.md": templates.README.format(title="Programme d'exemple", note=" (**synthétiques**)"),
    }


_AS_FLAGS = {
    "encoding": Text(
        "Ajoutez --encoding cp1252 s'il vient d'Excel, ou enregistrez-le en « CSV UTF-8 ».",
        'Add --encoding cp1252 if it comes from Excel, or save it as "CSV UTF-8".',
    ),
    "several_sheets": Text('Ajoutez --sheet "…".', 'Add --sheet "…".'),
}


def _table_of(table: Path, read: Mapping[str, Any]) -> pl.DataFrame:
    """The cells of the table as text; what a scenario would say under `read` is said here by flags."""
    from tnt_sim.formats.table import ReadOptions, read_plain

    try:
        return read_plain(table, shown_as=str(table), read=ReadOptions(**read))
    except DataError as error:
        raise DataError(map(_with_flags, error.defects)) from None


def _with_flags(defect: Defect) -> Defect:
    if defect.hint is None or "read: {" not in defect.hint.fr:
        return defect
    return replace(defect, hint=_AS_FLAGS.get(defect.code, defect.hint))


def _from_table(
    folder: Path, table: Path, read: Mapping[str, Any]
) -> tuple[dict[str, str], list[Text], list[str]]:
    """The files of the folder, the columns to review, and those that were not recognised."""
    from tnt_sim.cli.guess import guess_columns

    found = guess_columns(_table_of(table, read), typed=table.suffix.lower() in (".xlsx", ".ods"))
    if "dossier" not in found.present:
        raise UsageError(
            Text(
                f"« {table} » : aucune colonne ne semble porter le numéro de dossier. "
                "Nommez-la « dossier » dans la table, puis recommencez.",
                f'"{table}": no column seems to hold the dossier\'s number. '
                'Name it "dossier" in the table, then start again.',
            ),
            code="usage.table",
        )
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "scenario"
    title = json.dumps(f"Dossiers de {table.name}", ensure_ascii=False)
    if found.rounded:
        read = {**read, "rounding": "nearest"}
    files = {
        "tnt-sim.toml": templates.PROJECT,
        SCENARIO_FILE: _scenario(found, name, title, table.name, read),
        "README.md": templates.README.format(title=folder.resolve().name, note=""),
    }
    review = [
        Text(f"{column} ← « {header} »{about.fr}", f'{column} ← "{header}"{about.en}')
        for column, header in found.columns.items()
        for about in [_about(column, found)]
    ]
    review += [
        Text(
            f"{column} : « {header} » laissée de côté, {why.fr}", f'{column}: "{header}" left aside, {why.en}'
        )
        for column, (header, why) in found.set_aside.items()
    ]
    if found.to_convert:
        name = f'"{table}"' if " " in str(table) else str(table)
        made = f"{table.stem}-import/dossiers.csv"
        review.append(
            Text(
                f"ces valeurs se convertissent : tnt-sim import {name}, puis new … --from {made}",
                f"these values can be converted: tnt-sim import {name}, then new … --from {made}",
            )
        )
    return files, review, list(found.left_out)


def _about(column: str, found: Guess) -> Text:
    """What a planner must know of a guess: an amount granted taken for one asked, cents that were rounded."""
    said = []
    if column == "requested" and found.as_granted:
        said.append(
            Text(
                "le montant accordé, pris pour le montant demandé",
                "the amount granted, taken for the one asked",
            )
        )
    if column in found.rounded:
        n = found.rounded[column]
        said.append(
            so_many(
                n,
                ("montant arrondi au centime", "montants arrondis au centime"),
                ("amount rounded to the cent", "amounts rounded to the cent"),
            )
        )
    if not said:
        return Text("", "")
    return Text(f" ({' ; '.join(one.fr for one in said)})", f" ({'; '.join(one.en for one in said)})")


def _scenario(found: Guess, name: str, title: str, file: str, read: Mapping[str, Any]) -> str:
    amount, why = _amount(found.requested_cents)
    if "requested" not in found.present:
        why += " ; aucune colonne de montant demandé n'a été reconnue, il en faut une"
    return templates.FROM_SCENARIO.format(
        name=_one_line(file),
        file=json.dumps(f"data/{file}", ensure_ascii=False),
        id=name,
        title=title,
        amount=amount,
        amount_why=why,
        envelopes=_envelopes(found),
        columns=_read_block(read) + _columns(found),
        eligibility=_eligibility(found),
        goal="score" if "score" in found.present else "dossiers",
        goal_why="à vérifier" if "score" in found.present else _WITHOUT_SCORE,
    )


_WITHOUT_SCORE = (
    "à vérifier : sans note, le plus grand nombre de dossiers, donc les moins chers d'abord ;\n"
    "                                      # autres choix : granted, population, ou une colonne de nombres"
)


def _amount(asked: int | None) -> tuple[str, str]:
    """Four fifths of what is asked, a round figure, so that there is something to choose."""
    if not asked:
        return "1 M€", "mettez le montant de l'enveloppe"
    thousands = max(1, asked * 4 // 5 // 100_000)
    amount = f"{thousands // 100 / 10} M€" if thousands >= 1000 else f"{thousands} k€"
    return amount, "80 % de la demande, mettez le montant de l'enveloppe"


def _envelopes(found: Guess) -> str:
    from tnt_sim.money import format_cents

    if not found.envelopes or len(found.envelopes) > MOST_ENVELOPES:
        return ""
    lines = ["  envelopes:            # à vérifier : les valeurs de la colonne, sans montant propre"]
    for value in found.envelopes:
        asked = found.asked_by.get(value)
        told = "" if asked is None else f"   # demandé : {format_cents(asked, Lang.FR)}"
        lines.append(f"    - {{id: {json.dumps(value, ensure_ascii=False)}}}{told}")
    return "\n".join(lines) + "\n"


def _read_block(read: Mapping[str, Any]) -> str:
    written = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in read.items())
    return f"    read: {{{written}}}\n" if written else ""


def _columns(found: Guess) -> str:
    lines = []
    if found.columns:
        lines.append("    columns:")
        lines += [
            f"      {column}: {json.dumps(header, ensure_ascii=False)}   # à vérifier{_about(column, found).fr}"
            for column, header in found.columns.items()
        ]
    lines += [
        f"    # {column} : « {_one_line(header)} » n'est pas prise, {_one_line(why.fr)}"
        for column, (header, why) in found.set_aside.items()
    ]
    if found.left_out:
        names = ", ".join(_one_line(header) for header in found.left_out)
        lines.append(f"    # Non reconnues, lues sous leur nom : {names}")
    return "".join(f"{line}\n" for line in lines)


def _eligibility(found: Guess) -> str:
    """What keeps refused dossiers out when their state is written in the service's own words."""
    if not found.closed:
        return ""
    header = json.dumps(found.set_aside["state"][0], ensure_ascii=False)
    values = json.dumps(list(found.closed), ensure_ascii=False)
    return (
        "eligibility:\n"
        "  - id: etat             # à vérifier\n"
        f"    require: {{{header}: {{not: {values}}}}}\n"
        "    reason: Refusé ou classé sans suite\n\n"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _remaining(scenario: Path) -> tuple[Defect, ...]:
    """What still keeps the new scenario from running."""
    from tnt_sim.scenario.compile import compile_problem
    from tnt_sim.scenario.load import load_scenario

    try:
        compile_problem(load_scenario(scenario))
    except TntError as error:
        return error.defects_found()
    return ()


def _document(
    folder: Path, review: list[Text], left_out: list[str], remaining: tuple[Defect, ...], lang: Lang
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "command": "new",
        "scenario": str(folder / SCENARIO_FILE),
        "scenario_sha256": None,
        "status": "valid" if not remaining else "to_review",
        "review": [one.in_(lang) for one in review],
        "left_out": left_out,
        "defects": [{"code": d.code, "message": d.text.in_(lang)} for d in remaining],
    }


def _tell(
    folder: Path, review: list[Text], left_out: list[str], remaining: tuple[Defect, ...], lang: Lang
) -> None:
    from rich.text import Text as Line

    from tnt_sim.cli.speak import page

    french = lang is Lang.FR
    made = f"✔ Dossier créé : {folder}" if french else f"✔ Folder made: {folder}"
    lines = [Line(made, style="bold green")]
    if review:
        lines.append(
            Line("Colonnes devinées, à vérifier :" if french else "Columns guessed, to be reviewed:")
        )
        lines += [Line(f"  {one.in_(lang)}") for one in review]
    if left_out:
        lines.append(
            Line(
                "Colonnes non reconnues, lues sous leur nom :"
                if french
                else "Columns not recognised, read under their own name:"
            )
        )
        lines += [Line(f"  « {header} »" if french else f'  "{header}"') for header in left_out]
    file = folder / SCENARIO_FILE
    follow = [f"tnt-sim run {quoted(file.as_posix())}"]
    if remaining or review:  # guesses are read over, and the envelope written, before anything is computed
        read = (
            f"relisez {file} (le montant, les colonnes)" if french else f"read {file} over (amount, columns)"
        )
        follow = [read, f"tnt-sim validate {quoted(file.as_posix())}", *follow]
    page(lines + hint_lines(follow, lang))
    for defect in remaining:
        note(("À corriger : " if french else "To correct: ") + defect.line(lang))
