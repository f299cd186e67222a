"""What a run writes of the dossiers reads back as it was: every optional column, filled or empty."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn
from support.tiny_scenario import HEAD, tiny

from tnt_sim.domain.portfolio import CANONICAL, STATES, get_table_column
from tnt_sim.engine.award_list import convert_to_csv
from tnt_sim.engine.solve import solve

CELLS: dict[str, st.SearchStrategy[str]] = {
    "title": st.sampled_from(["", "École d’été", "a;b", '"x"', "= 1"]),
    "applicant": st.sampled_from(["", "Commune de L’Île", "0123"]),
    "applicant_id": st.sampled_from(["", "213500017", "01001"]),
    "applicant_type": st.sampled_from(["commune", "epci", "autre"]),
    "department": st.sampled_from(["", "01", "2A", "974"]),
    "region": st.sampled_from(["", "84"]),
    "epci": st.sampled_from(["", "200000172"]),
    "commune": st.sampled_from(["", "01001"]),
    "population": st.sampled_from(["", "0", "12000"]),
    "base": st.sampled_from(["", "900.50"]),
    "min_grant": st.sampled_from(["", "10.01"]),
    "score": st.sampled_from(["0", "14.5", "0.000001"]),
    "filed_at": st.sampled_from(["", "2021-06-30", "2021-06-30T09:00:00+02:00"]),
    "start": st.sampled_from(["", "2021-06-30"]),
    "end": st.sampled_from(["", "2022-06-30"]),
    "notified_at": st.sampled_from(["", "2021-12-31"]),
    "state": st.sampled_from(["", *STATES]),
    "other_state": st.sampled_from(["0", "12.34"]),
    "other_public": st.sampled_from(["0", "12.34"]),
    "other_private": st.sampled_from(["0", "12.34"]),
    "variant_of": st.sampled_from(["", "v"]),
    "tags": st.sampled_from(["", "a", "a;b"]),
}
FILLED = {"project", "members", "envelope"}
"""Columns whose default stands in the table: the dossier itself, its commune, the envelope where it lands."""


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@given(st.data())
@drawn(40)
def test_optional_columns_read_back_as_they_were(data: st.DataObject) -> None:
    rows = [
        [str(k), "a", "100", "2000", *(data.draw(cells) for cells in CELLS.values())] for k in range(1, 4)
    ]
    head = ["dossier", "envelope", "requested", "cost", *CELLS]
    table = "\n".join(",".join(quoted(cell) for cell in row) for row in [head, *rows]) + "\n"
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        scenario = tiny(Path(first), HEAD, table)
        written = convert_to_csv(solve(scenario).dossiers, scenario.spec.timezone).write_csv()
        again = tiny(Path(second), HEAD, written).portfolio.table
    for name in CANONICAL:
        column = get_table_column(name)
        if name not in FILLED:
            before, after = scenario.portfolio.table[column], again[column]
            assert same(before).to_list() == same(after).to_list(), name


def same(column: pl.Series) -> pl.Series:
    """Days and instants of one column are written alike: as instants where one of them is."""
    return column.dt.convert_time_zone("UTC") if isinstance(column.dtype, pl.Datetime) else column


def test_an_empty_state_is_written_empty(tmp_path: Path) -> None:
    table = "dossier,envelope,requested,score,state\n1,a,100,1,\n2,a,100,1,accepte\n"
    scenario = tiny(tmp_path, HEAD, table)
    written = convert_to_csv(solve(scenario).dossiers, scenario.spec.timezone)
    assert written["state"].to_list() == [None, "accepte"]
