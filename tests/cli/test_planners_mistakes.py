"""Mistakes of people who come from Excel and YAML is new to: each answer gives the place and what to type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import xlsxwriter
from support.command_line import Run

SCENARIO, TABLE = Path("scenario.yaml"), Path("data/dossiers.csv")


@dataclass(frozen=True)
class Mistake:
    """What is replaced in a fresh project, and what the answer contains: its place, and what to type."""

    name: str
    old: str
    new: str
    answer: tuple[str, ...]


IN_THE_SCENARIO = (
    Mistake(
        "a comma as decimal between braces",
        "amount: 600 k€",
        "amount: 600,5 k€",
        ("scenario.yaml:16:63", "Écrivez 600.5 k€"),
    ),
    Mistake("a tab", "  id: programme", "\tid: programme", ("scenario.yaml:12:1", "par des espaces")),
    Mistake("oui", "    min: 40 %", "    off: oui\n    min: 40 %", (":46:10", "Écrivez true")),
    Mistake("a French date", "2026-03-31  ", "31/12/2026  ", (":7:7", "Écrivez 2026-12-31")),
    Mistake("80 without %", "max_rate: 80 %", "max_rate: 80", (":37:38", "Écrivez « 80 % »")),
    Mistake(
        "an id twice", "id: mobilites, t", "id: numerique, t", (":17:7", ":16:7", "Donnez à chacune son id")
    ),
    Mistake("backslashes", "data/doss", "data\\doss", (":21:11", "« / » : data/dossiers.csv")),
    Mistake(
        "a file in place of a list",
        "dossiers:\n  - file: data/dossiers.csv",
        "dossiers: data/dossiers.csv",
        (":20:11", "Écrivez [{file: data/dossiers.csv}]"),
    ),
    Mistake(
        "a file without its key", "- file: data", "- data", (":21:5", "Écrivez {file: data/dossiers.csv}")
    ),
    Mistake("a path of Windows", "data/doss", "C:\\moi\\doss", (":21:11", "data/dossiers.csv")),
    Mistake("a key in French", "  envelopes:", "  enveloppes:", (":15:3", "« envelopes »")),
    Mistake("an accent", "\nrules:", "\nrègles:", (":40:1", "« rules »")),
    Mistake("another word for an amount", "  amount: 1.2 M€", "  montant: 1.2 M€", (":14:3", "« amount »")),
    Mistake("a kind in French", "kind: share", "kind: part", (":43:11", "« share »")),
    Mistake("typographic quotes", "1.2 M€", "“1,2 M€”", (":14:11", 'guillemets droits : "1,2 M€"')),
    Mistake("guillemets", "1.2 M€", "« 1,2 M€ »", (":14:11", 'guillemets droits : "1,2 M€"')),
    Mistake("an amount in words", "1.2 M€", "1,2 million d’euros", (":14:11", "Écrivez par exemple 88 M€")),
    Mistake("a formula", "1.2 M€", "=600+600", (":14:11", "Écrivez par exemple 88 M€")),
    Mistake("a negative amount", "1.2 M€", "-1.2 M€", (":14:11", "Retirez le signe moins")),
    Mistake("an @", "note: S", "note: @S", (":6:7", "entre guillemets")),
    Mistake("a % in front", "note: S", "note: %S", (":6:7", "entre guillemets")),
    Mistake("a colon in a title", "note: S", "note: Ici : S", (":6:11", 'Écrivez note: "Ici : S')),
    Mistake("a no-break space", "kind: share", "kind:\u00a0share", (":43:10", "espace ordinaire")),
    Mistake(
        "no-break spaces as indentation",
        "    kind: share",
        "\u00a0   kind: share",
        (":43:1 ", "espace ordinaire"),
    ),
    Mistake("a deeper line", "    kind: share", "      kind: share", (":43:7", "le même retrait")),
    Mistake(
        "a list without dash",
        "  - id: part-c",
        "    id: part-c",
        (":41:5", "« - id: part-communes »"),
    ),
    Mistake("no space after a colon", "kind: share", "kind:share", (":43:10", "Écrivez « kind: share »")),
    Mistake("no space after a dash", "- id: part-c", "-id: part-c", (":41:4", "Écrivez « - id: »")),
    Mistake("a brace left open", "amount: 600 k€}", "amount: 600 k€", (":16:7", "Ajoutez « } »")),
    Mistake("a sign of comparison", "{below: 20000}", "< 20000", (":32:27", "Écrivez `{below: 20000}`")),
    Mistake(
        "a bound in words", "{below: 20000}", "{below: vingt mille}", (":32:", "Écrivez par exemple 3500")
    ),
    Mistake("a value in the plural", "commune}\n    min", "Communes}\n    min", (":45:29", "« commune »")),
    Mistake("a column in French", "by: department", "by: departement", (":51:9", "« department »")),
    Mistake(
        "a quote left open",
        "title: Programme d'exemple\nnote",
        'title: "Programme\nnote',
        (":5:8", "Ajoutez « "),
    ),
    Mistake(
        "a measure in French",
        "measure: granted\n    by",
        "measure: montant\n    by",
        (":50:14", "« granted »"),
    ),
    Mistake("a ceiling in French", "kind: limit", "kind: plafond", (":49:11", "« limit »")),
    Mistake("a share in a limit", "max: 400 k€", "max: 10%", (":52:10", "Écrivez `kind: share`")),
    Mistake(
        "a share of itself",
        "    where: {applicant_type: commune}\n    min: 40 %",
        "    by: department\n    max: 60 %",
        (":41:5", "écrivez `of: all`"),
    ),
    Mistake(
        "a requirement in the plural",
        "require: {population: {below: 20000}}",
        "require: {applicant_type: communes}",
        (":32:31", "« commune »"),
    ),
    Mistake("too many zeros", "1.2 M€", "12000000000 M€", (":14:11", "Vérifiez les zéros")),
    Mistake(
        "an empty rate",
        "max_rate: 80 %",
        'max_rate: ""',
        (":37:38", "la valeur est vide", "par exemple 80 %"),
    ),
    Mistake("an id left empty", "- id: part-communes", "- id:", (":41:5", "Donnez-lui une valeur")),
    Mistake(
        "a key of a split in French",
        "amount: 600 k€}",
        "amount: 600 k€, split: {by: department, cle: population}}",
        (":16:91", "« key »"),
    ),
    Mistake(
        "a split that divides by nothing",
        "amount: 600 k€}",
        "amount: 600 k€, split: {by: department}}",
        (":16:", "split: {by: department, key: population}"),
    ),
    Mistake(
        "two directions in a stage",
        "{maximise: {score: 1}}",
        "{maximise: {score: 1}, minimise: {cost: 1}}",
        (":56:5", "- {maximise: {score: 1}}"),
    ),
    Mistake("a stage in French", "{maximise: {", "{maximiser: {", (":56:6", "« maximise »")),
    Mistake("a weight in words", "{score: 1}", "{score: un}", (":56:24", "par exemple `score: 1`")),
    Mistake("steps in French", "\nobjective:", "\nétapes: [{id: a}]\nobjective:", (":55:1", "« steps »")),
    Mistake(
        "a stage that is not there",
        "max: 400 k€",
        "max: 400 k€\n    penalty: {cost: 1, per: 1000 €, stage: 3}",
        (":53:44", "Écrivez au plus `stage: 1`"),
    ),
)
IN_THE_TABLE = (
    Mistake("an id twice", "E-02,", "E-01,", ("dossiers.csv:2", "dossiers.csv:3", "Gardez-en une")),
    Mistake("an error of a formula", "90000,72000", "90000,#N/A", (":2 [E-01]", "Corrigez la formule")),
    Mistake("an error in a count", "4200,90000", "#DIV/0!,90000", (":2 [E-01]", "Corrigez la formule")),
    Mistake("a minus in brackets", "90000,72000", "90000,(72000)", (":2 [E-01]", "écrivez 72000")),
    Mistake("a minus", "90000,72000", "90000,-72000", (":2 [E-01]", "Retirez le signe moins")),
    Mistake(
        "a score out of 20", "72000,14.5", "72000,14.5/20", (":2 [E-01]", "Écrivez le nombre seul : 14.5.")
    ),
    Mistake("a rank in letters", "72000,14.5", "72000,premier", (":2 [E-01]", "Écrivez un nombre")),
    Mistake("a unit", "4200,90000", "4 200 hab.,90000", (":2 [E-01]", "Écrivez le nombre seul : 4 200.")),
    Mistake("half an inhabitant", "4200,90000", "4200.5,90000", (":2 [E-01]", "Écrivez un nombre entier")),
    Mistake(
        "an empty score", "72000,14.5", "72000,", ("scenario.yaml:56:24", "dossiers.csv:2", "`empty: 0`")
    ),
    Mistake("a day as a number", "2026-01-12", "46034", (":2 [E-01]", "écrivez 2026-01-12")),
    Mistake("an American date", "2026-01-12", "01/31/2026", (":2 [E-01]", "écrivez 2026-01-31")),
    Mistake("a lost zero", "commune,01,4200", "commune,1,4200", (":2 [E-01]", "écrivez « 01 »")),
    Mistake("a typing error", "ligne,numerique", "ligne,numerik", (":2 [E-01]", "« numerique »")),
    Mistake(
        "a column renamed", ",requested,", ",Montant souhaité,", ('columns: {requested: "son en-tête"}',)
    ),
    Mistake("envelopes renamed", ",envelope,", ",dispositif,", ('columns: {envelope: "son en-tête"}',)),
    Mistake("the number renamed", "dossier,title", "Numéro,title", ('columns: {dossier: "…"}', "Numéro")),
    Mistake("a title above", "dossier,title", "Liste 2026\ndossier,title", (":1:1", "read: {header_row: 2}")),
    Mistake("sep= above", "dossier,title", "sep=,\ndossier,title", (":1 ", "read: {header_row: 2}")),
    Mistake(
        "a total",
        "E-02,",
        "TOTAL,,,,,,,2400000,1800000,,,,\nE-02,",
        (":3 [TOTAL]", "Supprimez-la du tableau"),
    ),
    Mistake("a state in words", "en_instruction", "En instruction", (":2 [E-01]", "« en_instruction »")),
    Mistake("dollars", "90000,72000", '"$90,000.00",72000', (":2 [E-01]", "Écrivez « 1 234,56 € »")),
    Mistake("thousands with a comma", "4200,90000", '"4,200",90000', (":2 [E-01]", "par exemple 4200")),
)


def _apply(path: Path, mistake: Mistake) -> None:
    text = path.read_text(encoding="utf-8")
    assert mistake.old in text
    path.write_text(text.replace(mistake.old, mistake.new, 1), encoding="utf-8")


def _check(tnt: Run, words: Sequence[str], code: int, answer: Sequence[str]) -> None:
    said = tnt(*words)
    assert said.code == code, said.out
    for part in answer:
        assert part in said.err.replace("\u00a0", " ").replace("\u202f", " ")
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("mistake", IN_THE_SCENARIO, ids=lambda mistake: mistake.name)
def test_a_mistake_in_the_scenario(tnt: Run, mistake: Mistake) -> None:
    _apply(SCENARIO, mistake)
    _check(tnt, ("validate", "scenario.yaml"), 3, mistake.answer)


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("mistake", IN_THE_TABLE, ids=lambda mistake: mistake.name)
def test_a_mistake_in_the_table(tnt: Run, mistake: Mistake) -> None:
    _apply(TABLE, mistake)
    _check(tnt, ("validate", "scenario.yaml"), 3, mistake.answer)


@pytest.mark.usefixtures("demo")
def test_many_columns_without_header(tnt: Run) -> None:
    text = TABLE.read_text(encoding="utf-8")
    TABLE.write_text(f"Liste{',' * 12}\n{text}", encoding="utf-8")
    said = tnt("validate", "scenario.yaml")
    assert said.code == 3
    assert said.err.count("(no_header)") == 1
    assert "read: {header_row: 2}" in said.err


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("words", "code", "answer"),
    [
        (("scenario.yaml", "--set", "programme.amount", "=", "2 M€"), 2, '--set CHEMIN="VALEUR"'),
        (("scenario.yaml", "--set", "programme.amount=2", "M€"), 2, 'guillemets : "… M€"'),
        (("scenario.yaml", "--set", "programme.amount: 2 M€"), 2, "écrivez CHEMIN=VALEUR"),
        (("scenario.yaml", "—set", "programme.amount=2 M€"), 2, "écrivez --set"),
        (("scenario.yaml", "-set", "programme.amount=2 M€"), 2, "deux tirets, par exemple --set"),
        (("scenario.yaml", "--set", "programme.montant=2 M€"), 3, "« amount »"),
        (("scenario.yaml", "--set", "programme.amount=“2 M€”"), 3, 'guillemets droits : "2 M€"'),
        (("scenario.yaml", "--set", "plafond-departement.max=2 M€"), 3, "« rules.plafond-departement »"),
        (("scenario.yaml", "--set", "programme.envelopes.Mobilités.amount=2 M€"), 3, "« mobilites »"),
        (("data\\dossiers.csv",), 3, "« data/dossiers.csv »"),
        (('"scenario.yaml"',), 3, "« scenario.yaml »"),
        (("scenaro.yaml",), 3, "« scenario.yaml »"),
    ],
    ids=lambda words: words[-1] if isinstance(words, tuple) else None,
)
def test_a_mistake_in_the_command(tnt: Run, words: tuple[str, ...], code: int, answer: str) -> None:
    _check(tnt, ("validate", *words), code, (answer,))


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("words", "code", "answer"),
    [
        (("validate",), 2, "il manque SCENARIO. Voir « tnt-sim validate --help ». (usage)"),
        (("validate", "scenario.yaml", "--foo"), 2, "« --force » ? (usage)"),
        (("run", "scenario.yaml", "--time-limit"), 2, "Voir « tnt-sim run --help ». (usage)"),
        (
            ("run", "scenario.yaml", "--time-limit", "vite"),
            2,
            "Écrivez 300, « 300 s » ou « 5 min ». (usage.time-limit)",
        ),
        (("lancer", "scenario.yaml"), 2, "« run » ? (usage)"),
        (("--lang", "en", "validate", "absent.yaml"), 3, 'Did you mean "scenario.yaml"? (file_missing)'),
        (("explain", "scenario.yaml", "E-01"), 3, "(runs/…). (run-folder)"),
    ],
)
def test_a_command_that_is_refused_shows_its_code(
    tnt: Run, words: tuple[str, ...], code: int, answer: str
) -> None:
    _check(tnt, words, code, (answer,))


def _check_repair(tnt: Run, *answer: str) -> None:
    """Check what `validate` shows for rules that contradict each other: what clashes, and a line to type."""
    said = tnt("validate", "scenario.yaml")
    assert (said.code, said.err) == (4, "")
    shown = said.out.replace("\u00a0", " ").replace("\u202f", " ")
    assert all(part in shown for part in answer), shown


@pytest.mark.usefixtures("demo")
def test_a_minimum_above_the_caps(tnt: Run) -> None:
    _apply(SCENARIO, Mistake("", "amount: 1.2 M€", "amount: 1.2 M€\n  min_use: 95 %", ()))
    _apply(SCENARIO, Mistake("", "max: 400 k€", "max: 100 k€", ()))
    _check_repair(tnt, '--set programme.min_use="24.08 %"', '--set rules.plafond-departement.max="429000 €"')


@pytest.mark.usefixtures("demo")
def test_a_commitment_above_a_cap(tnt: Run) -> None:
    head, first, *rest = TABLE.read_text(encoding="utf-8").splitlines()
    lines = [f"{head},committed", f"{first},700000", *(f"{row}," for row in rest)]
    TABLE.write_text("\n".join(lines), encoding="utf-8")
    _check_repair(tnt, "Guichet unique en ligne", '--set rules.plafond-departement.max="700000 €"')


def _write_workbook(path: Path, change: str) -> None:
    """Write the table as a workbook with one mistake in the cell of E-01 that holds what is asked."""
    rows = [line.split(",") for line in TABLE.read_text(encoding="utf-8").splitlines()]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Dossiers")
        for k, row in enumerate(rows):
            sheet.write_row(k, 0, row)
        if change == "formula":
            sheet.write_formula(1, 8, "=H2*0.8", value=72000)
        elif change == "error":
            sheet.write_formula(1, 8, "=NA()", value="#N/A")
        elif change == "merged":
            sheet.merge_range(1, 11, 3, 11, "en_instruction")


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ("formula", ("Dossiers!I2", "Collez la valeur")),
        ("error", ("Dossiers!I2", "« #N/A »", "Corrigez la formule")),
        ("merged", ("Dossiers!L2", "L2:L4", "Défusionnez-les")),
    ],
)
def test_a_mistake_in_a_workbook(tnt: Run, change: str, answer: tuple[str, ...]) -> None:
    _write_workbook(Path("data/dossiers.xlsx"), change)
    _apply(SCENARIO, Mistake("", "dossiers.csv", "dossiers.xlsx", ()))
    _check(tnt, ("validate", "scenario.yaml"), 3, answer)


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("name", "content", "answer"),
    [
        ("~$dossiers.xlsx", b"\x05moi" + b" " * 161, "sans « ~$ »"),
        ("dossiers.xlsx", b"dossier;title\nE-01;Guichet\n", "suffixe .csv"),
        ("dossiers.xls", b"\xd0\xcf\x11\xe0", ".xlsx, .ods ou .csv"),
        ("texte.csv", "dossier\ttitle\nE-01\tGuichet\n".encode("utf-16"), "« CSV UTF-8 »"),
    ],
    ids=["lock", "renamed", "xls", "Unicode text"],
)
def test_a_file_of_another_kind(tnt: Run, name: str, content: bytes, answer: str) -> None:
    Path("data", name).write_bytes(content)
    _apply(SCENARIO, Mistake("", "dossiers.csv", name, ()))
    _check(tnt, ("validate", "scenario.yaml"), 3, (f"data/{name}", answer))


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("amount: 1.2 M€", "amount: 1,2 M€"),
        ("amount: 1.2 M€", "amount: 1.2M€"),
        ("amount: 1.2 M€", "amount: €1200000"),
        ("amount: 1.2 M€", "amount: 1\u202f200\u202f000 EUR"),
        ("min: 40 %", "min: 0.4"),
        ("min: 40 %", "min: 40,0 %"),
    ],
)
def test_what_is_plain_to_a_reader_is_read(tnt: Run, old: str, new: str) -> None:
    before = tnt("validate", "scenario.yaml")
    _apply(SCENARIO, Mistake("", old, new, ()))
    assert tnt("validate", "scenario.yaml") == before
