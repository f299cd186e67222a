"""Decision on each application as acts and exports state it: decision, rate, reason."""

from __future__ import annotations

import re
from enum import StrEnum

import polars as pl

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import THIN_NO_BREAK, format_cents, format_rounded
from tnt_sim.i18n.parameters import Items
from tnt_sim.rules.offers.eligibility import NOT_GIVEN
from tnt_sim.scenario.spec import ScenarioSpec

RATE, DECISION, MOTIVE, BASE = "_rate", "_decision", "_motive", "_base_cents"


class ApplicantDecision(StrEnum):
    """Decision notified to an applicant."""

    COMMITTED = "committed"
    FUNDED = "funded"
    WAITING = "waiting"
    REFUSED = "refused"
    CLOSED = "closed"


def build_decision_table(run: StoredRun) -> pl.DataFrame:
    """Return the table of a run with `_decision`, `_base_cents`, `_rate` and `_motive`.

    `_base_cents` is the base of the grant, otherwise the cost; `_rate` is the grant divided by it.
    """
    base = pl.coalesce("base_cents", "cost_cents")
    rate = pl.when(pl.col("funded") & (base > 0)).then(pl.col("granted_cents") / base)
    return run.table.with_columns(
        classify_decisions(run.table).alias(DECISION),
        base.alias(BASE),
        rate.alias(RATE),
        _list_motives(run).alias(MOTIVE),
    )


def classify_decisions(table: pl.DataFrame) -> pl.Expr:
    """Return the decision on each application of a run: the one that its letter states."""
    waiting = pl.col("reserve_rank").is_not_null() if "reserve_rank" in table.columns else pl.lit(False)
    committed = pl.col("committed_cents").is_not_null()
    return (
        pl.when(pl.col("funded") & committed)
        .then(pl.lit(ApplicantDecision.COMMITTED.value))
        .when("funded")
        .then(pl.lit(ApplicantDecision.FUNDED.value))
        .when(waiting)
        .then(pl.lit(ApplicantDecision.WAITING.value))
        .when(pl.col("state") == "sans_suite")
        .then(pl.lit(ApplicantDecision.CLOSED.value))
        .otherwise(pl.lit(ApplicantDecision.REFUSED.value))
    )


def _list_motives(run: StoredRun) -> pl.Series:
    return simplify_reasons(run.spec, run.table["reason"], run.table["reason_code"])


def simplify_reasons(spec: ScenarioSpec, reasons: pl.Series, codes: pl.Series) -> pl.Series:
    """Return the reason for an applicant: a missed requirement in its own words, without how it was tested."""
    heads = [entry.reason or entry.title for entry in spec.eligibility if entry.reason or entry.title]
    plain: dict[str, str] = {}
    for text in reasons.filter(codes == NOT_GIVEN).unique().drop_nulls().to_list():
        plain[text] = _remove_parentheses(text)
    for text in reasons.filter(codes == "ineligible").unique().drop_nulls().to_list():
        found = [head for head in dict.fromkeys(heads) if f"{head} (" in text]
        if found:
            plain[text] = Items(found, ";").in_(Lang(spec.locale))
    return reasons.replace(plain) if plain else reasons


def _remove_parentheses(text: str) -> str:
    while (shorter := re.sub(r" ?\([^()]*\)", "", text)) != text:
        text = shorter
    return text


def format_amount_series(cents: pl.Series, lang: Lang) -> pl.Series:
    """Format cents as « 1 234,56 € », always with two decimals; null stays null."""
    words = {value: _format_two_decimals(value, lang) for value in cents.drop_nulls().unique().to_list()}
    return cents.replace_strict(words, default=None, return_dtype=pl.String)


def _format_two_decimals(cents: int, lang: Lang) -> str:
    return format_cents(cents, lang, decimals=True)


def format_rates(rates: pl.Series, lang: Lang) -> pl.Series:
    """Format rates as « 12,3 % », one decimal; null stays null."""
    percent = (rates * 100).round(1)
    texts = {value: _format_percent(value, lang) for value in percent.drop_nulls().unique().to_list()}
    return percent.replace_strict(texts, default=None, return_dtype=pl.String)


def _format_percent(value: float, lang: Lang) -> str:
    number = format_rounded(value, lang, 1)
    return f"{number}{THIN_NO_BREAK}%" if lang is Lang.FR else f"{number}%"
