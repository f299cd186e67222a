"""Tidy frames of the charts of a decision: one row per mark, amounts in euros."""

from __future__ import annotations

import polars as pl

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Capitalised, Lang, Text, _p
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.decision_page.outcomes import Outcome, Outcomes, select_rows
from tnt_sim.reporting.decision_page.subtotals import build_department_table
from tnt_sim.reporting.plots.drawing.chart_words import make_unique
from tnt_sim.reporting.workbook.dossier_sheet import describe_reason

INDENT = "\u2003"
"""Space before the name of an envelope for each envelope above it, the programme apart."""
MONEY_USES: dict[Mark, Text] = {
    Mark.COMMITTED: _p("money", "already committed"),
    Mark.GRANTED: _p("money", "granted"),
    Mark.LEFT: _p("money", "left"),
}
"""Parts of the money of an envelope, in the order of a bar."""
OUTCOMES: dict[Mark, Text] = {
    Mark.COMMITTED: _p("dossiers", "already committed"),
    Mark.GRANTED: _p("dossiers", "funded"),
    Mark.WAITING: _p("dossiers", "not selected: more money could fund them"),
    Mark.REFUSED: _p("dossiers", "closed: no money would fund them"),
}
"""Groups of applications by their decision."""
_MARKS = {
    Outcome.COMMITTED: Mark.COMMITTED,
    Outcome.FUNDED: Mark.GRANTED,
    Outcome.NOT_SELECTED: Mark.WAITING,
    Outcome.EXCLUDED: Mark.REFUSED,
}


def build_money_frame(run: StoredRun, outcomes: Outcomes, lang: Lang) -> pl.DataFrame:
    """Return one row per envelope of the picture and part of its money: `envelope`, `name`, `part`, `amount`.

    Envelopes that would be too many are added up.
    """
    rows = select_rows(run, outcomes, lang)
    ids = [f"#{k}" if row.node is None else run.envelopes[row.node].id for k, row in enumerate(rows)]
    names = make_unique([row.title for row in rows], ids)
    words = {mark: text.in_(lang) for mark, text in MONEY_USES.items()}
    return pl.DataFrame(
        [
            {
                "place": place,
                "envelope": None if row.node is None else run.envelopes[row.node].id,
                "name": INDENT * max(0, row.depth - 1) + name,
                "part": words[mark],
                "order": order,
                "amount": cents / 100,
                "n_funded": row.n_funded,
                "n_dossiers": sum(row.counts),
            }
            for place, (row, name) in enumerate(zip(rows, names, strict=True))
            for order, (mark, cents) in enumerate(
                (
                    (Mark.COMMITTED, row.cents[Outcome.COMMITTED]),
                    (Mark.GRANTED, row.cents[Outcome.FUNDED]),
                    (Mark.LEFT, row.left_cents),
                )
            )
        ]
    )


def build_department_frame(run: StoredRun) -> pl.DataFrame:
    """Return one row per department: inhabitants, applications and amounts, per head too.

    Raises
    ------
    ValueError
        If no application has a department.
    """
    table = build_department_table(run)
    if table.is_empty():
        raise ValueError("no application of this run has a department: there is no map")
    return table.select(
        "department",
        "name",
        "population",
        "n_dossiers",
        "n_funded",
        (pl.col("requested_cents") / 100).alias("requested"),
        (pl.col("granted_cents") / 100).alias("granted"),
        (pl.col("granted_cents") / 100 / pl.col("population")).alias("per_head"),
    )


def build_reason_frame(run: StoredRun, outcomes: Outcomes, lang: Lang) -> pl.DataFrame:
    """Return one row per reason: `reason_code`, `reason`, `group`, `n_dossiers`, `amount` granted or asked."""
    words = {mark: Capitalised(text).in_(lang) for mark, text in OUTCOMES.items()}
    groups = [words[_MARKS[Outcome(value)]] for value in outcomes.outcome.tolist()]
    table = run.table.select(pl.col("reason_code").fill_null("")).with_columns(
        pl.Series("place", outcomes.outcome, dtype=pl.Int64),
        pl.Series("group", groups, dtype=pl.String),
        pl.Series("cents", outcomes.cents, dtype=pl.Int64),
        pl.Series("known", outcomes.known, dtype=pl.Boolean),
    )
    sums = (
        table.group_by("place", "group", "reason_code")
        .agg(
            pl.len().cast(pl.Int64).alias("n_dossiers"),
            pl.col("cents").sum(),
            (~pl.col("known")).sum().cast(pl.Int64).alias("n_unknown"),
        )
        .sort("place", "n_dossiers", "reason_code", descending=[False, True, False])
    )
    reasons = [
        describe_reason(code, place not in (Outcome.EXCLUDED, Outcome.NOT_SELECTED), lang) or "–"
        for code, place in sums.select("reason_code", "place").iter_rows()
    ]
    reasons = [f"{reason[:1].upper()}{reason[1:]}" for reason in reasons]
    return sums.select(
        "reason_code",
        pl.Series("reason", reasons, dtype=pl.String),
        "group",
        "n_dossiers",
        (pl.col("cents") / 100).alias("amount"),
        "n_unknown",
    )
