"""Sentences of a verification: one for each of its three answers, and the mention on acts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Text, _, _p, join_sentences
from tnt_sim.verify.verification import Means, Standing, Verification

_RULES: Mapping[Standing, Text] = MappingProxyType(
    {
        Standing.DEMONSTRATED: _("Satisfied. Checked again here to the cent, from the raw inputs."),
        Standing.CLAIMED: _(
            "Satisfied, according to the run. Not verified: its inputs are gone, or have changed."
        ),
        Standing.NONE: _("A rule is broken, or a document is false."),
    }
)
_OPTIMAL: Mapping[Means | Standing, Text] = MappingProxyType(
    {
        Means.SUMS: _(
            "Shown here. The constraints, added up at the prices of the certificate, leave nothing better."
        ),
        Means.LIST: _(
            "Shown here. At the prices of the certificate, a short list holds all that could be better, "
            "and nothing is."
        ),
        Means.KERNEL: _("Shown here. The certificate was replayed by the search that made it."),
        Means.SOLVED_PROOF: _(
            "Shown here. The scenario, solved again, gives the same value, with a certificate that "
            "was checked."
        ),
        Means.SOLVED_TWICE: _("Found again here by two independent solvers, without a certificate."),
        Standing.CLAIMED: _("Claimed by the run only. Nothing shows it here."),
        Standing.NONE: _("Neither shown, nor claimed by the run."),
    }
)
_FIRST: Mapping[Means | Standing, Text] = MappingProxyType(
    {
        Means.KERNEL: _p(
            "verification", "Shown here. The certificate was replayed by the search that made it."
        ),
        Means.SOLVED_PROOF: _(
            "Shown here. The scenario, solved again, gives the same list, with a certificate that "
            "was checked."
        ),
        Standing.CLAIMED: _("Claimed by the run only."),
        Standing.NONE: _p("verification", "Neither shown, nor claimed by the run."),
    }
)
UNBOUND = _(
    "Not verified, since nothing binds it to the allocation: versions, seconds, method, "
    "cause of the stop and solver.log."
)
NOT_VERIFIED = _("Not verified: the inputs of the run are gone, or have changed.")
NOT_PROVEN = _("Drawn up without a proof: nothing shows that this allocation is the best.")


def build_answer_rows(verification: Verification) -> tuple[tuple[Text, Text], ...]:
    """Return the name and sentence of each of the three answers."""
    optimal, first = verification.optimal, verification.first
    return (
        (_("Rules"), _RULES[verification.rules.standing]),
        (
            _("Optimality"),
            _with_reserve(_OPTIMAL[optimal.means or optimal.standing], verification),
        ),
        (_("Rank among ties"), _FIRST[first.means or first.standing]),
    )


def _with_reserve(text: Text, verification: Verification) -> Text:
    """Write what the replayed certificate shows, with the number of rows without a second reading."""
    reserve = verification.rows.reserve
    return join_sentences(text, reserve if verification.optimal.is_certified else None)


def get_mention(verification: Verification) -> Text | None:
    """Return the mention for a decision that is not shown to be correct and optimal; None if it is shown."""
    if not verification.rules.is_shown:
        return NOT_VERIFIED
    return None if verification.optimal.is_shown else NOT_PROVEN


def get_short_mention(verification: Verification) -> Text | None:
    """Return the same in two words, for a table cell."""
    if not verification.rules.is_shown:
        return _("not verified")
    return None if verification.optimal.is_shown else _("optimality not shown")
