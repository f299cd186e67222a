"""Sentences of a verification: one for each thing that was checked, and the mention on acts.

Legal texts of a decision: the mention of the algorithm and the ways of appeal.

The mention follows Etalab's model: purpose, authority, address of the rules, right to ask and to whom, one month,
then two months to the CADA (code des relations entre le public et l’administration, art. R. 311-3-1-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.domain.publisher import PublisherSpec
from tnt_sim.i18n.message import Lang, Text, _, _n, _p, join_sentences
from tnt_sim.i18n.parameters import Count, Items
from tnt_sim.reporting.text.legal_wording import LegalWording, load_wording
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.values.answer_values import Support
from tnt_sim.verify.verification import CheckRecord, Means, Standing


def choose_legal_texts(
    spec: ScenarioSpec, lang: Lang, wording: LegalWording | None = None
) -> tuple[str, str]:
    """Return ways of appeal and mention of the algorithm: the office's own texts, else those of French law.

    A scenario whose territories are a column of the table is outside France: it has only texts of its own.
    """
    letters, texts = spec.letters, wording or load_wording()
    if spec.place_column is not None:
        return letters.appeal, letters.mention
    publisher, programme = spec.publisher, spec.title or spec.id
    appeal = letters.appeal or describe_appeal(publisher, letters.court, texts, lang)
    return appeal, letters.mention or describe_mention(publisher, programme, texts, lang)


def describe_appeal(publisher: PublisherSpec, court: str, wording: LegalWording, lang: Lang) -> str:
    """Return the ways and time limits of appeal, "" without an authority."""
    if not publisher.authority:
        return ""
    if not court:
        return wording.fill("appeal", lang, authority=publisher.authority)
    return wording.fill("appeal_to_court", lang, authority=publisher.authority, court=court)


def describe_mention(publisher: PublisherSpec, programme: str, wording: LegalWording, lang: Lang) -> str:
    """Return the mention of a decision prepared with an algorithm, "" without an authority."""
    if not publisher.authority:
        return ""
    contact = publisher.contact or publisher.authority
    sentences = [
        wording.fill("mention_title", lang),
        wording.fill("mention_purpose", lang, programme=programme),
        wording.fill("mention_authority", lang, authority=publisher.authority),
        wording.fill("mention_rules", lang, rules=publisher.rules) if publisher.rules else "",
        wording.fill("mention_right", lang, contact=contact),
        wording.fill("mention_remedy", lang),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


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
        Means.KERNEL: _(
            "Repeated here by the search that made the certificate. A fault of that search would not be seen: "
            "no shorter check shows the optimum."
        ),
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
        Means.SUMS: _("Shown here. The constraints, added up, leave nothing as good before."),
        Means.LIST: _("Shown here. At the prices of the certificate, nothing as good goes before."),
        Means.KERNEL: _("Repeated here by the search that made the certificate, and shown by nothing else."),
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

WITHOUT_PROGRAM = _(
    "Anybody repeats the proof of the optimum without tnt_sim, in any Python from 3.9: the first line writes "
    "its files, the second is typed beside them."
)

NOT_VERIFIED = _("Not verified: the inputs of the run are gone, or have changed.")

NOT_PROVEN = _("Drawn up without a proof: nothing shows that this allocation is the best.")

_REPEATED = _(
    "That no allocation is better is repeated by the search that found this one, and shown by nothing else."
)

_EXPLANATION: Mapping[Standing, Text] = MappingProxyType(
    {
        Standing.DEMONSTRATED: _("Checked again here: reasons, amounts, and what would fund an application."),
        Standing.CLAIMED: _(
            "Reasons and amounts were computed again here. The effects of rules and what would fund an "
            "application are as the run states them, not checked here."
        ),
    }
)


def build_answer_rows(record: CheckRecord) -> tuple[tuple[Text, Text], ...]:
    """Return the name and sentence of what was checked: the scenario, the three answers, the explanation."""
    means, written = record.shown_by, _("As the files of the run say.")
    rows = [
        (_("Scenario"), describe_changes(record) or written),
        (_("Rules"), _RULES[record.rules]),
        (_("Optimality"), _OPTIMAL[means.optimal or record.optimal]),
        (_("Rank among ties"), _FIRST[means.first or record.first]),
    ]
    if record.explanation is not Standing.NONE:
        rows.append((_("Smallest changes"), _EXPLANATION[record.explanation]))
    return tuple(rows)


def describe_changes(record: CheckRecord) -> Text | None:
    """Say by what the checked scenario differs from the written one; None if by nothing."""
    if not record.changes:
        return None
    return _("Checked against the scenario changed by: {changes}.", changes=Items(record.changes, ","))


def describe_place(record: CheckRecord) -> Text:
    """Say from where the inputs were read."""
    places = {entry.place for entry in record.inputs}
    if "kept" in places and len(places) > 1:
        kept = Items([entry.path for entry in record.inputs if entry.place == "kept"])
        return _("Read from the copies beside the list: {kept}. The rest was read in the project.", kept=kept)
    if "kept" in places:
        return _("The data and the scenario were read from the copies beside the list.")
    if "named" in places:
        return _("The data and the scenario were read in the project that --project names.")
    return _("The data and the scenario were read in the project: they have not changed since the run.")


def describe_unread(record: CheckRecord) -> Text | None:
    """Count the rows behind the proof without a second reading; None if each has one, or nothing is proven."""
    n, total = record.proof_rows["unread"], sum(record.proof_rows.values())
    if not n or record.shown_by.optimal is None:
        return None
    return _n(
        "{n} of the {total} constraints behind the proof was not checked a second time by independent "
        "code: that code does not cover its kind.",
        "{n} of the {total} constraints behind the proof were not checked a second time by independent "
        "code: that code does not cover their kind.",
        n=n,
        total=Count(total),
    )


def describe_evidence(proof: str | None, optimal: Standing) -> Text:
    """Name the evidence of a value; what a run only claims, or its search only repeats, is named as such."""
    if proof in ("PROVED", "CROSS_CHECKED") and optimal in _EVIDENCE:
        return _EVIDENCE[optimal]
    return Support(proof)


_EVIDENCE: Mapping[Standing, Text] = MappingProxyType(
    {
        Standing.CLAIMED: _("claimed by the run, not shown"),
        Standing.REPEATED: _("repeated by the same search, not shown otherwise"),
    }
)


def get_mention(record: CheckRecord) -> Text | None:
    """Return what an act says of its decision: its changes, and what is not shown; None if all is, as written."""
    doubt = get_doubt(record)
    if doubt is None and record.first is not Standing.DEMONSTRATED:
        doubt = _RANKS[record.first]
    claim = _REASONS_CLAIMED if record.explanation is Standing.CLAIMED else None
    texts = [text for text in (describe_changes(record), doubt, claim) if text is not None]
    return join_sentences(*texts) if texts else None


_REASONS_CLAIMED = _(
    "That a rule keeps an application out, and what would fund it, are as the run states them: they were not "
    "checked here."
)

_RANKS: Mapping[Standing, Text] = MappingProxyType(
    {
        Standing.REPEATED: _(
            "That no equally good list goes before this one is repeated by the search that found it, and shown by "
            "nothing else."
        ),
        Standing.CLAIMED: _(
            "That no equally good list goes before this one is only claimed: nothing shows it here."
        ),
        Standing.NONE: _("Nothing says that no equally good list goes before this one."),
    }
)


def get_doubt(record: CheckRecord) -> Text | None:
    """Return the mention for a decision that is not shown to be correct and optimal; None if it is shown."""
    if record.rules is not Standing.DEMONSTRATED:
        return NOT_VERIFIED
    if record.optimal is Standing.DEMONSTRATED:
        return None
    return _REPEATED if record.optimal is Standing.REPEATED else NOT_PROVEN


def list_short_mentions(record: CheckRecord) -> list[Text]:
    """Return the changes and the same doubt in a few words, for a table cell."""
    words = [_("scenario changed by {changes}", changes=Items(record.changes, ","))] if record.changes else []
    if record.rules is not Standing.DEMONSTRATED:
        words.append(_("not verified"))
    elif record.optimal is not Standing.DEMONSTRATED:
        is_repeated = record.optimal is Standing.REPEATED
        words.append(_("optimality only repeated") if is_repeated else _("optimality not shown"))
    return words
