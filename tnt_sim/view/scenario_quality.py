"""The quality report of a scenario's dossiers, as `validate` shows it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from rich.text import Text as Line

from tnt_sim.errors import Lang
from tnt_sim.formats.quality import examine
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.territory import YEARS
from tnt_sim.view.quality_page import findings_table, quality_document, quality_lines

LEGAL_CAP = Fraction(4, 5)
MOST_COMPARED = 200_000
"""Above so many dossiers, those that resemble each other are not looked for."""


def scenario_quality(scenario: Scenario, lang: Lang) -> dict[str, Any]:
    """What is odd in the dossiers; the legal cap is compared where the scenario sets no cap and no rate itself."""
    portfolio, spec = scenario.portfolio, scenario.spec
    decided = bool(spec.caps) or any(entry.max_rate is not None for entry in spec.grants)
    formulas = any(entry.formula is not None for entry in spec.grants)
    quality = examine(
        portfolio.table, timezone=spec.timezone, map_year=map_year(scenario),
        rate_cap=None if decided else LEGAL_CAP, likeness=len(portfolio) <= MOST_COMPARED,
        variants=portfolio.extra_columns, unwatched=frozenset({"requested"} if formulas else ()),
    )  # fmt: skip
    table = findings_table(quality, portfolio.table["dossier"], portfolio.table["_row"], lang)
    return quality_document(quality, table, lang)


def map_year(scenario: Scenario) -> int:
    """The map that the scenario names, else the one nearest to its date."""
    spec = scenario.spec
    if spec.territory is not None:
        return spec.territory.year
    year = spec.date.year if spec.date is not None else YEARS[0]
    return min(YEARS, key=lambda known: abs(known - year))


def scenario_quality_lines(document: dict[str, Any], lang: Lang, width: int) -> list[Line]:
    """The quality report under a heading."""
    title = "État des données" if lang is Lang.FR else "State of the data"
    return [Line(""), Line(title, style="bold"), *quality_lines(document, lang, width)]
