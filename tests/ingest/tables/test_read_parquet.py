"""Parquet tables, the same table in every format, several files, and side tables."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from support.table_files import faults, ods, ods_rows, read, xlsx

from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.portfolio_reader import join, read_dossiers, read_plain
from tnt_sim.ingest.tables.raw_table import ReadOptions


def parquet(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


def one(folder: Path, table: pl.DataFrame, **options: Any) -> str:
    found = faults(folder, "d.parquet", parquet(table), **options)
    assert len(found) == 1, found
    return found[0]


def test_the_same_table_in_four_formats(tmp_path: Path) -> None:
    head = ["dossier", "requested", "filed_at", "department", "population", "score", "tags", "avis"]
    rows = [
        ["0002", 1234.56, dt.date(2021, 11, 22), "01", 1200, 12.5, "a;b", "A"],
        ["10", 88_000_000.0, dt.date(2021, 11, 21), "2A", None, None, "", ""],
    ]
    text = ";".join(head) + '\n0002;1 234,56 €;2021-11-22;01;1 200;12,5;"a;b";A\n10;88 M€;21/11/2021;2A;;;;\n'
    typed = pl.DataFrame(rows, schema=head, orient="row")
    tables = [
        read(tmp_path, "d.csv", text).table,
        read(tmp_path, "d.xlsx", xlsx([head, *rows])).table,
        read(tmp_path, "d.ods", ods(ods_rows([head, *rows]))).table,
        read(tmp_path, "d.parquet", parquet(typed)).table,
    ]
    assert tables[0]["dossier"].to_list() == ["10", "0002"]
    for table in tables[1:]:
        assert_frame_equal(tables[0], table)


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1234.56, None]),
        pl.Series(["1 234,56 €", ""]),
        pl.Series([Decimal("1234.56"), None]),
        pl.Series([Decimal("1234.5600"), None]),
    ],
)
def test_each_numeric_type_is_whole_cents(tmp_path: Path, values: pl.Series) -> None:
    table = pl.DataFrame({"dossier": ["A", "B"], "requested": values})
    assert read(tmp_path, "d.parquet", parquet(table)).table["requested_cents"].to_list() == [123456, None]


def test_cents_whole_euros_and_roundings(tmp_path: Path) -> None:
    table = pl.DataFrame({"dossier": ["A"], "requested_cents": [123], "cost": [5]})
    found = read(tmp_path, "d.parquet", parquet(table)).table
    assert found["requested_cents"].to_list() == [123]
    assert found["cost_cents"].to_list() == [500]
    many = pl.DataFrame({"dossier": ["A"], "cost": [Decimal("0.125")], "base": [0.135]})
    rounded = read(tmp_path, "d.parquet", parquet(many), rounding="nearest")
    assert (rounded.table["cost_cents"][0], rounded.table["base_cents"][0]) == (12, 14)
    assert [warning.code for warning in rounded.warnings] == ["rounded", "rounded"]


def test_further_columns_keep_their_types(tmp_path: Path) -> None:
    table = pl.DataFrame(
        {
            "dossier": [2, 1],
            "tags": [["a", "a", " b"], None],
            "note": [1.5, None],
            "urgent": [True, False],
            "avis": pl.Series(["A", None], dtype=pl.Categorical),
            "filed_at": [dt.datetime(2021, 7, 1, 12), None],
        }
    )
    found = read(tmp_path, "d.parquet", parquet(table)).table
    assert found["dossier"].to_list() == ["2", "1"]
    assert found["tags"].to_list() == [["a", "b"], []]
    assert found["note"].to_list() == [1.5, None]
    assert found["urgent"].to_list() == ["true", "false"]
    assert found["avis"].to_list() == ["A", ""]
    assert str(found["filed_at"][0]) == "2021-07-01 10:00:00+00:00"


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        ("requested", [True], "des euros (nombres ou texte) attendus, et non le type Boolean."),
        ("filed_at", [5], "dates attendues, et non le type Int64."),
        ("title", [["a"]], "du texte attendu, et non le type List(String)."),
        ("tags", [[1.5]], "des listes de textes attendues, et non le type List(Float64)."),
        ("score", [dt.date(2021, 1, 1)], "des nombres attendus, et non le type Date."),
    ],
)
def test_types_that_are_refused(tmp_path: Path, column: str, values: list[object], sentence: str) -> None:
    found = one(tmp_path, pl.DataFrame({"dossier": ["A"], column: values}))
    assert f" d.parquet — colonne « {column} » : {sentence}" in found


def test_amounts_that_are_refused(tmp_path: Path) -> None:
    found = one(tmp_path, pl.DataFrame({"dossier": ["A"], "requested": [float("nan")]}))
    assert found.startswith(
        "money d.parquet:2 [A] — colonne « requested » : « nan » n'est pas lu comme un montant : "
        "ce n'est pas un nombre fini."
    )
    assert one(tmp_path, pl.DataFrame({"dossier": ["A"], "requested": [2**62]})) == (
        "money d.parquet:2 [A] — colonne « requested » : « 4611686018427387904 » n'est pas lu comme "
        "un montant : le montant dépasse 90 071 992 547 409,91 €."
    )
    assert one(tmp_path, pl.DataFrame({"dossier": ["A"], "requested_cents": [1.5]})) == (
        "money d.parquet — colonne « requested_cents » (requested) : des centimes entiers attendus, "
        "et non le type Float64."
    )


def test_a_damaged_parquet_is_refused(tmp_path: Path) -> None:
    whole = parquet(pl.DataFrame({"dossier": ["A"]}))
    for data in (b"", b"PAR1", whole[:-20], whole[:40] + whole[60:]):
        assert faults(tmp_path, "d.parquet", data)[0].startswith("damaged d.parquet — ")


def test_a_million_rows_of_defects_stay_a_few_lines(tmp_path: Path) -> None:
    n = 200_000
    table = pl.DataFrame(
        {"dossier": pl.int_range(n, eager=True).cast(pl.String), "cost": pl.Series([-1]).new_from_index(0, n)}
    )
    found = faults(tmp_path, "d.parquet", parquet(table))
    assert len(found) == 1
    assert "200000 cellules : lignes 2, 3, " in found[0]


def test_several_files_are_joined_in_order(tmp_path: Path) -> None:
    first = read(tmp_path, "a.csv", "dossier;filed_at;avis\n2;2021-11-22;A\n")
    second = read(tmp_path, "b.parquet", parquet(pl.DataFrame({"dossier": ["1"], "avis": [3], "n": [4.5]})))
    third = read(tmp_path, "c.csv", "dossier;filed_at\n3;2021-11-22T09:00\n")
    joined = join([first, second, third])
    assert joined.table["dossier"].to_list() == ["2", "3", "1"]
    assert joined.table["avis"].to_list() == ["A", "", "3"]
    assert joined.table["n"].to_list() == [None, None, 4.5]
    assert [source.path for source in joined.sources] == ["a.csv", "b.parquet", "c.csv"]
    assert str(joined.locate(1)) == "c.csv:2 [3]"
    assert str(joined.table["filed_at"][0]) == "2021-11-21 23:00:00+00:00"
    with pytest.raises(DataError) as caught:
        join([first, first])
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [
        "duplicate_dossier a.csv:2 [2], a.csv:2 [2] — le dossier « 2 » est dans plusieurs fichiers."
    ]


def test_side_tables_keep_codes_as_text(tmp_path: Path) -> None:
    path = tmp_path / "cles.csv"
    path.write_text("group;amount\n01;1 000\n2A;NA\n")
    assert read_plain(path, shown_as="cles.csv").to_dict(as_series=False) == {
        "group": ["01", "2A"], "amount": ["1 000", "NA"], "_row": [2, 3],
    }  # fmt: skip
    path.write_text("code\n01001\n\n01002\n")
    assert read_plain(path, shown_as="cles.csv")["code"].to_list() == ["01001", "01002"]
    path.write_text("a;a\n1;2\n")
    with pytest.raises(DataError):
        read_plain(path, shown_as="cles.csv", read=ReadOptions())


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "x.csv", tmp_path):
        with pytest.raises(DataError) as caught:
            read_dossiers(path, shown_as="x.csv")
        assert caught.value.defects[0].code == "no_file"
