"""CSV tables: what is read, and one broken file per fault with the sentence a planner reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.paths import ROOT
from support.table_files import faults, read

HINT_QUOTES = "Mettez la cellule entre guillemets et doublez ceux qu'elle contient."
HINT_TEXT = "Mettez la colonne au format texte et écrivez le code en entier."
HINT_DATE = "Écrivez « 2021-11-22 », « 2021-11-22T14:30 » ou « 22/11/2021 14:30 »."
NO_DATE = f"n'est pas une date lue. {HINT_DATE}"
SWAPPED_DATE = "n'est pas une date lue. Le mois semble écrit avant le jour : écrivez 2021-11-22."
COUNTED_DATE = "n'est pas une date lue. C'est le numéro de jour d'un tableur : écrivez 2021-11-22."
HINT_MONEY = "Écrivez « 1 234,56 € », « 1234.56 », « 12,5 k€ » ou « 88 M€ »."
HINT_ROUND = "Corrigez la cellule, ou déclarez read: {rounding: nearest}."
BAD_MONEY = "n'est pas lu comme un montant"


def one(folder: Path, data: bytes | str, **options: object) -> str:
    found = faults(folder, "d.csv", data, **options)
    assert len(found) == 1, found
    return found[0]


def cell(folder: Path, column: str, value: str, **options: object) -> str:
    return one(folder, f'dossier;{column}\nA;"{value}"\n', **options)


def test_cells_keep_what_they_say(tmp_path: Path) -> None:
    text = (
        "dossier,requested,department,tags,avis,title\r\n"
        '01234,"1 234,56 €",01,"a; b;;a",NA,"deux\r\nlignes, "" et guillemets"\r\n'
        "\r\n"
        ",,,,,\r\n"
        "1E5,88 M€,2A,,null,'=1+1\r\n"
    )
    table = read(tmp_path, "d.csv", text).table
    assert table["dossier"].to_list() == ["01234", "1E5"]
    assert table["requested_cents"].to_list() == [123456, 8_800_000_000]
    assert table["department"].to_list() == ["01", "2A"]
    assert table["tags"].to_list() == [["a", "b"], []]
    assert table["avis"].to_list() == ["NA", "null"]
    assert table["title"].to_list() == ['deux\r\nlignes, " et guillemets', "=1+1"]
    assert table["_row"].to_list() == [2, 5]


def test_empty_columns_take_their_defaults(tmp_path: Path) -> None:
    row = read(tmp_path, "d.csv", "dossier;commune\nA;01004\n").table.row(0, named=True)
    assert row["project"] == "A"
    assert row["applicant_type"] == "autre"
    assert row["state"] == "en_instruction"
    assert row["members"] == ["01004"]
    assert (row["cost_cents"], row["base_cents"], row["other_state_cents"]) == (None, None, 0)


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    table = read(tmp_path, "d.csv", 'dossier;a\n\n\nA;1\r\n\r\nB;"x\n\ny"\n\n').table
    assert table["dossier"].to_list() == ["A", "B"]
    assert table["a"].to_list() == ["1", "x\n\ny"]
    assert table["_row"].to_list() == [4, 6]
    single = read(tmp_path, "d.csv", 'dossier\n\n"A"\n\nB').table
    assert single["dossier"].to_list() == ["A", "B"]
    assert single["_row"].to_list() == [3, 5]


def test_an_empty_table_is_no_defect(tmp_path: Path) -> None:
    assert len(read(tmp_path, "d.csv", "dossier;requested\n")) == 0


def test_days_and_instants(tmp_path: Path) -> None:
    days = read(tmp_path, "d.csv", "dossier;filed_at\n1;2021-11-22\n2;22/11/2021\n3;\n").table["filed_at"]
    assert [str(day) for day in days] == ["2021-11-22", "2021-11-22", "None"]
    text = (
        "dossier;filed_at\n1;2021-11-22\n2;2021-11-22T14:30\n3;2021-11-22 14:30:05\n4;22/11/2021 14:31\n"
        "5;2021-11-22T14:32+01:00\n6;2021-11-22T13:33:00Z\n7;2021-11-22T14:34:00.5+0100\n"
    )
    instants = read(tmp_path, "d.csv", text).table["filed_at"]
    assert [str(instant)[11:21] for instant in instants] == [
        "23:00:00+0", "13:30:00+0", "13:30:05+0", "13:31:00+0", "13:32:00+0", "13:33:00+0", "13:34:00.5",
    ]  # fmt: skip


def test_one_table_in_each_encoding_is_the_same(tmp_path: Path) -> None:
    text = "dossier;title\nA;été €\n"
    utf8 = read(tmp_path, "d.csv", text).table
    assert utf8.equals(read(tmp_path, "d.csv", b"\xef\xbb\xbf" + text.encode()).table)
    assert utf8.equals(read(tmp_path, "d.csv", text.encode("cp1252"), encoding="cp1252").table)
    doubtful = read(tmp_path, "d.csv", text, encoding="cp1252").warnings
    assert [warning.code for warning in doubtful] == ["encoding_doubtful"]


def test_a_wrong_encoding_is_refused_at_its_byte(tmp_path: Path) -> None:
    assert one(tmp_path, "dossier;title\nA;été\n".encode("cp1252")) == (
        "encoding d.csv:2:3 — octet 0xE9 à la position 16 : le fichier n'est pas en utf-8. Déclarez read: "
        "{encoding: cp1252} s'il vient d'Excel, ou enregistrez-le en « CSV UTF-8 »."
    )
    assert one(tmp_path, b"dossier;title\nA;\x81\n", encoding="cp1252") == (
        "encoding d.csv:2:3 — octet 0x81 à la position 16 : le fichier n'est pas en cp1252. "
        "Enregistrez le fichier en « CSV UTF-8 »."
    )
    assert one(tmp_path, b"dossier\nA\0\n") == (
        "encoding d.csv:2:2 — octet nul à la position 9 : ce n'est pas un fichier de texte. "
        "Enregistrez le fichier en « CSV UTF-8 »."
    )
    assert one(tmp_path, "dossier\nA\n".encode("utf-16")).startswith(
        "encoding d.csv:1:4 — le fichier est en UTF-16, qui n'est pas lu."
    )
    assert one(tmp_path, b"\xef\xbb\xbfdossier\nA\n", encoding="cp1252") == (
        "encoding d.csv — le fichier se dit en UTF-8 (BOM), mais « cp1252 » est déclaré. Retirez read.encoding."
    )
    assert one(tmp_path, "dossier\nA\n", encoding="ebcdic").startswith(
        "encoding d.csv — l'encodage « ebcdic » n'est pas connu. Encodages connus : utf-8,"
    )


def test_a_byte_order_mark_inside(tmp_path: Path) -> None:
    assert one(tmp_path, "dossier\nA\n\ufeffB\n") == (
        "encoding d.csv:3:1 — marque d'ordre des octets (U+FEFF) au milieu du fichier : deux fichiers ont été "
        "mis bout à bout. Ôtez ce signe invisible."
    )


def test_lost_letters_are_a_warning(tmp_path: Path) -> None:
    warnings = read(tmp_path, "d.csv", "dossier;title\nA;�t�\n").warnings
    assert [warning.code for warning in warnings] == ["replacement_character"]


def test_a_wrong_delimiter_names_the_right_one(tmp_path: Path) -> None:
    assert one(tmp_path, "dossier;requested\nA;5\n", delimiter=",") == (
        "delimiter d.csv:1:1 — l'en-tête n'a aucun « , », mais 1 « ; ». Déclarez read: {delimiter: \";\"}."
    )
    assert one(tmp_path, "dossier\trequested\nA\t5\n") == (
        "delimiter d.csv:1:1 — l'en-tête n'a aucun « , », mais 1 « \\t ». Déclarez read: {delimiter: \"\\t\"}."
    )
    assert one(tmp_path, "dossier;a,b\nA;1,2\n") == (
        "delimiter d.csv:1 — l'en-tête a 1 « , » et 1 « ; » : le séparateur est incertain. "
        'Déclarez read: {delimiter: ";"}.'
    )
    assert one(tmp_path, "dossier\nA\n", delimiter="#") == (
        "delimiter d.csv — le séparateur « # » n'est pas lu. Séparateurs lus : , ; | et \\t."
    )
    assert read(tmp_path, "d.csv", "dossier;a,b\nA;2\n").extra_columns == ("a,b",)
    assert read(tmp_path, "d.csv", "dossier|avis\nA|x;y,z\n", delimiter="|").table["avis"][0] == "x;y,z"


def test_a_row_with_other_cells_is_refused_at_its_line(tmp_path: Path) -> None:
    found = faults(tmp_path, "d.csv", 'dossier,requested\nA,12,5\n"B\n b",1\nC\n')
    assert found == [
        "ragged_row d.csv:2:1 — 3 cellules au lieu de 2. "
        "Mettez entre guillemets les cellules qui contiennent « , ».",
        "ragged_row d.csv:5:1 — 1 cellule au lieu de 2. Complétez la ligne, un « , » entre deux cellules.",
    ]
    many = faults(tmp_path, "d.csv", "dossier;a\n" + "x\n" * 30)
    assert len(many) == 21
    assert many[-1] == "ragged_row d.csv — autres lignes qui n'ont pas 2 cellules : 10."


def test_a_title_above_the_headers(tmp_path: Path) -> None:
    text = "Dossiers 2021\n\ndossier;requested\nA;5\n"
    assert one(tmp_path, text) == (
        "ragged_row d.csv:1:1 — la ligne 1, lue comme en-tête, n'a qu'une cellule ; la ligne 3 en a 2. "
        "Si les en-têtes sont à la ligne 3, déclarez read: {header_row: 3}."
    )
    assert read(tmp_path, "d.csv", text, header_row=3).table["_row"].to_list() == [4]
    assert faults(tmp_path, "d.csv", "Liste;\ndossier;requested\nA;5\n")[-1] == (
        "missing_column d.csv — il manque la colonne « dossier ». "
        "Elle est à la ligne 2 : déclarez read: {header_row: 2}."
    )


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ('dossier;title\nA;"un\nB;deux\n', "2:3", "guillemet ouvert et jamais refermé."),
        ('dossier;title\nA;un "mot"\n', "2:6", "guillemet au milieu d'une cellule."),
        ('dossier;title\nA;"un" mot\n', "2:6", "du texte suit le guillemet fermant."),
        ('dossier;title\nA;"un\nB;"deux"\n', "3:3", "du texte suit le guillemet fermant."),
    ],
)
def test_a_quote_out_of_place_is_refused_at_its_cell(tmp_path: Path, text: str, where: str, why: str) -> None:
    assert one(tmp_path, text) == f"quote d.csv:{where} — {why} {HINT_QUOTES}"


def test_lone_carriage_returns_are_refused(tmp_path: Path) -> None:
    assert one(tmp_path, "dossier;a\rA;1\r") == (
        "line_ends d.csv — les fins de ligne sont des CR seuls (ancien Mac). "
        "Enregistrez le fichier en « CSV UTF-8 »."
    )


def test_a_header_twice_or_empty_is_refused(tmp_path: Path) -> None:
    assert one(tmp_path, "dossier;a;a\nA;1;2\n") == (
        "duplicate_header d.csv — l'en-tête « a » figure deux fois. Renommez ou supprimez l'une des colonnes."
    )
    assert one(tmp_path, "dossier;\nA;1\n") == (
        "no_header d.csv — la colonne 2 a des cellules mais pas d'en-tête. "
        "Donnez-lui un en-tête, ou videz ses cellules."
    )
    assert read(tmp_path, "d.csv", "dossier;\nA;\n").extra_columns == ()
    assert one(tmp_path, "dosier;a\nA;1\n") == (
        "missing_column d.csv — il manque la colonne « dossier ». "
        'Déclarez columns: {dossier: "dosier"} ; en-têtes du fichier : dosier, a.'
    )
    assert one(tmp_path, "dossier;_row\nA;1\n") == (
        "reserved_header d.csv — l'en-tête « _row » est réservé. Renommez ou supprimez la colonne."
    )
    assert one(tmp_path, "") == (
        "no_header d.csv — le fichier n'a pas de ligne 1, où sont attendus les en-têtes."
    )


def test_mapped_headers_are_read_and_unknown_ones_refused(tmp_path: Path) -> None:
    text = "Numéro de dossier; Montant demandé \nA;5\n"
    mapping = {"dossier": "Numéro de dossier", "requested": "Montant demandé"}
    found = read(tmp_path, "d.csv", text, columns=mapping)
    assert found.table["requested_cents"].to_list() == [500]
    assert found.extra_columns == ()
    assert one(tmp_path, text, columns={**mapping, "reqested": "x"}) == (
        "unknown_column d.csv — « reqested » n'est pas une colonne connue. Vouliez-vous dire « requested » ?"
    )
    assert one(tmp_path, text, columns={**mapping, "requested": "Montant demande"}) == (
        "missing_column d.csv — la colonne « Montant demande », attendue pour « requested », "
        "n'est pas dans le fichier. Vouliez-vous dire « Montant demandé » ?"
    )
    assert one(tmp_path, "dossier;requested;b\nA;1;2\n", columns={"requested": "b"}) == (
        "two_columns d.csv — « requested » a deux colonnes : « requested » et « b ». "
        "Renommez ou supprimez l'une d'elles."
    )
    assert one(tmp_path, "dossier;requested;requested_cents\nA;1;2\n").startswith(
        "two_columns d.csv — « requested » a deux colonnes : « requested » et « requested_cents »."
    )


@pytest.mark.parametrize(
    ("value", "why", "hint"),
    [
        (
            "1.234",
            "un séparateur suivi de trois chiffres peut marquer les milliers ou les décimales",
            'Déclarez read: {decimal: ","} ou read: {decimal: "."}.',
        ),
        ("1,2345", "plus de deux décimales d'euro", HINT_ROUND),
        (
            "1E5",
            "l'écriture avec exposant n'est pas lue : les chiffres exacts sont peut-être perdus",
            HINT_MONEY,
        ),
        ("NA", "ce n'est pas un nombre", HINT_MONEY),
        ("12 34", "les chiffres ne sont pas groupés par milliers", HINT_MONEY),
    ],
)
def test_each_wrong_amount_has_its_reason_and_hint(tmp_path: Path, value: str, why: str, hint: str) -> None:
    expected = f"money d.csv:2 [A] — colonne « requested » : « {value} » {BAD_MONEY} : {why}. {hint}"
    assert cell(tmp_path, "requested", value) == expected


def test_declared_separator_and_rounding_are_used(tmp_path: Path) -> None:
    assert read(tmp_path, "d.csv", "dossier;cost\nA;1.234\n", decimal=",").table["cost_cents"][0] == 123400
    assert "le séparateur décimal n'est pas celui qui est déclaré" in cell(
        tmp_path, "cost", "1.5", decimal=","
    )
    text = "dossier;cost\nA;0,1250\nB;1,0000\nC;3\n"
    found = read(tmp_path, "d.csv", text, rounding="nearest")
    assert found.table["cost_cents"].to_list() == [12, 100, 300]
    assert [warning.text.fr for warning in found.warnings] == [
        "colonne « cost » : montants arrondis au centime le plus proche (le pair à égalité) : 1."
    ]
    assert [place.row for place in found.warnings[0].places] == [2]
    assert cell(tmp_path, "cost", "-5") == (
        "money_negative d.csv:2 [A] — colonne « cost » : « -5 » : un montant ne peut pas être négatif. "
        "Retirez le signe moins, ou videz la cellule."
    )
    assert read(tmp_path, "d.csv", "dossier;cost_cents\nA;1234\n").table["cost_cents"][0] == 1234
    assert cell(tmp_path, "cost_cents", "12.5") == (
        "money d.csv:2 [A] — colonne « cost_cents » (cost) : « 12.5 » n'est pas lu comme un montant : "
        "ce n'est pas un nombre entier de centimes."
    )


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("filed_at", "2021-02-30", f"date d.csv:2 [A] — colonne « filed_at » : « 2021-02-30 » {NO_DATE}"),
        (
            "filed_at",
            "11/22/2021",
            f"date d.csv:2 [A] — colonne « filed_at » : « 11/22/2021 » {SWAPPED_DATE}",
        ),
        ("filed_at", "44522", f"date d.csv:2 [A] — colonne « filed_at » : « 44522 » {COUNTED_DATE}"),
        (
            "start",
            "0021-11-22",
            "date d.csv:2 [A] — colonne « start » : « 0021-11-22 » n'est pas entre 1900 et 2199. "
            "Corrigez l'année, ou videz la cellule.",
        ),
        (
            "end",
            "2021-03-28 02:30",
            "date d.csv:2 [A] — colonne « end » : « 2021-03-28 02:30 » n'existe pas ou existe deux fois "
            "dans le fuseau Europe/Paris. Écrivez le décalage : « …+01:00 ».",
        ),
        (
            "applicant_id",
            "2,17E+13",
            "code_mangled d.csv:2 [A] — colonne « applicant_id » : « 2,17E+13 » : un tableur a réécrit le code, "
            f"ses chiffres sont perdus. {HINT_TEXT}",
        ),
        (
            "department",
            "1",
            "code_zero d.csv:2 [A] — colonne « department » : « 1 » : le zéro de gauche est perdu. "
            "Mettez la cellule au format texte et écrivez « 01 ».",
        ),
        (
            "commune",
            "1004",
            "code_zero d.csv:2 [A] — colonne « commune » : « 1004 » : le zéro de gauche est perdu. "
            "Mettez la cellule au format texte et écrivez « 01004 ».",
        ),
        (
            "members",
            "01004; 1005",
            "code_zero d.csv:2 [A] — colonne « members » : « 01004; 1005 » : le zéro de gauche est perdu. "
            f"{HINT_TEXT}",
        ),
        (
            "state",
            "Accepté",
            "unknown_value d.csv:2 [A] — colonne « state » : « Accepté » n'est pas une valeur connue. "
            "Vouliez-vous dire « accepte » ?",
        ),
        (
            "applicant_type",
            "EPCI",
            "unknown_value d.csv:2 [A] — colonne « applicant_type » : « EPCI » n'est pas une valeur connue. "
            "Noms connus : autre, commune, departement, epci, metropole, mutualisation, region, syndicat.",
        ),
        (
            "score",
            "1e5",
            "number d.csv:2 [A] — colonne « score » : « 1e5 » n'est pas lu comme un nombre : "
            "l'écriture avec exposant n'est pas lue : les chiffres exacts sont peut-être perdus.",
        ),
        (
            "score",
            "1,1234567",
            "number d.csv:2 [A] — colonne « score » : « 1,1234567 » n'est pas lu comme un nombre : "
            "plus de six décimales. Arrondissez à six décimales.",
        ),
        (
            "population",
            "1.234",
            "integer d.csv:2 [A] — colonne « population » : « 1.234 » n'est pas un nombre entier positif ou nul. "
            "Écrivez un nombre entier, par exemple 4200, ou videz la cellule.",
        ),
        (
            "population",
            "-3",
            "integer d.csv:2 [A] — colonne « population » : « -3 » n'est pas un nombre entier positif ou nul. "
            "Écrivez un nombre entier, par exemple 4200, ou videz la cellule.",
        ),
    ],
)
def test_cells_that_are_refused(tmp_path: Path, column: str, value: str, expected: str) -> None:
    assert cell(tmp_path, column, value) == expected


def test_a_wrong_dossier_number_is_refused(tmp_path: Path) -> None:
    assert one(tmp_path, "dossier;a\n;1\n") == (
        "dossier_empty d.csv:2 — colonne « dossier » : cellule vide. Donnez un numéro à chaque ligne."
    )
    assert one(tmp_path, 'dossier;a\n"A\nB";1\n') == (
        "code_character d.csv:2 — colonne « dossier » : « A␊B » contient une tabulation, un saut de ligne "
        "ou un caractère invisible (U+000A). Retapez la valeur, sans la copier."
    )
    text = "dossier;requested\nA;1\nB;2\nA ;3\n"
    assert one(tmp_path, text) == (
        "duplicate_dossier d.csv:2 [A], d.csv:4 [A] — le dossier « A » est sur plusieurs lignes : 2, 4. "
        "Gardez-en une, ou déclarez read: {duplicates: last}."
    )
    kept = read(tmp_path, "d.csv", text, duplicates="last")
    assert kept.table["requested_cents"].to_list() == [300, 200]
    assert [warning.code for warning in kept.warnings] == ["duplicates"]


def test_identifiers_are_joined_and_checked(tmp_path: Path) -> None:
    text = (
        "dossier;applicant_id\n1;213 500 017 00010\n2;35600000000048\n3;35600000000049\n4;732829320\n"
        "5;732829321\n6;24200024\n7;35238\n"
    )
    found = read(tmp_path, "d.csv", text)
    assert found.table["applicant_id"].to_list()[0] == "21350001700010"
    lines = [warning.text.fr for warning in found.warnings]
    assert lines[0].startswith("colonne « applicant_id » : codes qui ont un chiffre de moins qu'un SIRET")
    places = [place.row for place in found.warnings[1].places]
    assert 6 in places
    assert not {5, 8} & set(places)


def test_every_defect_in_one_pass_and_bounded(tmp_path: Path) -> None:
    rows = "".join(f"D{n};x{n};31/02/2021\n" for n in range(1000))
    found = faults(tmp_path, "d.csv", "dossier;requested;filed_at\n" + rows, columns={"cots": "y"})
    assert len(found) == 1 + 21 + 1
    assert found[21] == (
        "money d.csv:1001 [D999] — colonne « requested » : autres cellules de même défaut : 980 "
        "(celle-ci est la dernière)."
    )
    assert found[22].startswith("date d.csv:2 [D0], d.csv:3 [D1], ")
    assert "1000 cellules : lignes 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …" in found[22]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path, "d.docx", "x") == [
        "unknown_format d.docx — le format « .docx » n'est pas lu. Formats lus : .csv, .xlsx, .ods, .parquet."
    ]
    assert faults(tmp_path, "d.csv", b"PK\x03\x04")[0].startswith(
        "unknown_format d.csv — ce n'est pas un fichier de texte, malgré son nom."
    )


@pytest.mark.parametrize("folder", [ROOT.parent / "shared" / "data" / "dgcl"])
def test_the_published_list(folder: Path) -> None:
    path = folder / "projects_detr_dsil_2018_2019.csv"
    if not path.exists():
        pytest.skip("the shared data are not here")
    from tnt_sim.ingest.portfolio_reader import read_dossiers
    from tnt_sim.ingest.tables.raw_table import ReadOptions, Rounding

    columns = {"dossier": "project_id", "requested": "grant", "applicant_id": "beneficiary_code"}
    found = read_dossiers(path, shown_as="x", columns=columns, read=ReadOptions(rounding=Rounding.NEAREST))
    assert len(found) == 51_106
    assert found.table["requested_cents"].null_count() == 0
