"""What was asked differently: keys of the scenarios, and cells of the dossiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from tnt_sim.portfolio import CANONICAL, table_column
from tnt_sim.scenario.load import set_text
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.compare.side import Side

_WORDS = ("title", "note", "source", "solver", "id", "locale")
KEYS = {"path": pl.String}
CELLS = {"dossier": pl.String, "column": pl.String}


def changed_keys(sides: Sequence[Side]) -> pl.DataFrame:
    """A row a key that is not the same on every side: its `--set` path, and its text on each side by name."""
    each = [dict(_flat(_asked(side.scenario))) for side in sides]
    paths = list(dict.fromkeys(path for keys in each for path in keys))
    rows = [[path, *(keys.get(path) for keys in each)] for path in paths]
    rows = [row for row in rows if len(set(row[1:])) > 1]
    schema = {**KEYS, **{side.name: pl.String for side in sides}}
    return pl.DataFrame(rows, schema=schema, orient="row")


def changed_cells(first: Side, other: Side) -> pl.DataFrame:
    """A row a cell of a dossier that differs: `dossier`, `column`, and both texts; `column` is empty for a dossier
    that stands on one side only."""
    one, two = (_texts(side.problem.case.table) for side in (first, other))
    names = (first.name, other.name)
    schema = {**CELLS, names[0]: pl.String, names[1]: pl.String}
    only = [
        (dossier, "", *marks)
        for held, lacking, marks in ((one, two, ("✓", None)), (two, one, (None, "✓")))
        for dossier in held.join(lacking, on="dossier", how="anti")["dossier"].to_list()
    ]
    both = one.join(two, on="dossier", suffix="\n")
    rows: list[tuple[Any, ...]] = list(only)
    for column in one.columns:
        if column == "dossier" or column not in two.columns:
            continue
        differs = both.filter(pl.col(column).ne_missing(pl.col(f"{column}\n")))
        rows += [
            (row["dossier"], column, row[column], row[f"{column}\n"]) for row in differs.iter_rows(named=True)
        ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _asked(scenario: Scenario) -> Mapping[str, Any]:
    """The resolved scenario without the words and the solver, which decide nothing."""
    return {key: value for key, value in scenario.resolved().items() if key not in _WORDS}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each value with the path that `--set` takes; entries of lists by their id, other lists whole."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            if key not in ("title", "note", "source"):
                yield from _flat(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(e, dict) and "id" in e for e in value):
        here = "envelopes" if path.endswith("envelopes") else path
        for entry in value:
            rest = {key: child for key, child in entry.items() if key != "id"}
            yield from _flat(rest, f"{here}.{entry['id']}")
            if not rest:
                yield f"{here}.{entry['id']}", ""
    else:
        yield path, set_text(value)


def _texts(table: pl.DataFrame) -> pl.DataFrame:
    """Every cell as a text, for comparing."""
    known = [table_column(name) for name in CANONICAL]
    columns = [column for column in known if column in table.columns]
    return table.select(
        pl.col(column).list.join(";")
        if table.schema[column] == pl.List(pl.String)
        else pl.col(column).cast(pl.String)
        for column in columns
    )
