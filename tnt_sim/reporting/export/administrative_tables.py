"""Tables that follow a decision: for the online procedure, applicants, the prefect's order, and accounting.

Their headers are those of French administrations and are never translated; sentences follow the
requested language.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_day
from tnt_sim.reporting.export.flat_table import CellKind, Flat, FlatColumn, FlatText
from tnt_sim.reporting.reports.decision_table import (
    BASE,
    DECISION,
    RATE,
    ApplicantDecision,
    build_decision_table,
    format_amount_series,
    format_rates,
)
from tnt_sim.reporting.reports.letters import write_letters
from tnt_sim.reporting.text.legal_wording import LegalWording
from tnt_sim.reporting.text.verification import choose_legal_texts

_STATES = {
    ApplicantDecision.COMMITTED: "Accepté",
    ApplicantDecision.FUNDED: "Accepté",
    ApplicantDecision.WAITING: "En instruction",
    ApplicantDecision.REFUSED: "Refusé",
    ApplicantDecision.CLOSED: "Classé sans suite",
}
_TURGOT = {
    ApplicantDecision.COMMITTED: "✅ Accepté",
    ApplicantDecision.FUNDED: "✔️ Accepté provisoirement",
    ApplicantDecision.WAITING: "🔄 En traitement",
    ApplicantDecision.REFUSED: "✖️ Refusé provisoirement",
    ApplicantDecision.CLOSED: "⛔️ Classé sans suite",
}
_LETTERS = {
    ApplicantDecision.COMMITTED: _("kept"),
    ApplicantDecision.FUNDED: _("award"),
    ApplicantDecision.WAITING: _("reserve"),
    ApplicantDecision.REFUSED: _("refusal"),
    ApplicantDecision.CLOSED: _("closed"),
}
_MENTION_COLUMN = "MentionTraitement"
ACCOUNTING = ("centreFinancier", "domaineFonctionnel", "activite", "centreCouts", "groupeMarchandises")
"""Fields that Chorus requires and no application holds; constant, from `--info`."""


def build_demarche(run: StoredRun, lang: Lang) -> Flat:
    """Build the annotations of the procedure, one row per application.

    Columns: number, decision, amount, rate in %, reason as a letter states it.
    """
    table = build_decision_table(run)
    return _build_flat(
        run,
        _("Decisions to enter in the procedure"),
        _build_text_column(table, "dossier", "Numéro de dossier", 16),
        FlatColumn("Décision", CellKind.TEXT, _map_decisions(table, _STATES), 18),
        FlatColumn("Montant accordé", CellKind.MONEY, _get_granted(table), 16),
        FlatColumn("Taux de subvention (%)", CellKind.PERCENT, table[RATE], 12),
        FlatColumn("Motivation", CellKind.TEXT, write_letters(run, table, lang).motive, 90),
    )


def build_turgot(run: StoredRun) -> Flat:
    """Build the columns of a Turgot export, in its order; columns that a run does not hold are empty."""
    table = build_decision_table(run)
    requested = table["requested_cents"] / table[BASE]
    double = table.select(pl.len().over("project") > 1).to_series()
    complete = table["state"] != "en_construction"
    return _build_flat(
        run,
        _("Decisions in Turgot's layout"),
        FlatColumn("Date de dépôt du dossier", CellKind.TEXT, _format_french_day(table["filed_at"], run), 14),
        _build_text_column(table, "dossier", "Numéro de dossier DS", 16),
        _build_text_column(table, "title", "Intitulé du projet", 50),
        _build_text_column(table, "applicant", "Demandeur", 30),
        FlatColumn("Arrondissement du demandeur", CellKind.TEXT, _build_empty(table), 14),
        FlatColumn("Projet en double dotation", CellKind.TEXT, _format_yes_no(double), 10),
        _build_money_column(table, "cost_cents", "Coût total du projet"),
        _build_money_column(table, BASE, "Assiette subventionnable"),
        _build_money_column(table, "requested_cents", "Montant demandé"),
        FlatColumn("Taux demandé", CellKind.PERCENT, _replace_nonfinite(requested), 10, 4),
        FlatColumn("Montant prévisionnel accordé", CellKind.MONEY, _get_granted(table), 16),
        FlatColumn("Taux prévisionnel accordé", CellKind.PERCENT, table[RATE], 10, 4),
        FlatColumn("Statut de la simulation", CellKind.TEXT, _map_decisions(table, _TURGOT), 26),
        FlatColumn("Date de début des travaux", CellKind.TEXT, _format_french_day(table["start"], run), 14),
        FlatColumn("Date de fin des travaux", CellKind.TEXT, _format_french_day(table["end"], run), 14),
        FlatColumn("Dotation", CellKind.TEXT, _map_envelope_titles(run, table), 24),
        FlatColumn("Dossier complet", CellKind.TEXT, _format_yes_no(complete), 10),
    )


def build_mail_merge(run: StoredRun, lang: Lang, wording: LegalWording | None = None) -> Flat:
    """Build the mail-merge table of the letters, one row per application; amounts are text, as printed."""
    table = build_decision_table(run)
    kinds = {code: text.in_(lang) for code, text in _LETTERS.items()}
    letters = write_letters(run, table, lang, wording)
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
        "MontantAccorde": _get_granted(table),
    }
    day = format_day(run.spec.date.isoformat(), lang) if run.spec.date else ""
    return _build_flat(
        run,
        _("Mail-merge table"),
        FlatColumn("Courrier", CellKind.TEXT, _map_decisions(table, kinds), 12),
        *(_build_text_column(table, name, header, 24) for header, name in columns.items()),
        FlatColumn("Programme", CellKind.TEXT, _build_constant(table, run.title), 30),
        FlatColumn("Enveloppe", CellKind.TEXT, _map_envelope_titles(run, table), 30),
        FlatColumn("DateDecision", CellKind.TEXT, _build_constant(table, day), 18),
        *(
            FlatColumn(h, CellKind.TEXT, format_amount_series(cents, lang), 16)
            for h, cents in amounts.items()
        ),
        FlatColumn("Taux", CellKind.TEXT, format_rates(table[RATE], lang), 10),
        FlatColumn("Motif", CellKind.TEXT, letters.motive, 60),
        FlatColumn("Phrase", CellKind.TEXT, letters.sentence, 90),
        FlatColumn("VoiesEtDelais", CellKind.TEXT, _build_constant(table, letters.appeal), 60),
        FlatColumn(_MENTION_COLUMN, CellKind.TEXT, _build_constant(table, letters.mention), 60),
    )


def build_order_annex(run: StoredRun, lang: Lang, wording: LegalWording | None = None) -> Flat:
    """Build the annex of the order: the newly awarded grants, numbered, with their total, then the mention."""
    table = build_decision_table(run).filter(pl.col(DECISION) == ApplicantDecision.FUNDED.value)
    number = pl.Series("n", range(1, table.height + 1), dtype=pl.Int64)
    flat = _build_flat(
        run,
        _("Annex: beneficiaries and amounts"),
        FlatColumn("N°", CellKind.COUNT, number, 6),
        _build_text_column(table, "dossier", "Dossier", 14),
        _build_text_column(table, "applicant", "Bénéficiaire", 32),
        _build_text_column(table, "applicant_id", "SIRET, SIREN ou code INSEE", 18),
        _build_text_column(table, "title", "Opération", 56),
        FlatColumn("Enveloppe", CellKind.TEXT, _map_envelope_titles(run, table), 30),
        _build_money_column(table, BASE, "Dépense subventionnable"),
        FlatColumn("Taux", CellKind.RATE, table[RATE], 9),
        FlatColumn("Subvention", CellKind.MONEY, _get_granted(table), 16),
    )
    mention = choose_legal_texts(run.spec, lang, wording)[1]
    closing = FlatText(_MENTION_COLUMN, mention) if mention else None
    return Flat(flat.columns, flat.title, flat.foot, total=True, closing=closing)


def build_chorus(run: StoredRun, info: Mapping[str, str]) -> Flat:
    """Build the lines to commit, one per newly awarded grant; earlier commitments are not repeated."""
    table = build_decision_table(run).filter(pl.col(DECISION) == ApplicantDecision.FUNDED.value)
    axis = pl.DataFrame({"d": table["dossier"]}).select("DS-" + pl.col("d")).to_series()
    year = run.spec.date.year if run.spec.date else None
    return _build_flat(
        run,
        _("Lines to commit"),
        FlatColumn("Axe ministériel 2", CellKind.TEXT, axis, 18),
        _build_text_column(table, "applicant_id", "Tiers (SIRET)", 18),
        _build_text_column(table, "applicant", "Bénéficiaire", 32),
        _build_text_column(table, "title", "Libellé", 50),
        FlatColumn("Exercice", CellKind.COUNT, pl.Series("y", [year] * table.height, dtype=pl.Int64), 10),
        FlatColumn("Montant AE", CellKind.MONEY, _get_granted(table), 16),
        FlatColumn("Enveloppe", CellKind.TEXT, _map_envelope_titles(run, table), 30),
        *(
            FlatColumn(key, CellKind.TEXT, _build_constant(table, info.get(key, "")), 16)
            for key in ACCOUNTING
        ),
    )


def _build_flat(run: StoredRun, title: Text, *columns: FlatColumn) -> Flat:
    about = _("{title} – {run}", title=title, run=run.title)
    return Flat(columns, about, f"{run.name} · SHA-256 {run.data.allocation_sha256}")


def _build_text_column(table: pl.DataFrame, name: str, header: str, width: float) -> FlatColumn:
    values = table[name] if name in table.columns else _build_empty(table)
    return FlatColumn(header, CellKind.TEXT, values, width)


def _build_money_column(table: pl.DataFrame, name: str, header: str) -> FlatColumn:
    return FlatColumn(header, CellKind.MONEY, table[name], 16)


def _get_granted(table: pl.DataFrame) -> pl.Series:
    return table["granted_cents"]


def _map_decisions(table: pl.DataFrame, by_code: Mapping[ApplicantDecision, str]) -> pl.Series:
    return table[DECISION].replace_strict({code.value: text for code, text in by_code.items()})


def _map_envelope_titles(run: StoredRun, table: pl.DataFrame) -> pl.Series:
    titles = {k: run.get_title(k) for k in range(len(run.envelopes))}
    return table[NODE].replace_strict(titles, default="", return_dtype=pl.String)


def _format_french_day(values: pl.Series, run: StoredRun) -> pl.Series:
    if isinstance(values.dtype, pl.Datetime):
        values = values.dt.convert_time_zone(run.spec.timezone)
    return values.dt.strftime("%d/%m/%Y") if values.dtype.is_temporal() else values.cast(pl.String)


def _replace_nonfinite(values: pl.Series) -> pl.Series:
    return values.set(~values.is_finite().fill_null(value=False), None)


def _format_yes_no(flags: pl.Series) -> pl.Series:
    return flags.replace_strict({True: "Oui", False: "Non"}, default="", return_dtype=pl.String)


def _build_constant(table: pl.DataFrame, text: str) -> pl.Series:
    return pl.Series("constant", [text], dtype=pl.String).new_from_index(0, table.height)


def _build_empty(table: pl.DataFrame) -> pl.Series:
    return _build_constant(table, "")
