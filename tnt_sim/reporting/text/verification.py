"""Sentences of a verification: the verdict, one line for each of its three answers, and the mention on acts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Text, _, _n, _p
from tnt_sim.i18n.parameters import Money
from tnt_sim.verify.signing.signature import SignatureStanding, Signed
from tnt_sim.verify.signing.time_stamp import StampStanding, TimeStamp
from tnt_sim.verify.verification import AmendmentHead, Means, Standing, Verification

GOOD, FAIR, BAD = "bold green", "bold yellow", "bold red"

_RULES: Mapping[Standing, Text] = MappingProxyType(
    {
        Standing.DEMONSTRATED: _("Kept. Read again here to the cent, from the raw inputs."),
        Standing.CLAIMED: _(
            "Kept, according to the run. Not verified: its inputs are gone, or have changed."
        ),
        Standing.NONE: _("A rule is broken, or a document is false."),
    }
)
_OPTIMAL: Mapping[Means | Standing, Text] = MappingProxyType(
    {
        Means.CERTIFICATE: _("Shown here. The certificate of the run was replayed."),
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
        Means.CERTIFICATE: _p("verification", "Shown here. The certificate of the run was replayed."),
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


def summarise_verification(verification: Verification) -> tuple[str, Text, str]:
    """Return the mark, sentence and style of a verification; ✔ only if the optimum is shown."""
    if not verification.ok:
        gaps = _n("{n} difference", "{n} differences", n=len(verification.defects))
        return "✘", _("Run refused: {gaps}. Do not publish it.", gaps=gaps), BAD
    head = verification.head
    name, sha = ("", "") if head is None else (head.scenario or "", str(head.allocation_sha256 or "")[:12])
    if verification.optimal.is_shown:
        text = _(
            "{name}: rules kept and allocation optimal, verified here (allocation {sha}).", name=name, sha=sha
        )
        return "✔", text, GOOD
    if verification.optimal.standing is Standing.CLAIMED:
        text = _(
            "{name}: rules kept, verified here. The run says that it is optimal, and nothing shows it "
            "(allocation {sha}).",
            name=name,
            sha=sha,
        )
    else:
        text = _(
            "{name}: rules kept, verified here. The run does not say that it is optimal (allocation {sha}).",
            name=name,
            sha=sha,
        )
    return "!", text, FAIR


def summarise_amendment(verification: Verification) -> tuple[str, Text, str]:
    """Return the same for an amendment of the register."""
    head = verification.head
    assert isinstance(head, AmendmentHead)
    if not verification.ok:
        gaps = _n("{n} difference", "{n} differences", n=len(verification.defects))
        return "✘", _("Amendment refused: {gaps}.", gaps=gaps), BAD
    freed, held = head.freed_cents or 0, head.granted_cents or 0
    text = _(
        '{name}: {freed} freed since "{before}", {held} stay committed, verified here.',
        name=head.id or "",
        freed=Money(freed),
        before=(head.previous and head.previous.id) or "",
        held=Money(held),
    )
    return "✔", text, GOOD


def build_answer_rows(verification: Verification) -> tuple[tuple[Text, Text], ...]:
    """Return the name and sentence of each of the three answers."""
    optimal, first = verification.optimal, verification.first
    return (
        (_("Rules"), _RULES[verification.rules.standing]),
        (
            _("Optimality"),
            _with_reserve(_OPTIMAL[optimal.means or optimal.standing], verification),
        ),
        (_("First among equals"), _FIRST[first.means or first.standing]),
    )


def _with_reserve(text: Text, verification: Verification) -> Text:
    """Write what the replayed certificate shows, with the number of rows without a second reading."""
    reserve = verification.rows.reserve
    if verification.optimal.means is not Means.CERTIFICATE or reserve is None:
        return text
    return _("{text} {reserve}", text=text, reserve=reserve)


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


def describe_signatures(signed: Signed) -> list[Text]:
    """Write a sentence about the signature of a run, and one about each time stamp."""
    return [_describe_signature(signed), *(_describe_time_stamp(stamp) for stamp in signed.stamps)]


def _describe_signature(signed: Signed) -> Text:
    """Describe a signature that is valid; an invalid one is reported as a defect."""
    entry, key = signed.entry or "", signed.key
    if signed.standing is SignatureStanding.CHECKED:
        return _('Signature of "{entry}": checked with this key ({key}).', entry=entry, key=key or "?")
    if signed.standing is SignatureStanding.NOT_CHECKED:
        own = key or "?"
        return _(
            'Signature of "{entry}": not checked. It says that it is of the key {own}; give --public-key.',
            entry=entry,
            own=own,
        )
    return _("Signature: none.")


def _describe_time_stamp(stamp: TimeStamp) -> Text:
    if stamp.unread is not None:
        return _("Time stamp not checked: {unread}", unread=stamp.unread)
    when = "" if stamp.time is None else f"{stamp.time:%Y-%m-%d %H:%M:%S} UTC"
    if stamp.standing is StampStanding.CHECKED:
        return _("Time stamp {file}: {when}, checked with this certificate.", file=stamp.file, when=when)
    return _("Time stamp {file}: not checked. It says {when}; give --tsa-cert.", file=stamp.file, when=when)
