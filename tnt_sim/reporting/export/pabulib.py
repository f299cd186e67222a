"""Write a decision as a Pabulib file (`.pb`): projects with their cost and selection, without votes.

Source for the format: Pabulib, the participatory budgeting library, https://pabulib.org.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from tnt_sim.engine.award_list import format_decimal, format_euros
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.ingest.tables.pabulib import PbFile
from tnt_sim.reporting.text.verification import list_short_mentions
from tnt_sim.reporting.text.vocabulary import SHORT_SYNTHETIC

GOALS: Mapping[str, str] = MappingProxyType({"votes": "votes", "points": "score", "cost": "cost"})

"""Values of `--measure`, with the measure of the scenario."""

_WORDS = {
    "votes": _("the votes received"),
    "score": _("the points received (`score`)"),
    "cost": _("the cost of the funded projects"),
    "dossiers": _("the number of funded projects"),
}


def require_measure(pb: PbFile, measure: str) -> str:
    """Return the measure that `--measure` names."""
    if measure not in GOALS:
        known = ", ".join(GOALS)
        raise UsageError(
            _('--measure is {known}, not "{measure}".', known=known, measure=measure),
            code="usage.measure",
        )
    goal = GOALS[measure]
    if goal not in pb.header:
        raise UsageError(
            _(
                '--measure {measure}: the projects of "{shown_as}" have no column "{goal}".',
                measure=measure,
                shown_as=pb.shown_as,
                goal=goal,
            ),
            code="usage.measure",
        )
    return goal


def describe_pabulib(pb: PbFile, goal: str) -> list[Text]:
    """Describe the objective, the bounds of costs, the city's rule, and the metadata that is not used."""
    if goal == "score" and "score" not in pb.header:
        goal = "votes"
    what = _WORDS.get(goal, _('"{goal}"', goal=goal))
    texts = [_("This run maximises {goal}.", goal=what)]
    return [*texts, *_describe_costs(pb.meta), *_describe_categories(pb), *_describe_rule(pb.meta)]


def _describe_costs(meta: Mapping[str, str]) -> list[Text]:
    return [
        _("`{key}: {meta}` is applied: a project beyond this bound is not eligible.", key=key, meta=meta[key])
        for key in ("min_project_cost", "max_project_cost")
        if meta.get(key)
    ]


def _describe_categories(pb: PbFile) -> list[Text]:
    meta = pb.meta
    result = []
    if meta.get("budget_per_category") and "category" in pb.header:
        result.append(
            _("`budget_per_category` is only reported, for the city spends the rest without these caps.")
            if meta.get("leftover_budget")
            else _("`budget_per_category` is applied: a cap for each category.")
        )
    if meta.get("leftover_budget"):
        result.append(
            _(
                "`leftover_budget: {meta}` is not applied: the whole budget is shared out at once.",
                meta=meta["leftover_budget"],
            )
        )
    return result


def _describe_rule(meta: Mapping[str, str]) -> list[Text]:
    if not meta.get("rule"):
        return []
    return [
        _(
            "The city's rule (`rule: {meta}`) is not applied: the list may differ from the city's.",
            meta=meta["rule"],
        )
    ]


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
