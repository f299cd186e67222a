"""Chart of a list made by hand: what it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from tnt_sim.analysis.audit.audit import AuditResult
from tnt_sim.analysis.explain.document import InversionList
from tnt_sim.i18n.message import Capitalised, Lang, _
from tnt_sim.reporting.plots.drawing.scatter_charts import ScatterAxes, draw_inversions
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossiers
from tnt_sim.reporting.reports.dossier_scatter import LIST_MARKS
from tnt_sim.reporting.reports.inversion_picture import choose_envelope, describe_left_out
from tnt_sim.scenario.scenario import is_synthetic


def list_plots() -> Mapping[str, Callable[..., AltairChart]]:
    """Return the Altair charts by name."""
    return {"inversions": plot_inversions}


def plot_inversions(result: AuditResult, lang: Lang) -> AltairChart:
    """Draw the list by value and amount, with a line from each better application that it leaves out.

    Raises
    ------
    ValueError
        If the scenario has no single score that orders applications, or none has a value and an amount.
    """
    pairs = result.data.inversions
    if pairs is None:
        raise ValueError("no single score orders the applications: there are no inversions to draw")
    dossiers = DecidedDossiers.of_list(result.problem, result.allocation)
    ids = list(result.problem.case.tree.ids)
    group = choose_envelope(pairs, ids)
    table = dossiers.select_envelope(ids.index(group))
    if table.is_empty():
        raise ValueError("no application has an amount and a value: there is nothing to draw")
    words = {mark.value: Capitalised(text).in_(lang) for mark, text in LIST_MARKS.items()}
    frame = table.select(
        "dossier",
        "title",
        pl.Series("envelope", [ids[k] for k in table["node"].to_list()], dtype=pl.String),
        pl.Series("decision", [words[mark] for mark in table["mark"].to_list()], dtype=pl.String),
        (pl.col("cents") / 100).alias("amount"),
        "value",
    )
    present = set(frame["decision"])
    marks = [(mark, words[mark.value]) for mark in LIST_MARKS if words[mark.value] in present]
    value = Capitalised(dossiers.value_words).in_(lang)
    question = _(
        '{value} against amount, in "{envelope}".',
        value=Capitalised(dossiers.value_words),
        envelope=dossiers.get_envelope_title(ids.index(group)),
    )
    chart = draw_inversions(frame, _build_links(frame, group, pairs), ScatterAxes(marks, value, lang))
    synthetic = is_synthetic(result.problem.scenario)
    return finish_chart(chart, describe_left_out(pairs), question, lang, synthetic=synthetic)


def _build_links(frame: pl.DataFrame, group: str, pairs: InversionList) -> pl.DataFrame:
    """Return one row per better dossier left out, with the worst one in the list."""
    places = {
        name: (amount, value) for name, amount, value in frame.select("dossier", "amount", "value").rows()
    }
    rows = [
        (
            pair.better.dossier,
            *places[pair.better.dossier],
            pair.worse.dossier,
            *places[pair.worse.dossier],
        )
        for pair in pairs.refused
        if pair.group == group and pair.better.dossier in places and pair.worse.dossier in places
    ]
    schema = {
        "dossier": pl.String, "amount": pl.Float64, "value": pl.Float64,
        "funded": pl.String, "amount_funded": pl.Float64, "value_funded": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
