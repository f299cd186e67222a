"""Annex of the decision note on what the law asks: the mention of letters, and the sheets of decisions."""

from __future__ import annotations

from dataclasses import dataclass

from tnt_sim.domain.publisher import list_missing_keys
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.text.mention import choose_legal_texts

_SHEETS = _(
    "An applicant may ask for the sheet of its decision: the part of the computation, the data, the rules and "
    "the operations (CRPA, art. R. 311-3-1-2). This command writes all of them:"
)
_NO_MENTION = _("Letters have no mention of the algorithm, which the law asks for (CRPA, art. L. 311-3-1).")


@dataclass(frozen=True, slots=True)
class LegalAnnex:
    """The annex in one language.

    Attributes
    ----------
    mention : of letters and orders, or that they have none
    missing : keys of `publisher` that the scenario does not give, "" for none
    sheets, command : what an applicant may ask for, and how it is written
    """

    mention: str
    missing: str
    sheets: str
    command: str


def build_legal_annex(run: StoredRun, lang: Lang) -> LegalAnnex | None:
    """Return what French law asks of the decision; None for a programme outside France."""
    if run.spec.place_column is not None:
        return None
    mention, keys = choose_legal_texts(run.spec, lang)[1], list_missing_keys(run.spec.publisher)
    missing = _("Missing in `publisher` of the scenario: {keys}.", keys=", ".join(keys)) if keys else None
    folder = "fiches" if lang is Lang.FR else "sheets"
    return LegalAnnex(
        mention or _NO_MENTION.in_(lang),
        "" if missing is None else missing.in_(lang),
        _SHEETS.in_(lang),
        f"tnt-sim transparency runs/{run.name} --out {folder}",
    )
