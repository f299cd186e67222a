"""`tnt-sim new`: a scenario folder that validates and runs, from an example or from a table of applications."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.cli.console import build_hint_lines, emit, print_note, quote_argument
from tnt_sim.cli.documents import NewDefect, NewDocument
from tnt_sim.cli.options import (
    EncodingOption,
    FolderArgument,
    FromOption,
    HeaderRowOption,
    JsonOption,
    LangOption,
    SheetOption,
    parse_lang,
)
from tnt_sim.disk import build_write_error, put_all, quote_path
from tnt_sim.documents import dump_document
from tnt_sim.errors import DataError, Defect, TntError, UsageError
from tnt_sim.i18n.message import Lang, Text, describe_count

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.ingest.tables.column_guess import Guess

PROJECT = """\
# Ce fichier marque le dossier du projet : un scénario ne lit rien en dehors, et les calculs vont dans runs/.
schema_version = 1
"""

SCENARIO = """\
# Un scénario de tnt-sim. Un montant s'écrit 88 M€, 12.5 k€ ou "1 234,56 €" (guillemets s'il a une virgule).
# Après une modification : tnt-sim validate scenario.yaml, puis tnt-sim run scenario.yaml.
schema_version: 1
id: exemple
title: Programme d'exemple
note: SYNTHÉTIQUE. Dossiers inventés pour essayer tnt-sim.
date: 2026-03-31            # le jour de la décision ; l'horloge n'est jamais lue
locale: fr

# L'argent : une enveloppe et, dessous, ses parts. Ce qui n'est pas réparti va où c'est le plus utile.
programme:
  id: programme
  title: Programme d'exemple
  amount: 1.2 M€
  envelopes:
    - {id: numerique, title: Services numériques, amount: 600 k€}
    - {id: mobilites, title: Mobilités, amount: 400 k€}

# Les dossiers : CSV, XLSX, ODS ou Parquet. « columns » traduit vos en-têtes : {requested: "Montant demandé"}.
dossiers:
  - file: data/dossiers.csv

# Qui peut être financé ; chaque refus garde sa raison.
eligibility:
  - id: complet
    title: Le dossier est complet
    require: {state: [en_instruction, accepte]}
    reason: Dossier encore en construction
  - id: petites-communes
    title: Mobilités, communes de moins de 20 000 habitants
    where: {envelope: mobilites, applicant_type: commune}
    require: {population: {below: 20000}}
    reason: Commune de 20 000 habitants ou plus

# Combien : tout ou rien, 80 % du coût au plus.
grants:
  - {mode: all_or_nothing, max_rate: 80 %}

# Les règles. « off: true » en arrête une sans l'effacer.
rules:
  - id: part-communes
    title: Au moins 40 % de l'argent va aux communes
    kind: share
    measure: granted
    where: {applicant_type: commune}
    min: 40 %
  - id: plafond-departement
    title: 400 000 € au plus par département
    kind: limit
    measure: granted
    by: department
    max: 400 k€

# Ce qu'on cherche : la plus grande somme des notes du jury.
objective:
  - {maximise: {score: 1}}
"""

_ROWS = """\
E-01|Guichet unique en ligne|numerique|Commune de Vallières|commune|01|4200|90000|72000|14.5|2026-01-12
E-02|Signalement de voirie|numerique|Commune de Boisclair|commune|01|1800|45000|36000|11|2026-01-15
E-03|Archives partagées|numerique|Communauté du Haut-Val|epci|01|38000|180000|120000|16|2026-01-20
E-04|Cybersécurité mutualisée|numerique|Syndicat du Nord|mutualisation|02|240000|260000|200000|17.5|2026-01-21
E-05|Paiement de la cantine|numerique|Commune de Sainte-Aure|commune|02|9500|60000|45000|12.5|2026-01-22
E-06|Portail des associations|numerique|Commune de Roche-Neuve|commune|02|23000|70000|50000|10|2026-01-28
E-07|Données ouvertes|numerique|Département de l'Exemple|departement|03|410000|150000|110000|13|2026-02-02
E-08|État civil en ligne|numerique|Commune de Pré-Long|commune|03|6100|52000|41600|15|2026-02-03
E-09|Urbanisme dématérialisé|numerique|Communauté des Lacs|epci|03|54000|140000|98000|14|2026-02-05
E-10|Réseau des médiathèques|numerique|Commune de Champ-d'Or|commune|03|15500|80000|64000|9.5|2026-02-09
E-11|Accueil numérique|numerique|Commune de Val-Serein|commune|01|3300|38000|30000|13.5|2026-02-11
E-12|Concertation en ligne|numerique|Métropole d'Exemple|metropole|02|520000|210000|150000|12|2026-02-12
E-13|Budgets participatifs|numerique|Commune de Bellecombe|commune|01|7700|40000|32000|8|2026-02-16|en_construction
E-14|Cartes des réseaux|numerique|Syndicat des eaux du Sud|syndicat|03|66000|95000|70000|11.5|2026-02-17
E-15|Vélos en libre-service|mobilites|Commune de Vallières|commune|01|4200|75000|60000|15.5|2026-01-18
E-16|Navette des villages|mobilites|Communauté du Haut-Val|epci|01|38000|160000|110000|16.5|2026-01-25
E-17|Pistes cyclables|mobilites|Commune de Roche-Neuve|commune|02|23000|130000|100000|17|2026-01-30
E-18|Covoiturage rural|mobilites|Commune de Sainte-Aure|commune|02|9500|48000|38000|12|2026-02-01
E-19|Abris à vélos|mobilites|Commune de Pré-Long|commune|03|6100|30000|24000|13|2026-02-06
E-20|Bornes de recharge|mobilites|Communauté des Lacs|epci|03|54000|120000|84000|14|2026-02-08
E-21|Transport à la demande|mobilites|Commune de Champ-d'Or|commune|03|15500|90000|72000|14.5|2026-02-10
E-22|Sentiers de l'école|mobilites|Commune de Val-Serein|commune|01|3300|28000|22000|10.5|2026-02-13
E-23|Halte routière|mobilites|Commune de Bellecombe|commune|01|7700|64000|51000|11|2026-02-14
E-24|Plan vélo|mobilites|Métropole d'Exemple|metropole|02|520000|170000|120000|15|2026-02-18
"""
_HEADER = (
    "dossier|title|envelope|applicant|applicant_type|department|population"
    "|cost|requested|score|filed_at|state"
)


def build_dossiers_csv() -> str:
    """Return the applications of the example, each marked as synthetic."""
    lines = [f"{_HEADER}|synthetic"]
    for row in _ROWS.splitlines():
        state = "" if row.count("|") == _HEADER.count("|") else "|en_instruction"
        lines.append(f"{row}{state}|oui")
    return "".join(line.replace("|", ",") + "\n" for line in lines)


README = """\
# {title}

| fichier | ce que c'est |
|---|---|
| `scenario.yaml` | le scénario : enveloppes, conditions, règles, objectif |
| `data/` | la table des dossiers{note} |
| `runs/` | les calculs, un dossier chacun (créé au premier) |

```
tnt-sim validate scenario.yaml
tnt-sim run scenario.yaml
tnt-sim run scenario.yaml --set programme.amount="1.5 M€"
tnt-sim verify runs/<dossier du calcul>
```
"""

FROM_SCENARIO = """\
# Un scénario de tnt-sim, parti de {name}. Ce qui est marqué « à vérifier » a été deviné.
schema_version: 1
id: {id}
title: {title}     # à vérifier : le nom du programme
# date: 2026-03-31      # le jour de la décision, dès qu'une règle en dépend
locale: fr

programme:
  id: programme
  amount: {amount}      # à vérifier : {amount_why}
{envelopes}
dossiers:
  - file: {file}
{columns}
{eligibility}# Combien : tout ou rien. Pour un taux : {{mode: all_or_nothing, max_rate: 80 %}}.
grants:
  - {{mode: all_or_nothing}}

objective:
  - {{maximise: {{{goal}: 1}}}}      # {goal_why}
"""

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
    """Crée un dossier de scénario prêt à l’emploi, vide d’office ou depuis une table de dossiers."""
    tongue = parse_lang(lang, Lang.FR)
    _refuse_occupied(folder)
    files: dict[str, str] = _build_example()
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
    remaining = _collect_defects(folder / SCENARIO_FILE)
    if as_json:
        emit(dump_document(_build_document(folder, review, left_out, remaining, tongue)))
    else:
        _print(folder, review, left_out, remaining, tongue)
    return 0


def _write(folder: Path, files: dict[str, str], table: Path | None) -> None:
    data = {folder / name: text.encode() for name, text in files.items()}
    try:
        if table is not None:
            data[folder / "data" / table.name] = table.read_bytes()
        put_all(data)
    except OSError as error:
        remedy = Text("Choisissez un autre dossier.", "Choose another folder.")
        raise build_write_error(quote_path(folder), error, remedy, usage="usage.folder") from error


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


def _build_example() -> dict[str, str]:
    return {
        "tnt-sim.toml": PROJECT,
        SCENARIO_FILE: SCENARIO,
        "data/dossiers.csv": build_dossiers_csv(),
        "README.md": README.format(title="Programme d'exemple", note=" (**synthétiques**)"),
    }


_AS_FLAGS = {
    "encoding": Text(
        "Ajoutez --encoding cp1252 s'il vient d'Excel, ou enregistrez-le en « CSV UTF-8 ».",
        'Add --encoding cp1252 if it comes from Excel, or save it as "CSV UTF-8".',
    ),
    "several_sheets": Text('Ajoutez --sheet "…".', 'Add --sheet "…".'),
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
    folder: Path, table: Path, read: Mapping[str, Any]
) -> tuple[dict[str, str], list[Text], list[str]]:
    """Return the files of the folder, the columns to review, and those not recognised."""
    from tnt_sim.ingest.tables.column_guess import guess_columns

    guess = guess_columns(_read_table(table, read), typed=table.suffix.lower() in (".xlsx", ".ods"))
    if "dossier" not in guess.present:
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
    if guess.rounded:
        read = {**read, "rounding": "nearest"}
    files = {
        "tnt-sim.toml": PROJECT,
        SCENARIO_FILE: _render_scenario(guess, name, title, table.name, read),
        "README.md": README.format(title=folder.resolve().name, note=""),
    }
    review = [
        Text(f"{column} ← « {header} »{about.fr}", f'{column} ← "{header}"{about.en}')
        for column, header in guess.columns.items()
        for about in [_describe_guess(column, guess)]
    ]
    review += [
        Text(
            f"{column} : « {header} » laissée de côté, {why.fr}", f'{column}: "{header}" left aside, {why.en}'
        )
        for column, (header, why) in guess.set_aside.items()
    ]
    if guess.has_convertible_column:
        name = f'"{table}"' if " " in str(table) else str(table)
        created = f"{table.stem}-import/dossiers.csv"
        review.append(
            Text(
                f"ces valeurs se convertissent : tnt-sim import {name}, puis new … --from {created}",
                f"these values can be converted: tnt-sim import {name}, then new … --from {created}",
            )
        )
    return files, review, list(guess.left_out)


def _describe_guess(column: str, guess: Guess) -> Text:
    """Describe a guess to review: a granted amount read as requested, or rounded cents."""
    sentences = []
    if column == "requested" and guess.as_granted:
        sentences.append(
            Text(
                "le montant accordé, pris pour le montant demandé",
                "the amount granted, taken for the one asked",
            )
        )
    if column in guess.rounded:
        n = guess.rounded[column]
        sentences.append(
            describe_count(
                n,
                ("montant arrondi au centime", "montants arrondis au centime"),
                ("amount rounded to the cent", "amounts rounded to the cent"),
            )
        )
    if not sentences:
        return Text("", "")
    return Text(
        f" ({' ; '.join(one.fr for one in sentences)})", f" ({'; '.join(one.en for one in sentences)})"
    )


def _render_scenario(guess: Guess, name: str, title: str, file: str, read: Mapping[str, Any]) -> str:
    amount, why = _suggest_amount(guess.requested_cents)
    if "requested" not in guess.present:
        why += " ; aucune colonne de montant demandé n'a été reconnue, il en faut une"
    return FROM_SCENARIO.format(
        name=_normalise_spaces(file),
        file=json.dumps(f"data/{file}", ensure_ascii=False),
        id=name,
        title=title,
        amount=amount,
        amount_why=why,
        envelopes=_render_envelopes(guess),
        columns=_read_block(read) + _render_columns(guess),
        eligibility=_render_eligibility(guess),
        goal="score" if "score" in guess.present else "dossiers",
        goal_why="à vérifier" if "score" in guess.present else _WITHOUT_SCORE,
    )


_WITHOUT_SCORE = (
    "à vérifier : sans note, le plus grand nombre de dossiers, donc les moins chers d'abord ;\n"
    "                                      # autres choix : granted, population, ou une colonne de nombres"
)


def _suggest_amount(wanted: int | None) -> tuple[str, str]:
    """Return four fifths of what is requested, rounded, so that there is a choice to make."""
    if not wanted:
        return "1 M€", "mettez le montant de l'enveloppe"
    thousands = max(1, wanted * 4 // 5 // 100_000)
    amount = f"{thousands // 100 / 10} M€" if thousands >= 1000 else f"{thousands} k€"
    return amount, "80 % de la demande, mettez le montant de l'enveloppe"


def _render_envelopes(guess: Guess) -> str:
    from tnt_sim.domain.money import format_cents

    if not guess.envelopes or len(guess.envelopes) > MOST_ENVELOPES:
        return ""
    lines = ["  envelopes:            # à vérifier : les valeurs de la colonne, sans montant propre"]
    for value in guess.envelopes:
        asked = guess.asked_by.get(value)
        told = "" if asked is None else f"   # demandé : {format_cents(asked, Lang.FR)}"
        lines.append(f"    - {{id: {json.dumps(value, ensure_ascii=False)}}}{told}")
    return "\n".join(lines) + "\n"


def _read_block(read: Mapping[str, Any]) -> str:
    written = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in read.items())
    return f"    read: {{{written}}}\n" if written else ""


def _render_columns(guess: Guess) -> str:
    lines = []
    if guess.columns:
        lines.append("    columns:")
        lines += [
            f"      {column}: {json.dumps(header, ensure_ascii=False)}"
            f"   # à vérifier{_describe_guess(column, guess).fr}"
            for column, header in guess.columns.items()
        ]
    lines += [
        f"    # {column} : « {_normalise_spaces(header)} » n'est pas prise, {_normalise_spaces(why.fr)}"
        for column, (header, why) in guess.set_aside.items()
    ]
    if guess.left_out:
        names = ", ".join(_normalise_spaces(header) for header in guess.left_out)
        lines.append(f"    # Non reconnues, lues sous leur nom : {names}")
    return "".join(f"{line}\n" for line in lines)


def _render_eligibility(guess: Guess) -> str:
    """Write the condition that excludes refused applications, if their state has the service's own words."""
    if not guess.closed:
        return ""
    header = json.dumps(guess.set_aside["state"][0], ensure_ascii=False)
    values = json.dumps(list(guess.closed), ensure_ascii=False)
    return (
        "eligibility:\n"
        "  - id: etat             # à vérifier\n"
        f"    require: {{{header}: {{not: {values}}}}}\n"
        "    reason: Refusé ou classé sans suite\n\n"
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
    return NewDocument(
        scenario=str(folder / SCENARIO_FILE),
        status="valid" if not remaining else "to_review",
        review=[one.in_(lang) for one in review],
        left_out=left_out,
        defects=[NewDefect(code=d.code, message=d.text.in_(lang)) for d in remaining],
    )


def _print(
    folder: Path, review: list[Text], left_out: list[str], remaining: tuple[Defect, ...], lang: Lang
) -> None:
    from rich.text import Text as Line

    from tnt_sim.cli.console import print_page

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
    follow = [f"tnt-sim run {quote_argument(file.as_posix())}"]
    if remaining or review:  # the planner first reviews the guesses and writes the envelope
        read = (
            f"relisez {file} (le montant, les colonnes)" if french else f"read {file} over (amount, columns)"
        )
        follow = [read, f"tnt-sim validate {quote_argument(file.as_posix())}", *follow]
    print_page(lines + build_hint_lines(follow, lang))
    for defect in remaining:
        print_note(("À corriger : " if french else "To correct: ") + defect.line(lang))
