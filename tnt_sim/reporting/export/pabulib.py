"""Write a decision as a Pabulib file (`.pb`): projects with their cost and selection, without votes.

Source for the format: Pabulib, the participatory budgeting library, https://pabulib.org.
"""

from __future__ import annotations

import csv
import io

import polars as pl

from tnt_sim.engine.award_list import format_decimal, format_euros
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.reporting.text.verification import list_short_mentions
from tnt_sim.reporting.text.vocabulary import SHORT_SYNTHETIC

COLUMNS = (
    "project_id", "cost", "score", "name", "category", "proposer", "selected", "granted", "reason_code",
)  # fmt: skip
"""Columns of PROJECTS: the first seven are Pabulib's, the last two have no equivalent there."""


def build_pabulib(run: StoredRun) -> str:
    """Return the text of the file.

    The cost of a project is what it takes from the budget: the grant if it is funded, otherwise its
    request, otherwise its cost.
    """
    about = {
        "description": run.title,
        "country": "France" if get_currency() == EURO and run.spec.place_column is None else None,
        "unit": run.envelopes[0].id,
        "instance": run.spec.date.isoformat() if run.spec.date else run.spec.id,
        "num_projects": run.table.height,
        "num_votes": 0,
        "budget": _format_euros(run.data.amount_cents),
        "vote_type": "scoring",
        "rule": "unknown",
        "language": run.spec.locale,
        "currency": get_currency().code or get_currency().symbol,
        "comment": f"tnt_sim {run.name} {run.data.allocation_sha256}{_describe_reserves(run)}",
    }
    stream = io.StringIO()
    rows = csv.writer(stream, delimiter=";", lineterminator="\n")
    stream.write("META\n")
    rows.writerow(("key", "value"))
    rows.writerows((key, _flatten_text(str(value))) for key, value in about.items() if value is not None)
    stream.write("PROJECTS\n")
    rows.writerow(COLUMNS)
    rows.writerows(_build_projects(run.table).iter_rows())
    stream.write("VOTES\nvoter_id;vote\n")
    return stream.getvalue()


def _describe_reserves(run: StoredRun) -> str:
    """Return the comment for synthetic data, for changes of the scenario, and for what is not shown."""
    words = [*([SHORT_SYNTHETIC] if run.synthetic else []), *list_short_mentions(run.checked.record)]
    return f" ({', '.join(word.in_(run.own_lang) for word in words)})" if words else ""


def _build_projects(table: pl.DataFrame) -> pl.DataFrame:
    taken = pl.when("funded").then(pl.col("granted_cents"))
    cost = pl.coalesce(taken, "requested_cents", "cost_cents").alias("_taken_cents")
    return table.with_columns(cost).select(
        _flatten_column("dossier"),
        _format_euro_column("_taken_cents"),
        format_decimal("score").fill_null(""),
        _flatten_column("title"),
        _flatten_column("envelope"),
        _flatten_column("applicant"),
        pl.col("funded").cast(pl.Int8).alias("selected"),
        _format_euro_column("granted_cents"),
        _flatten_column("reason_code"),
    )


def _format_euro_column(name: str) -> pl.Expr:
    """Write euros, without decimals if whole."""
    return format_euros(name).str.strip_suffix(".00").fill_null("0").alias(f"{name}_text")


def _flatten_column(name: str) -> pl.Expr:
    """Put text on one line, since the format has no line breaks in cells."""
    return pl.col(name).fill_null("").str.replace_all(r"[\r\n]+", " ")


def _flatten_text(text: str) -> str:
    return " ".join(text.split())


def _format_euros(cents: int | None) -> str | None:
    if cents is None:
        return None
    return f"{cents // 100}" if cents % 100 == 0 else f"{cents // 100}.{cents % 100:02d}"
