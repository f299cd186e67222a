"""What an export writes and an accountant or a publisher should look at: named by dossier, with what to do."""

from __future__ import annotations

import polars as pl

from tnt_sim.errors import Text, so_many
from tnt_sim.formats.codes import wrong_digits
from tnt_sim.view.decided import DECISION, Decision, decided
from tnt_sim.view.run_reader import StoredRun

_SIRET = r"^[0-9]{14}$"
_NAMED = 20
_DOSSIERS = ("dossier", "dossiers"), ("dossier", "dossiers")


def no_siret(table: pl.DataFrame) -> pl.Series:
    """Which rows name their applicant by no SIRET of 14 digits."""
    return ~table["applicant_id"].fill_null("").str.contains(_SIRET)


def of_siret(run: StoredRun) -> list[Text]:
    """The dossiers newly funded whose third party is no SIRET, and those whose check digit is wrong."""
    table = decided(run).filter(pl.col(DECISION) == Decision.FUNDED.value)
    absent = no_siret(table)
    remarks = []
    if absent.any():
        n, names = so_many(int(absent.sum()), *_DOSSIERS), _names(table.filter(absent))
        remarks.append(
            Text(
                f"« Tiers » n'est pas un SIRET de 14 chiffres pour {n.fr} : {names}. "
                "Complétez applicant_id dans la table, ou la ligne avant de la saisir.",
                f'"Tiers" is no SIRET of 14 digits for {n.en}: {names}. '
                "Complete applicant_id in the table, or the line before it is entered.",
            )
        )
    return remarks + of_check_digits(table)


def of_check_digits(table: pl.DataFrame) -> list[Text]:
    """The dossiers whose SIRET has a wrong check digit; La Poste's own rule is known."""
    wrong = ~no_siret(table) & wrong_digits(table["applicant_id"].fill_null(""))
    if not wrong.any():
        return []
    n, names = so_many(int(wrong.sum()), *_DOSSIERS), _names(table.filter(wrong))
    return [
        Text(
            f"Le SIRET a une clé de contrôle fausse pour {n.fr} : {names}. "
            "Vérifiez-le sur annuaire-entreprises.data.gouv.fr.",
            f"The SIRET has a wrong check digit for {n.en}: {names}. "
            "Check it on annuaire-entreprises.data.gouv.fr.",
        )
    ]


def of_old_dates(dossiers: pl.DataFrame) -> list[Text]:
    """The grants that were committed before and have no day of their own."""
    if not dossiers.height:
        return []
    n = so_many(
        dossiers.height,
        ("dossier engagé avant", "dossiers engagés avant"),
        ("dossier committed before", "dossiers committed before"),
    )
    names = _names(dossiers)
    return [
        Text(
            f"Date de convention inconnue pour {n.fr} : {names}. Le jour de la décision est écrit, car le schéma "
            "veut une date ; donnez une colonne notified_at ou dateConvention dans la table.",
            f"No day of agreement for {n.en}: {names}. The day of the decision is written, since the schema wants "
            "a day; give a column notified_at or dateConvention in the table.",
        )
    ]


def _names(table: pl.DataFrame) -> str:
    names = table["dossier"].head(_NAMED).to_list()
    more = table.height - len(names)
    return ", ".join(names) + (f", … (+{more})" if more else "")
