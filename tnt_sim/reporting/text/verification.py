"""Sentences of a verification: the verdict, one line for each of its three answers, and the mention on acts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, describe_count
from tnt_sim.i18n.numbers import format_cents
from tnt_sim.verify.signing.signature import SignatureStanding, Signed
from tnt_sim.verify.signing.time_stamp import StampStanding, TimeStamp
from tnt_sim.verify.verification import AmendmentHead, Means, Standing, Verification

GOOD, FAIR, BAD = "bold green", "bold yellow", "bold red"

_RULES: Mapping[Standing, Text] = MappingProxyType(
    {
        Standing.DEMONSTRATED: Text(
            "Respectées. Relues ici au centime, depuis les données d'origine.",
            "Kept. Read again here to the cent, from the raw inputs.",
        ),
        Standing.CLAIMED: Text(
            "Respectées selon le calcul. Non vérifié : ses données ne sont plus là, ou ont changé.",
            "Kept, according to the run. Not verified: its inputs are gone, or have changed.",
        ),
        Standing.NONE: Text(
            "Une règle n'est pas respectée, ou un document est faux.",
            "A rule is broken, or a document is false.",
        ),
    }
)
_OPTIMAL: Mapping[Means | Standing, Text] = MappingProxyType(
    {
        Means.CERTIFICATE: Text(
            "Démontrée ici. Le certificat du calcul a été rejoué.",
            "Shown here. The certificate of the run was replayed.",
        ),
        Means.SOLVED_PROOF: Text(
            "Démontrée ici. Le scénario, résolu à nouveau, donne la même valeur, avec un certificat vérifié.",
            "Shown here. The scenario, solved again, gives the same value, with a certificate that "
            "was checked.",
        ),
        Means.SOLVED_TWICE: Text(
            "Retrouvée ici par deux solveurs indépendants, sans certificat.",
            "Found again here by two independent solvers, without a certificate.",
        ),
        Standing.CLAIMED: Text(
            "Affirmée par le calcul seulement. Rien ne la démontre ici.",
            "Claimed by the run only. Nothing shows it here.",
        ),
        Standing.NONE: Text(
            "Ni démontrée, ni affirmée par le calcul.",
            "Neither shown, nor claimed by the run.",
        ),
    }
)
_FIRST: Mapping[Means | Standing, Text] = MappingProxyType(
    {
        Means.CERTIFICATE: Text(
            "Démontré ici. Le certificat du calcul a été rejoué.",
            "Shown here. The certificate of the run was replayed.",
        ),
        Means.SOLVED_PROOF: Text(
            "Démontré ici. Le scénario, résolu à nouveau, donne la même liste, avec un certificat vérifié.",
            "Shown here. The scenario, solved again, gives the same list, with a certificate "
            "that was checked.",
        ),
        Standing.CLAIMED: Text(
            "Affirmé par le calcul seulement.",
            "Claimed by the run only.",
        ),
        Standing.NONE: Text(
            "Ni démontré, ni affirmé par le calcul.",
            "Neither shown, nor claimed by the run.",
        ),
    }
)
UNBOUND = Text(
    "Non vérifié, car rien ne le relie à la répartition : versions, durées, méthode, cause de l'arrêt et "
    "solver.log.",
    "Not verified, since nothing binds it to the allocation: versions, seconds, method, cause of the stop and "
    "solver.log.",
)
NOT_VERIFIED = Text(
    "Non vérifié : les données du calcul ne sont plus là, ou ont changé.",
    "Not verified: the inputs of the run are gone, or have changed.",
)
NOT_PROVEN = Text(
    "Établi sans preuve : rien ne démontre que cette répartition est la meilleure.",
    "Drawn up without a proof: nothing shows that this allocation is the best.",
)


def summarise_verification(verification: Verification) -> tuple[str, Text, str]:
    """Return the mark, sentence and style of a verification; ✔ only if the optimum is shown."""
    if not verification.ok:
        gaps = describe_count(len(verification.defects), ("écart", "écarts"), ("difference", "differences"))
        return "✘", Text(
            f"Calcul refusé : {gaps.fr}. Ne le publiez pas.", f"Run refused: {gaps.en}. Do not publish it."
        ), BAD  # fmt: skip
    head = verification.head
    name, sha = (None, "") if head is None else (head.scenario, str(head.allocation_sha256 or "")[:12])
    if verification.optimal.is_shown:
        return "✔", Text(
            f"{name} : règles respectées et répartition optimale, vérifié ici (répartition {sha}).",
            f"{name}: rules kept and allocation optimal, verified here (allocation {sha}).",
        ), GOOD  # fmt: skip
    if verification.optimal.standing is Standing.CLAIMED:
        return "!", Text(
            f"{name} : règles respectées, vérifié ici. Le calcul se dit optimal, et rien ne le démontre "
            f"(répartition {sha}).",
            f"{name}: rules kept, verified here. The run says that it is optimal, and nothing shows it "
            f"(allocation {sha}).",
        ), FAIR  # fmt: skip
    return "!", Text(
        f"{name} : règles respectées, vérifié ici. Le calcul n'affirme pas être optimal (répartition {sha}).",
        f"{name}: rules kept, verified here. The run does not say that it is optimal (allocation {sha}).",
    ), FAIR  # fmt: skip


def summarise_amendment(verification: Verification) -> tuple[str, Text, str]:
    """Return the same for an amendment of the register."""
    head = verification.head
    assert isinstance(head, AmendmentHead)
    name = head.id
    if not verification.ok:
        gaps = describe_count(len(verification.defects), ("écart", "écarts"), ("difference", "differences"))
        return "✘", Text(f"Avenant refusé : {gaps.fr}.", f"Amendment refused: {gaps.en}."), BAD
    freed, held = head.freed_cents or 0, head.granted_cents or 0
    before = None if head.previous is None else head.previous.id
    return "✔", Text(
        f"{name} : {format_cents(freed, Lang.FR)} libérés depuis « {before} », {format_cents(held, Lang.FR)} "
        "restent engagés, vérifié ici.",
        f'{name}: {format_cents(freed, Lang.EN)} freed since "{before}", {format_cents(held, Lang.EN)} stay '
        "committed, verified here.",
    ), GOOD  # fmt: skip


def build_answer_rows(verification: Verification) -> tuple[tuple[Text, Text], ...]:
    """Return the name and sentence of each of the three answers."""
    optimal, first = verification.optimal, verification.first
    return (
        (Text("Règles", "Rules"), _RULES[verification.rules.standing]),
        (
            Text("Optimalité", "Optimality"),
            _with_reserve(_OPTIMAL[optimal.means or optimal.standing], verification),
        ),
        (Text("Première parmi les ex æquo", "First among equals"), _FIRST[first.means or first.standing]),
    )


def _with_reserve(text: Text, verification: Verification) -> Text:
    """Write what the replayed certificate shows, with the number of rows without a second reading."""
    reserve = verification.rows.reserve
    if verification.optimal.means is not Means.CERTIFICATE or reserve is None:
        return text
    return Text(f"{text.fr} {reserve.fr}", f"{text.en} {reserve.en}")


def get_mention(verification: Verification) -> Text | None:
    """Return the mention for a decision that is not shown to be correct and optimal; None if it is shown."""
    if not verification.rules.is_shown:
        return NOT_VERIFIED
    return None if verification.optimal.is_shown else NOT_PROVEN


def get_short_mention(verification: Verification) -> Text | None:
    """Return the same in two words, for a table cell."""
    if not verification.rules.is_shown:
        return Text("non vérifié", "not verified")
    return None if verification.optimal.is_shown else Text("optimalité non démontrée", "optimality not shown")


def describe_signatures(signed: Signed) -> list[Text]:
    """Write a sentence about the signature of a run, and one about each time stamp."""
    return [_describe_signature(signed), *(_describe_time_stamp(stamp) for stamp in signed.stamps)]


def _describe_signature(signed: Signed) -> Text:
    """Describe a signature that is valid; an invalid one is reported as a defect."""
    entry, key = signed.entry, signed.key
    if signed.standing is SignatureStanding.CHECKED:
        return Text(
            f"Signature de « {entry} » : vérifiée avec cette clé ({key}).",
            f'Signature of "{entry}": checked with this key ({key}).',
        )
    if signed.standing is SignatureStanding.NOT_CHECKED:
        own = key or "?"
        return Text(
            f"Signature de « {entry} » : non vérifiée. Elle se dit de la clé {own} ; donnez --public-key.",
            f'Signature of "{entry}": not checked. It says that it is of the key {own}; give --public-key.',
        )
    return Text("Signature : aucune.", "Signature: none.")


def _describe_time_stamp(stamp: TimeStamp) -> Text:
    if stamp.unread is not None:
        return Text(
            f"Horodatage non vérifié : {stamp.unread.fr}", f"Time stamp not checked: {stamp.unread.en}"
        )
    when = "" if stamp.time is None else f"{stamp.time:%Y-%m-%d %H:%M:%S} UTC"
    if stamp.standing is StampStanding.CHECKED:
        return Text(
            f"Horodatage {stamp.file} : {when}, vérifié avec ce certificat.",
            f"Time stamp {stamp.file}: {when}, checked with this certificate.",
        )
    return Text(
        f"Horodatage {stamp.file} : non vérifié. Il dit {when} ; donnez --tsa-cert.",
        f"Time stamp {stamp.file}: not checked. It says {when}; give --tsa-cert.",
    )
