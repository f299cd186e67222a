"""Document of `verify --json`: a run folder, or an amendment of a register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from tnt_sim.documents import omit_none
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang
from tnt_sim.verify.signing.signature import SignatureEntry, Signed
from tnt_sim.verify.verification import AmendmentHead, CheckRecord, RunHead, Verification

SHEET = "sheet"
"""Code of what speaks against a sheet of a run, and not against the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseClaim:
    """Claim of a folder that is violated or false, with its places as text."""

    code: str
    message: str
    hint: str | None
    places: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetsEntry:
    """A folder of sheets that was compared with the run.

    Attributes
    ----------
    n_sheets, n_files : sheets and files that the run gives
    n_different : files that differ, are missing or do not belong there
    pdf_not_compared : PDF that could not be drawn again here
    changed_texts : legal texts that are edited, `mention_purpose.fr`
    """

    folder: str
    language: str
    n_sheets: int
    n_files: int
    n_different: int
    pdf_not_compared: Sequence[str]
    changed_texts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionEntry:
    """Last day of the retention, and whether it is past today."""

    last_day: str
    is_past: bool


@dataclass(frozen=True, kw_only=True)
class VerifiedAnswers(CheckRecord):
    """The answers of a verification with its findings and the signature of the folder."""

    defects: Sequence[FalseClaim]
    notes: Sequence[str]
    signature: SignatureEntry


@dataclass(frozen=True, kw_only=True)
class VerifiedRun(VerifiedAnswers, RunHead):
    """Verification of a run, with its sheets if they were compared."""

    retention: RetentionEntry | None = omit_none()
    sheets: SheetsEntry | None = omit_none()


@dataclass(frozen=True, kw_only=True)
class VerifiedAmendment(VerifiedAnswers, AmendmentHead):
    """Verification of an amendment, which claims none of the three answers."""


type VerifyDocument = VerifiedRun | VerifiedAmendment


def build_document(
    verification: Verification,
    signed: Signed,
    lang: Lang,
    retention: RetentionEntry | None = None,
    sheets: SheetsEntry | None = None,
) -> VerifyDocument:
    """Build the document of a verified folder, whose head is known."""
    head = verification.head
    record = verification.record
    answers = {key.name: getattr(record, key.name) for key in fields(record)}
    answers |= {
        "defects": [_build_claim(defect, lang) for defect in verification.defects],
        "notes": [text.in_(lang) for text in verification.notes],
        "signature": signed.build_entry(),
    }
    assert head is not None
    answers |= {key.name: getattr(head, key.name) for key in fields(head)}
    if isinstance(head, AmendmentHead):
        return VerifiedAmendment(**answers)
    return VerifiedRun(**answers, retention=retention, sheets=sheets)


def _build_claim(defect: Defect, lang: Lang) -> FalseClaim:
    return FalseClaim(
        code=defect.code,
        message=defect.text.in_(lang),
        hint=defect.hint.in_(lang) if defect.hint else None,
        places=[str(place) for place in defect.places],
    )
