"""Edited legal texts of a folder of sheets: which ones differ, and which claim what only a run may say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tnt_sim.errors import Defect, Place
from tnt_sim.i18n.message import _
from tnt_sim.reporting.text.legal_wording import FIELDS, LegalWording, load_shipped_wording
from tnt_sim.reporting.transparency.programme.documents import WORDING
from tnt_sim.verify.document import SHEET

_CLAIMS = re.compile(
    r"(?i)preuve|prouv|d\w?montr|optimal|meilleure? (?:liste|r\w?partition)|proof|prove[nds]?\b|"
    r"best (?:list|allocation)|\d[\d\s.,]*(?:[kM]?€|euros?\b|points?\b)|€\s?\d|\brang\b|\brank(?:ed)?\b|"
    r"\bnote de\b|\bscored?\b"
)


def list_changed_texts(wording: LegalWording) -> list[str]:
    """Return the keys of the texts that are not those of the package, with the field: `mention_purpose.fr`."""
    shipped = load_shipped_wording().texts
    return [
        f"{key}.{name}"
        for key, text in wording.texts.items()
        for name in FIELDS
        if getattr(text, name) != getattr(shipped[key], name)
    ]


def list_claims(wording: LegalWording) -> Iterator[Defect]:
    """Yield a defect for each edited text that speaks of a proof, an amount, a score or a rank, unlike ours."""
    shipped = load_shipped_wording().texts
    for changed in list_changed_texts(wording):
        key, name = changed.rsplit(".", 1)
        own, ours = getattr(wording.texts[key], name), getattr(shipped[key], name)
        known = {match.lower() for match in _CLAIMS.findall(ours)}
        new = [match for match in _CLAIMS.findall(own) if match.lower() not in known]
        if new:
            text = _(
                'the edited text "{key}" says "{words}", which only the run may say.',
                key=changed,
                words=new[0],
            )
            hint = _("Take these words out of the text, and write the folder again.")
            yield Defect(SHEET, text, (Place(file=WORDING),), hint)
