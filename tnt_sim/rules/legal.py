"""The legal library: caps that the law sets, typed once, with their reference and how sure we are of them.

How sure: A, official text or primary file; B, specialised press; C, inference. Levels are those of the project's
notes on the law (domain.md §2.1, §2.2), and concern the figure, not whether it applies to a given programme.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Literal

from tnt_sim.errors import Text

OVERSEAS = ("971", "972", "973", "974", "976")


@dataclass(frozen=True, slots=True)
class LegalCap:
    """One cap of the law: what it says, where it stands, how sure that is, and its fields as in `caps`."""

    title: Text
    source: str
    sure: Literal["A", "B", "C"]
    note: Text
    fields: Mapping[str, Any]


_OWN_PART = {
    "of": "cost",
    "less": ("other_private",),
    "counting": ("other_state", "other_public"),
}
_METROPOLE = {"department": {"not": list(OVERSEAS)}}

LIBRARY: Mapping[str, LegalCap] = MappingProxyType(
    {
        "cgct-l1111-10": LegalCap(
            Text(
                "Part propre : le maître d'ouvrage garde au moins 20 % des financements publics",
                "Own share: the owner keeps at least 20 % of all public funding",
            ),
            "CGCT L. 1111-10 III",
            "A",
            Text(
                "Non appliqué outre-mer (971, 972, 973, 974, 976). Les dérogations s'écrivent dans `waivers`.",
                "Not applied overseas (971, 972, 973, 974, 976). Waivers go into `waivers`.",
            ),
            {"max": Fraction(4, 5), **_OWN_PART, "where": _METROPOLE},
        ),
        "cgct-l1111-10-chef-de-file": LegalCap(
            Text(
                "Part propre : au moins 30 % pour une collectivité chef de file",
                "Own share: at least 30 % for a lead authority (chef de file)",
            ),
            "CGCT L. 1111-10 ; mairesdefrance.com id=650",
            "B",
            Text(
                "Vise les dossiers étiquetés `chef-de-file` ; donnez un autre `where` au besoin.",
                "For the dossiers tagged `chef-de-file`; give another `where` where needed.",
            ),
            {
                "max": Fraction(7, 10),
                **_OWN_PART,
                "where": {"tags": {"has": "chef-de-file"}, **_METROPOLE},
            },
        ),
        "r2334-27": LegalCap(
            Text(
                "Aides de l'État : 80 % au plus de la dépense éligible, toutes dotations réunies",
                "State funds: at most 80 % of the eligible expense, all together",
            ),
            "CGCT R. 2334-27",
            "A",
            Text(
                "DETR, DSIL, DSID et DPV s'additionnent sur un même projet.",
                "DETR, DSIL, DSID and DPV add up over one project.",
            ),
            {"max": Fraction(4, 5), "of": "base", "counting": ("other_state",)},
        ),
        "decret-2018-514": LegalCap(
            Text(
                "Aides publiques : 100 % au plus de la dépense éligible",
                "Public aid: at most 100 % of the eligible expense",
            ),
            "Décret n° 2018-514 du 25 juin 2018, art. 10",
            "B",
            Text(
                "Hors dotations du CGCT ; 80 % avant 2018.",
                "Not for the grants of the CGCT; 80 % before 2018.",
            ),
            {"max": Fraction(1), "of": "base", "counting": ("other_state", "other_public")},
        ),
        "invoices": LegalCap(
            Text("Aide versée sur factures : pas plus qu'elles", "Paid on invoices: no more than they say"),
            "Guichet Démat.ADS (val-de-marne.gouv.fr ; weka.fr, 12/05/2021)",
            "A",
            Text(
                "Colonne `invoices` ; une cellule vide ne limite rien.",
                "Column `invoices`; an empty cell limits nothing.",
            ),
            {"max": {"column": "invoices"}},
        ),
    }
)
