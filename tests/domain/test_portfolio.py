"""The portfolio: order, places, numbers, and rows taken out of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tnt_sim.domain.portfolio import (
    CANONICAL,
    Portfolio,
    convert_to_decimal,
    convert_to_instants,
    get_table_column,
    parse_numbers,
    sort_by_rank,
)
from tnt_sim.errors import Place
from tnt_sim.ingest.portfolio_reader import read_dossiers


def portfolio(folder: Path, text: str) -> Portfolio:
    path = folder / "a.csv"
    path.write_text(text, encoding="utf-8")
    return read_dossiers(path, shown_as="a.csv")


def test_rank_order_is_instant_then_number_then_text(tmp_path: Path) -> None:
    text = (
        "dossier;filed_at\nZ;\n10;2021-11-22\n9;2021-11-22\n007;2021-11-22\n7;2021-11-22\n"
        "A-2;2021-11-22\nA-10;2021-11-22\n1;2021-11-22T00:01\n2;22/11/2021 00:00\n"
    )
    order = portfolio(tmp_path, text).table["dossier"].to_list()
    assert order == ["2", "007", "7", "9", "10", "A-10", "A-2", "1", "Z"]


@given(st.lists(st.text("019aB-é", min_size=1, max_size=4), unique=True, max_size=8))
def test_rank_order_does_not_depend_on_the_order_of_rows(dossiers: list[str]) -> None:
    def key(text: str) -> tuple[int, int, str]:
        digits = text.isascii() and text.isdigit()
        return (0, int(text), text) if digits else (1, 0, text)

    days = [None] * len(dossiers)
    schema = {"dossier": pl.String, "filed_at": pl.Date}
    table = pl.DataFrame({"dossier": dossiers, "filed_at": days}, schema=schema)
    assert sort_by_rank(table, "Europe/Paris")["dossier"].to_list() == sorted(dossiers, key=key)


def test_a_day_without_midnight_begins_later() -> None:
    table = pl.DataFrame({"d": [dt.date(2018, 11, 4)]})
    found = table.select(convert_to_instants("d", pl.Date(), "America/Sao_Paulo")).item()
    assert found == dt.datetime(2018, 11, 4, 3, tzinfo=dt.UTC)


def test_places_selection_and_filter(tmp_path: Path) -> None:
    found = portfolio(tmp_path, "dossier;requested;avis\nB;1;x\n\nA;2;y\n")
    assert len(found) == 2
    assert found.locate(0, "requested") == Place(file="a.csv", row=4, dossier="A")
    assert found.extra_columns == ("avis",)
    kept = found.filter(pl.col("requested_cents") < 200)
    assert kept.table["dossier"].to_list() == ["B"]
    assert kept.sources == found.sources
    assert found.select(pl.Series([True, False])).locate(0) == Place(file="a.csv", row=4, dossier="A")


def test_numeric_reads_text_strictly(tmp_path: Path) -> None:
    found = portfolio(tmp_path, "dossier;n;m\n1;12,5;a\n2;1 234.5;\n3;;1.23456789\n")
    numbers, defects = found.read_numbers("n")
    assert numbers.to_list() == [Decimal("12.5"), Decimal("1234.5"), None]
    assert defects == ()
    numbers, defects = found.read_numbers("m")
    assert numbers.null_count() == 3
    assert [defect.text.fr for defect in defects] == [
        "colonne « m » : « a » n'est pas lu comme un nombre : ce n'est pas un nombre.",
        "colonne « m » : « 1.23456789 » n'est pas lu comme un nombre : plus de six décimales.",
    ]
    assert defects[0].places == (Place(file="a.csv", row=2, dossier="1"),)


def test_numeric_lists_a_bounded_number_of_faults(tmp_path: Path) -> None:
    rows = "".join(f"{n};x{n}\n" for n in range(100))
    _, defects = portfolio(tmp_path, "dossier;n\n" + rows + "a;1\n").read_numbers("n")
    assert len(defects) == 21
    assert defects[-1].text.fr == "colonne « n » : autres valeurs qui ne sont pas des nombres : 80."


def test_cells_of_one_value_are_told_together(tmp_path: Path) -> None:
    rows = "".join(f"{n};{'n.c.' if n % 3 else n}\n" for n in range(468))
    _, defects = portfolio(tmp_path, "dossier;n\n" + rows).read_numbers("n")
    assert [defect.text.fr for defect in defects] == [
        "colonne « n » : « n.c. » n'est pas lu comme un nombre : ce n'est pas un nombre. "
        "312 cellules : lignes 3, 4, 6, 7, 9, 10, 12, 13, 15, 16, …"
    ]


def test_cells_of_a_column_of_words_are_not_quoted(tmp_path: Path) -> None:
    rows = "".join(f"{n};Personne {n}\n" for n in range(9))
    _, defects = portfolio(tmp_path, "dossier;n\n" + rows).read_numbers("n")
    assert [defect.text.fr for defect in defects] == [
        "colonne « n » : aucune de ses 9 cellules n'est un nombre."
    ]


def test_numeric_of_money_is_euros(tmp_path: Path) -> None:
    numbers, _ = portfolio(tmp_path, "dossier;requested\n1;12,34\n2;\n").read_numbers("requested")
    assert numbers.to_list() == [Decimal("12.34"), None]


def test_numbers_of_typed_columns() -> None:
    numbers, reasons = convert_to_decimal(pl.Series([1.5, float("nan"), None, 1e13, 13.333333333333334]))
    assert numbers.to_list() == [Decimal("1.5"), None, None, None, Decimal("13.333333")]
    assert reasons.to_list() == [None, "not_finite", None, "too_large", None]


@given(st.lists(st.decimals(-(10**11), 10**11, places=6), max_size=5))
def test_numbers_read_back(values: list[Decimal]) -> None:
    texts = pl.Series([f"{value:f}".replace(".", ",") for value in values], dtype=pl.String)
    numbers, reasons = parse_numbers(texts)
    assert numbers.to_list() == values
    assert reasons.null_count() == len(values)


def test_canonical_names_carry_their_unit() -> None:
    assert get_table_column("requested") == "requested_cents"
    assert get_table_column("score") == "score"
    assert next(iter(CANONICAL)) == "dossier"
