"""Tables that follow a decision: for the online procedure, applicants, the prefect's order, and accounting.

Their headers are those of French administrations and are never translated; sentences follow the
requested language.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.i18n import message
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.reporting.export.flat_table import Column, Flat, Kind
from tnt_sim.reporting.reports.decision_table import (
    BASE,
    DECISION,
    MOTIVE,
    RATE,
    Decision,
    amounts_in_words,
    decided,
    rates_in_words,
    sentences,
)

_STATES = {
    Decision.COMMITTED: "Accepté",
    Decision.FUNDED: "Accepté",
    Decision.WAITING: "En instruction",
    Decision.REFUSED: "Refusé",
    Decision.CLOSED: "Classé sans suite",
}
_TURGOT = {
    Decision.COMMITTED: "✅ Accepté",
    Decision.FUNDED: "✔️ Accepté provisoirement",
    Decision.WAITING: "🔄 En traitement",
    Decision.REFUSED: "✖️ Refusé provisoirement",
    Decision.CLOSED: "⛔️ Classé sans suite",
}
_LETTERS = {
    Decision.COMMITTED: Text("maintien", "kept"),
    Decision.FUNDED: Text("accord", "award"),
    Decision.WAITING: Text("réserve", "reserve"),
    Decision.REFUSED: Text("refus", "refusal"),
    Decision.CLOSED: Text("sans suite", "closed"),
}
ACCOUNTING = ("centreFinancier", "domaineFonctionnel", "activite", "centreCouts", "groupeMarchandises")
"""Fields that Chorus requires and no application holds; constant, from `--info`."""


def demarche(run: StoredRun) -> Flat:
    """Build the annotations of the procedure, one row per application.

    Columns: number, decision, amount, rate in %, reason.
    """
    table = decided(run)
    return _flat(
        run,
        Text("Décisions à reporter dans la démarche", "Decisions to enter in the procedure"),
        _text(table, "dossier", "Numéro de dossier", 16),
        Column("Décision", Kind.TEXT, _said(table, _STATES), 18),
        Column("Montant accordé", Kind.MONEY, _granted(table), 16),
        Column("Taux de subvention (%)", Kind.PERCENT, table[RATE], 12),
        _text(table, MOTIVE, "Motivation", 90),
    )


def turgot(run: StoredRun) -> Flat:
    """Build the columns of a Turgot export, in its order; columns that a run does not hold are empty."""
    table = decided(run)
    asked = table["requested_cents"] / table[BASE]
    double = table.select(pl.len().over("project") > 1).to_series()
    complete = table["state"] != "en_construction"
    return _flat(
        run,
        Text("Décisions au format de Turgot", "Decisions in Turgot's layout"),
        Column("Date de dépôt du dossier", Kind.TEXT, _french_day(table["filed_at"], run), 14),
        _text(table, "dossier", "Numéro de dossier DS", 16),
        _text(table, "title", "Intitulé du projet", 50),
        _text(table, "applicant", "Demandeur", 30),
        Column("Arrondissement du demandeur", Kind.TEXT, _empty(table), 14),
        Column("Projet en double dotation", Kind.TEXT, _yes_no(double), 10),
        _money(table, "cost_cents", "Coût total du projet"),
        _money(table, BASE, "Assiette subventionnable"),
        _money(table, "requested_cents", "Montant demandé"),
        Column("Taux demandé", Kind.PERCENT, _finite(asked), 10, 4),
        Column("Montant prévisionnel accordé", Kind.MONEY, _granted(table), 16),
        Column("Taux prévisionnel accordé", Kind.PERCENT, table[RATE], 10, 4),
        Column("Statut de la simulation", Kind.TEXT, _said(table, _TURGOT), 26),
        Column("Date de début des travaux", Kind.TEXT, _french_day(table["start"], run), 14),
        Column("Date de fin des travaux", Kind.TEXT, _french_day(table["end"], run), 14),
        Column("Dotation", Kind.TEXT, _titles(run, table), 24),
        Column("Dossier complet", Kind.TEXT, _yes_no(complete), 10),
    )


def publipostage(run: StoredRun, lang: Lang) -> Flat:
    """Build the mail-merge table of the letters, one row per application; amounts are text, as printed."""
    table = decided(run)
    kinds = {code: text.in_(lang) for code, text in _LETTERS.items()}
    columns = {
        "Demandeur": "applicant",
        "Identifiant": "applicant_id",
        "Departement": "department",
        "NumeroDossier": "dossier",
        "Intitule": "title",
    }
    amounts = {
        "Cout": table["cost_cents"],
        "Assiette": table[BASE],
        "MontantDemande": table["requested_cents"],
        "MontantAccorde": _granted(table),
    }
    day = message.long_day(run.spec.date.isoformat()).in_(lang) if run.spec.date else ""
    return _flat(
        run,
        Text("Table de publipostage", "Mail-merge table"),
        Column("Courrier", Kind.TEXT, _said(table, kinds), 12),
        *(_text(table, name, header, 24) for header, name in columns.items()),
        Column("Programme", Kind.TEXT, _constant(table, run.title), 30),
        Column("Enveloppe", Kind.TEXT, _titles(run, table), 30),
        Column("DateDecision", Kind.TEXT, _constant(table, day), 18),
        *(Column(h, Kind.TEXT, amounts_in_words(cents, lang), 16) for h, cents in amounts.items()),
        Column("Taux", Kind.TEXT, rates_in_words(table[RATE], lang), 10),
        _text(table, MOTIVE, "Motif", 60),
        Column("Phrase", Kind.TEXT, sentences(table, lang), 90),
    )


def arrete(run: StoredRun) -> Flat:
    """Build the annex of the order: the newly awarded grants, numbered, with their total."""
    table = decided(run).filter(pl.col(DECISION) == Decision.FUNDED.value)
    number = pl.Series("n", range(1, table.height + 1), dtype=pl.Int64)
    flat = _flat(
        run,
        Text("Annexe : bénéficiaires et montants", "Annex: beneficiaries and amounts"),
        Column("N°", Kind.COUNT, number, 6),
        _text(table, "dossier", "Dossier", 14),
        _text(table, "applicant", "Bénéficiaire", 32),
        _text(table, "applicant_id", "SIRET, SIREN ou code INSEE", 18),
        _text(table, "title", "Opération", 56),
        Column("Enveloppe", Kind.TEXT, _titles(run, table), 30),
        _money(table, BASE, "Dépense subventionnable"),
        Column("Taux", Kind.RATE, table[RATE], 9),
        Column("Subvention", Kind.MONEY, _granted(table), 16),
    )
    return Flat(flat.columns, flat.title, flat.foot, total=True)


def chorus(run: StoredRun, info: Mapping[str, str]) -> Flat:
    """Build the lines to commit, one per newly awarded grant; earlier commitments are not repeated."""
    table = decided(run).filter(pl.col(DECISION) == Decision.FUNDED.value)
    axis = pl.DataFrame({"d": table["dossier"]}).select("DS-" + pl.col("d")).to_series()
    year = run.spec.date.year if run.spec.date else None
    return _flat(
        run,
        Text("Lignes d'engagement", "Lines to commit"),
        Column("Axe ministériel 2", Kind.TEXT, axis, 18),
        _text(table, "applicant_id", "Tiers (SIRET)", 18),
        _text(table, "applicant", "Bénéficiaire", 32),
        _text(table, "title", "Libellé", 50),
        Column("Exercice", Kind.COUNT, pl.Series("y", [year] * table.height, dtype=pl.Int64), 10),
        Column("Montant AE", Kind.MONEY, _granted(table), 16),
        Column("Enveloppe", Kind.TEXT, _titles(run, table), 30),
        *(Column(key, Kind.TEXT, _constant(table, info.get(key, "")), 16) for key in ACCOUNTING),
    )


def _flat(run: StoredRun, title: Text, *columns: Column) -> Flat:
    about = Text(f"{title.fr} – {run.title}", f"{title.en} – {run.title}")
    return Flat(columns, about, f"{run.name} · SHA-256 {run.summary['allocation_sha256']}")


def _text(table: pl.DataFrame, name: str, header: str, width: float) -> Column:
    values = table[name] if name in table.columns else _empty(table)
    return Column(header, Kind.TEXT, values, width)


def _money(table: pl.DataFrame, name: str, header: str) -> Column:
    return Column(header, Kind.MONEY, table[name], 16)


def _granted(table: pl.DataFrame) -> pl.Series:
    return table["granted_cents"]


def _said(table: pl.DataFrame, by_code: Mapping[Decision, str]) -> pl.Series:
    return table[DECISION].replace_strict({code.value: text for code, text in by_code.items()})


def _titles(run: StoredRun, table: pl.DataFrame) -> pl.Series:
    titles = {k: run.titled(k) for k in range(len(run.envelopes))}
    return table[NODE].replace_strict(titles, default="", return_dtype=pl.String)


def _french_day(values: pl.Series, run: StoredRun) -> pl.Series:
    if isinstance(values.dtype, pl.Datetime):
        values = values.dt.convert_time_zone(run.spec.timezone)
    return values.dt.strftime("%d/%m/%Y") if values.dtype.is_temporal() else values.cast(pl.String)


def _finite(values: pl.Series) -> pl.Series:
    return values.set(~values.is_finite().fill_null(value=False), None)


def _yes_no(flags: pl.Series) -> pl.Series:
    return flags.replace_strict({True: "Oui", False: "Non"}, default="", return_dtype=pl.String)


def _constant(table: pl.DataFrame, text: str) -> pl.Series:
    return pl.Series("constant", [text], dtype=pl.String).new_from_index(0, table.height)


def _empty(table: pl.DataFrame) -> pl.Series:
    return _constant(table, "")
