"""The keys of a table of applications: which rows are read, how cells are read, and what is checked of them."""

from __future__ import annotations

import hashlib
import random
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from support.claims import Award, Row, cents, choose_best, euros, find_codes, score_of, solve_case
from support.text_scenarios import awards

WHOLE: dict[str, Any] = {"programme": {"id": "p", "amount": "900 €"}}


def draw_rows(dice: random.Random, n: int = 5, first: int = 0) -> list[Row]:
    return [
        {
            "dossier": f"D{k}",
            "requested": euros(dice.randrange(10_000, 60_000)),
            "score": dice.choice(("1", "2.25", "2.25", "4.5")),
            "theme": dice.choice(("", "eau", "voirie")),
        }
        for k in range(first, first + n)
    ]


def as_csv(rows: list[Row], delimiter: str = ",", heads: dict[str, str] | None = None) -> str:
    names = list(rows[0])
    lines = [
        [(heads or {}).get(name, name) for name in names],
        *([row[name] for name in names] for row in rows),
    ]
    return "".join(delimiter.join(line) + "\n" for line in lines)


def best(rows: list[Row], amount: int = 90_000) -> Award | None:
    offers = {row["dossier"]: [cents(row["requested"])] for row in rows}
    return choose_best(offers, lambda award: sum(award.values()) <= amount, score_of(rows))


def of_table(folder: Path, rows: list[Row], keys: dict[str, Any], text: str | bytes | None = None) -> Award:
    """What is decided where `t.csv` is read with some keys."""
    (folder / "t.csv").write_bytes(text if isinstance(text, bytes) else (text or as_csv(rows)).encode())
    return awards(solve_case(folder, rows, WHOLE | {"dossiers": [{"file": "t.csv", **keys}]}))


@pytest.mark.claim("Scenario.dossiers", "DossiersSpec.file", "DossiersSpec.columns", "DossiersSpec.where")
def test_tables_are_read_together_from_their_rows_that_are_kept(tmp_path: Path) -> None:
    heads = {"requested": "Montant demandé", "score": "Note"}
    (tmp_path / "sub").mkdir()
    for seed in range(8):
        dice = random.Random(seed)
        first, other = draw_rows(dice, 4), draw_rows(dice, 4, 4)
        (tmp_path / "sub" / "other.csv").write_text(as_csv(other, heads=heads), encoding="utf-8")
        where = dice.choice(({"theme": "eau"}, {"theme": {"not": "eau"}}, {"theme": {"empty": True}}))
        entry = {"file": "sub/other.csv", "columns": heads, "where": where}
        tests: dict[str, Any] = {
            "{'theme': 'eau'}": lambda row: row["theme"] == "eau",
            "{'theme': {'not': 'eau'}}": lambda row: row["theme"] != "eau",
        }
        kept = [row for row in other if tests.get(str(where), lambda row: row["theme"] == "")(row)]
        body = WHOLE | {
            "dossiers": [{"file": "table.csv"}, entry],
            "values": {"theme": {"allow_absent": True}},
        }
        result = solve_case(tmp_path, first, body)
        assert awards(result) == best(first + kept), (where, other)
        assert result.document["n_dossiers"] == len(first + kept)


@pytest.mark.claim("DossiersSpec.source", "SourceSpec.path", "SourceSpec.sha256", "SourceSpec.api",
                   "SourceSpec.demarche", "SourceSpec.read_at")  # fmt: skip
def test_the_source_of_a_table_is_never_read_by_run(tmp_path: Path) -> None:
    rows = draw_rows(random.Random(1))
    source = {"path": "absent.xlsx", "sha256": "0" * 64}
    far = source | {"api": "https://127.0.0.1:1/api", "demarche": 12, "read_at": "2026-01-05T08:00:00Z"}
    for told in ("a page", source, far):
        assert of_table(tmp_path, rows, {"source": told}) == best(rows)
    (tmp_path / "absent.xlsx").write_bytes(b"changed since")
    assert of_table(tmp_path, rows, {"source": source}) == best(rows)


@pytest.mark.claim("DossiersSpec.read", "ReadSpec.delimiter", "ReadSpec.encoding", "ReadSpec.header_row")
@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_delimiter_encoding_and_header_row_are_those_written(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    for row in (1, 3):
        odd = {"dossier": "É€7", "requested": "99.95", "score": "9", "theme": "voirie œuvre"}
        rows = [*draw_rows(random.Random(row)), odd]
        text = "Liste arrêtée\nle 5 mai\n" * (row == 3) + as_csv(rows, delimiter)
        read = {"delimiter": delimiter, "encoding": encoding, "header_row": row}
        assert of_table(tmp_path, rows, {"read": read}, text.encode(encoding)) == best(rows)
    other = {"utf-8": "cp1252", "cp1252": "utf-8"}[encoding]
    if encoding == "cp1252":
        wrong = {"read": {"delimiter": delimiter, "encoding": other, "header_row": 3}}
        assert find_codes(lambda: of_table(tmp_path, rows, wrong, text.encode(encoding)))


@pytest.mark.claim("ReadSpec.decimal")
@pytest.mark.parametrize(("mark", "amount"), [(",", 12_340_0), (".", 12_340_0), (None, None)])
def test_the_decimal_mark_decides_where_a_number_reads_in_two_ways(
    tmp_path: Path, mark: str | None, amount: int | None
) -> None:
    other = {",": ".", ".": ","}.get(mark or "")
    thousand = f"1{other}234" if other else "1.234"  # 1 234 € where the other mark is the decimal one
    rows = [{"dossier": "A", "requested": thousand, "score": "1", "theme": "x"}]
    read = {"delimiter": ";"} | ({"decimal": mark} if mark else {})
    text = as_csv(rows, ";")
    body = {"programme": {"id": "p"}, "dossiers": [{"file": "t.csv", "read": read}]}
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    if amount is None:
        assert find_codes(lambda: solve_case(tmp_path, rows, body))
    else:
        assert awards(solve_case(tmp_path, rows, body)) == {"A": amount}
        cents_text = text.replace(thousand, f"1{mark}23")
        (tmp_path / "t.csv").write_text(cents_text, encoding="utf-8")
        assert awards(solve_case(tmp_path, rows, body)) == {"A": 123}


@pytest.mark.claim("ReadSpec.rounding")
def test_fractions_of_a_cent_are_rounded_and_counted_or_refused(tmp_path: Path) -> None:
    texts = ["100.004", "100.005", "100.015", "250.126", "80.12", "0.999"]
    rows = [
        {"dossier": f"D{k}", "requested": text, "score": "1", "theme": ""} for k, text in enumerate(texts)
    ]
    assert find_codes(lambda: of_table(tmp_path, rows, {"read": {"decimal": "."}}))
    (tmp_path / "t.csv").write_text(as_csv(rows), encoding="utf-8")
    keys = {"file": "t.csv", "read": {"rounding": "nearest", "decimal": "."}}
    result = solve_case(tmp_path, rows, {"programme": {"id": "p"}, "dossiers": [keys]})
    # to the nearest cent, halves to the even one
    assert awards(result) == {f"D{k}": round(Fraction(text) * 100) for k, text in enumerate(texts)}
    n_rounded = sum(Fraction(text) * 100 % 1 != 0 for text in texts)
    assert any(str(n_rounded) in str(one) for one in result.warnings if one.code == "rounded")


@pytest.mark.claim("ReadSpec.duplicates")
def test_the_last_of_a_repeated_number_is_kept(tmp_path: Path) -> None:
    for seed in range(4):
        dice = random.Random(seed)
        rows = draw_rows(dice, 4)
        again = draw_rows(dice, 2) + draw_rows(dice, 1)
        assert find_codes(lambda rows=rows, again=again: of_table(tmp_path, rows + again, {}))
        kept = {row["dossier"]: row for row in rows + again}
        ordered = [kept[name] for name in sorted(kept)]
        assert of_table(tmp_path, rows + again, {"read": {"duplicates": "last"}}) == best(ordered)


@pytest.mark.claim("ReadSpec.sheet", "ReadSpec.hidden_rows")
def test_the_sheet_is_read_with_or_without_hidden_rows(tmp_path: Path) -> None:
    first, other = draw_rows(random.Random(1)), draw_rows(random.Random(2))
    book = xlsxwriter.Workbook(tmp_path / "t.xlsx")
    for title, rows in (("Un", first), ("Deux", other)):
        sheet = book.add_worksheet(title)
        sheet.write_row(0, 0, list(rows[0]))
        for k, row in enumerate(rows, start=1):
            sheet.write_row(
                k, 0, [row["dossier"], float(row["requested"]), float(row["score"]), row["theme"]]
            )
        if title == "Deux":
            sheet.set_row(2, None, None, {"hidden": True})
    book.close()

    def decide(**read: str) -> Award:
        body = WHOLE | {"dossiers": [{"file": "t.xlsx", "read": read}]}
        return awards(solve_case(tmp_path, first, body))

    assert decide(sheet="Un") == best(first)
    assert find_codes(lambda: decide(sheet="Deux"))
    assert decide(sheet="Deux", hidden_rows="keep") == best(other)
    assert find_codes(lambda: decide(hidden_rows="keep"))  # two sheets, and none is named


@pytest.mark.claim("DossiersSpec.control", "ControlSpec.rows", "ControlSpec.requested", "ControlSpec.sha256")
def test_a_control_total_that_differs_is_an_error(tmp_path: Path) -> None:
    for seed in range(4):
        rows = draw_rows(random.Random(seed))
        text = as_csv(rows)
        whole = sum(cents(row["requested"]) for row in rows)
        digest = hashlib.sha256(text.encode()).hexdigest()
        right = {"rows": len(rows), "requested": f"{euros(whole)} €", "sha256": digest}
        assert of_table(tmp_path, rows, {"control": right}, text) == best(rows)
        wrongs = {"rows": len(rows) + 1, "requested": f"{euros(whole + 1)} €", "sha256": digest[::-1]}
        for key, wrong in wrongs.items():
            control = {"control": right | {key: wrong}}
            assert find_codes(partial(of_table, tmp_path, rows, control, text)) == {"control"}
