"""Tables of a batch, of polars and of DuckDB: cases, envelopes, grants, dossiers by their cases, totals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tnt_sim.analysis.shared.result_store import JOURNAL, RUNS
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AFTER_AXES = (
    "status", "proof", "publishable", "canonical", "method", "amount_cents", "granted_cents", "unspent_cents",
    "n_dossiers", "n_eligible", "n_funded", "inhabitants",
)  # fmt: skip
_LAST = ("stopped_by", "error_code", "error", "case_sha256", "scenario_sha256", "allocation_sha256")


def build_case_table(runs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per case: its name, a column per changed value, figures, and the first goal's value."""
    first = [pl.col(name).list.first().alias(alias) for name, alias in _FIRST.items()]
    plain = runs.select(*(pl.col(name) for name in (*_AFTER_AXES, *_LAST)), *first)
    axes = _split_changes(runs)
    return pl.concat(
        [
            runs.select("name"),
            axes.select(name for name in axes.columns if name not in plain.columns and name != "name"),
            plain.select(*_AFTER_AXES, *_FIRST.values(), *_LAST),
        ],
        how="horizontal",
    )


_FIRST = {"goals": "goal", "values": "value", "bounds": "bound"}


def _split_changes(runs: pl.DataFrame) -> pl.DataFrame:
    """Return a column of texts for each changed path."""
    rows = [dict(_split_texts(changes)) for changes in runs["changes"].to_list()]
    paths = list(dict.fromkeys(path for row in rows for path in row))
    return pl.DataFrame(
        {path: [row.get(path) for row in rows] for path in paths}, schema=dict.fromkeys(paths, pl.String)
    )


def _split_texts(changes: list[str] | None) -> Iterator[tuple[str, str]]:
    for text in changes or ():
        path, _sign, value = text.partition("=")
        yield path.strip(), value.strip()


def build_envelope_table(runs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per case and envelope: `name`, `case_sha256`, and the envelope's figures."""
    held = runs.filter(pl.col("envelopes").is_not_null() & (pl.col("envelopes").list.len() > 0))
    long = held.select("name", "case_sha256", "envelopes").explode("envelopes")
    return long.unnest("envelopes").rename({"id": "envelope"})


def build_grant_table(runs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per case and funded dossier: `name`, `case_sha256`, `dossier`, `granted_cents`."""
    held = runs.filter(pl.col("dossier").is_not_null() & (pl.col("dossier").list.len() > 0))
    long = held.select("name", "case_sha256", "dossier", "awarded_cents").explode("dossier", "awarded_cents")
    return long.rename({"awarded_cents": "granted_cents"})


def build_frequency_table(runs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per dossier that some case funds: in how many, of how many with a list, and its grants."""
    n_lists = int(runs["dossier"].is_not_null().sum())
    grouped = build_grant_table(runs).group_by("dossier")
    counted = grouped.agg(
        pl.len().cast(pl.Int64).alias("n_funded_in"),
        pl.lit(n_lists).cast(pl.Int64).alias("n_cases"),
        pl.col("granted_cents").min().alias("least_granted_cents"),
        pl.col("granted_cents").max().alias("most_granted_cents"),
    )
    return counted.sort("n_funded_in", "dossier", descending=[True, False])


def build_total_table(runs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per status: the number of cases, and the range of funded dossiers and amounts granted."""
    bounds = [
        getattr(pl.col(column), bound)().alias(f"{word}_{column}")
        for column in ("n_funded", "granted_cents")
        for bound, word in (("min", "least"), ("max", "most"))
    ]
    return runs.group_by("status").agg(pl.len().cast(pl.Int64).alias("n_cases"), *bounds).sort("status")


def open_in_duckdb(folder: Path) -> DuckDBPyConnection:
    """Open the rows of a store in DuckDB, as views."""
    try:
        import duckdb
    except ImportError as error:
        from tnt_sim.installation import format_install_command

        raise UsageError(
            _(
                "SQL needs DuckDB, which is not installed here. To install it: {command}",
                command=format_install_command("notebook", "duckdb"),
            ),
            code="usage.duckdb",
        ) from error
    files = [str(file) for part in (RUNS, JOURNAL) for file in sorted((folder / part).glob("*.parquet"))]
    if not files:
        raise UsageError(_('"{folder}" holds no answer yet.', folder=folder), code="usage.batch")
    connection = duckdb.connect()
    stored = connection.from_parquet(files, union_by_name=True)
    stored.create_view("stored")
    for name, query in _VIEWS.items():
        connection.sql(query).create_view(name)
    return connection


_VIEWS = {
    "runs": "select distinct on (case_sha256) * from stored",
    "cases": "select * exclude (envelopes, dossier, awarded_cents), goals[1] as goal, values[1] as value "
    "from runs",
    "envelopes": "select name, case_sha256, unnest(envelopes, recursive := true) from runs",
    "grants": "select name, case_sha256, unnest(dossier) as dossier, unnest(awarded_cents) as granted_cents "
    "from runs",
}
"""Views of a store; a case may stand in two of its files."""
