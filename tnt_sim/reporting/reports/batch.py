"""Report of a batch in the terminal: result of each scenario, failures, and how to resume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.text import Text as Line

from tnt_sim.i18n.message import Lang, Text, describe_count
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.reporting.renderers.terminal import render_grid, wrap_paragraph
from tnt_sim.reporting.text.vocabulary import describe_proof
from tnt_sim.rules.expressions.column_text import format_integer

MOST_ROWS = 40


def render_batch(
    runs: pl.DataFrame, n_cases: int, store: str, interrupted: bool, n_torn: int, lang: Lang, width: int
) -> list[Line]:
    """Write the page of a batch: one line per scenario, the first and last ones if there are many."""
    failed = runs.filter(pl.col("status") == "error")
    lines = wrap_paragraph(
        _describe_headline(runs.height, n_cases, failed.height, interrupted).in_(lang), width, style="bold"
    )
    displayed = (
        runs
        if runs.height <= MOST_ROWS
        else pl.concat([runs.head(MOST_ROWS // 2), runs.tail(MOST_ROWS // 2)])
    )
    if displayed.height:
        lines += [Line(""), *_render_table(displayed, lang)]
    if displayed.height < runs.height:
        left = runs.height - displayed.height
        lines.append(Line(Text(f"  … et {left} autres", f"  … and {left} more").in_(lang), style="dim"))
    for row in failed.head(5).iter_rows(named=True):
        lines += wrap_paragraph(_describe_failure(row, lang), width, style="yellow")
    if n_torn:
        lines += wrap_paragraph(
            describe_count(
                n_torn,
                (
                    "fichier abîmé mis de côté (*.torn) ; ses scénarios ont été recalculés.",
                    "fichiers abîmés mis de côté (*.torn) ; leurs scénarios ont été recalculés.",
                ),
                (
                    "damaged file set aside (*.torn); its scenarios were computed again.",
                    "damaged files set aside (*.torn); their scenarios were computed again.",
                ),
            ).in_(lang),
            width,
            style="yellow",
        )
    where = Text(
        f"Les réponses sont dans {store}/runs/*.parquet (polars, DuckDB, pandas).",
        f"The answers are in {store}/runs/*.parquet (polars, DuckDB, pandas).",
    )
    again = Text(
        "La même commande reprend là où le lot s'est arrêté.",
        "The same command goes on from where it stopped.",
    )
    return [
        *lines,
        Line(""),
        *wrap_paragraph((where if runs.height == n_cases else again).in_(lang), width, style="dim"),
    ]


_NO_ANSWER = {
    "error": Text("en échec", "failed"),
    "infeasible": Text("rien ne tient", "nothing fits"),
    "stopped": Text("arrêté", "stopped"),
}


def _describe_evidence(row: Mapping[str, Any], lang: Lang) -> str:
    """Write the evidence of a result, or why there is no list."""
    proof = describe_proof(row["proof"], lang) if row["proof"] else ""
    if row["status"] not in _NO_ANSWER:
        return proof or row["status"]
    return _NO_ANSWER[row["status"]].in_(lang) + (f" ({proof})" if proof else "")


def _describe_failure(row: Mapping[str, Any], lang: Lang) -> str:
    """Write the error of a scenario, in the reader's language if the store has it."""
    said = Text(row["error_fr"] or row["error"], row["error"]).in_(lang)
    colon = Text(" :", ":").in_(lang)
    return f"✘ {row['name']}{colon} {row['error_code']} — {said}"


def _describe_headline(n_done: int, n_cases: int, n_failed: int, interrupted: bool) -> Text:
    fr = f"{n_done} scénario{'s' * (n_done > 1)} sur {n_cases}"
    en = f"{n_done} of {n_cases} scenario{'s' * (n_cases != 1)}"
    if n_failed:
        fr, en = f"{fr}, dont {n_failed} en échec", f"{en}, {n_failed} of them failed"
    return Text(f"Interrompu : {fr}.", f"Interrupted: {en}.") if interrupted else Text(f"{fr}.", f"{en}.")


def _render_table(runs: pl.DataFrame, lang: Lang) -> list[Line]:
    header = [
        Text(*pair).in_(lang)
        for pair in (
            ("Scénario", "Scenario"),
            ("Valeur", "Value"),
            ("Financés", "Funded"),
            ("Accordé", "Granted"),
            ("Reste", "Left"),
            ("Preuve", "Proof"),
        )
    ]
    rows = [
        [
            row["name"],
            " / ".join(_format_value(value, lang) for value in row["values"] or []) or "—",
            "—" if row["n_funded"] is None else format_integer(row["n_funded"], lang),
            "—" if row["granted_cents"] is None else format_amount(row["granted_cents"], lang),
            "—" if row["unspent_cents"] is None else format_amount(row["unspent_cents"], lang),
            _describe_evidence(row, lang),
        ]
        for row in runs.iter_rows(named=True)
    ]
    return render_grid(rows, header=header, right=(1, 2, 3, 4))


def _format_value(text: str | None, lang: Lang) -> str:
    if text is None:
        return "—"
    return text.replace(".", ",") if lang is Lang.FR else text
