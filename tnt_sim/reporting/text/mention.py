"""Legal texts of a decision: the mention of the algorithm and the ways of appeal.

The mention follows Etalab's model: purpose, authority, address of the rules, right to ask and to whom, one month,
then two months to the CADA (code des relations entre le public et l’administration, art. R. 311-3-1-1).
"""

from __future__ import annotations

from tnt_sim.domain.publisher import PublisherSpec
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.text.legal_wording import LegalWording, load_wording
from tnt_sim.scenario.spec import ScenarioSpec


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
