"""The check of written sheets: each file is drawn again from the verified run, and its bytes are compared.

A folder is refused for a file that differs, is missing, belongs to no dossier, or comes from another run. The
manifest says which language it is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tnt_sim.documents import dump_document
from tnt_sim.domain.publisher import list_missing_keys
from tnt_sim.engine.stored_run import StoredRun, hash_code
from tnt_sim.errors import Defect, Place, ScenarioError, UsageError
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.parameters import Items
from tnt_sim.reporting.decision_page.page import render_pdf
from tnt_sim.reporting.sheet_check.line_difference import list_differences
from tnt_sim.reporting.text.legal_wording import FIELDS, LegalWording, load_shipped_wording
from tnt_sim.reporting.transparency.folder import (
    MANIFEST,
    TransparencyDocument,
    TransparencyFile,
    choose_wording,
    format_last_day,
    hash_bytes,
    iterate_documents,
    map_sheet_pages,
    read_manifest,
)
from tnt_sim.reporting.transparency.programme.inventory import WORDING
from tnt_sim.verify.document import SHEET, SheetsEntry
from tnt_sim.verify.run_files import serialise_document

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


_NAMED = 10

MOST_DEFECTS = 1_000

"""Defects that are listed; with more, many sheets are of another decision."""


@dataclass(frozen=True, slots=True)
class SheetCheck:
    """The answer of the check of a folder of sheets.

    Attributes
    ----------
    defects : what speaks against the folder; it is refused for one
    notes : what was not compared
    entry : what was compared, for the document of `verify`
    """

    defects: tuple[Defect, ...]
    notes: tuple[Text, ...]
    entry: SheetsEntry


@dataclass
class _Check:
    """A folder while it is checked."""

    run: StoredRun
    folder: Path
    lang: Lang
    claimed: TransparencyDocument
    present: dict[str, Path]
    defects: list[Defect] = field(default_factory=list)
    expected: dict[str, TransparencyFile] = field(default_factory=dict)
    different: set[str] = field(default_factory=set)
    not_compared: list[str] = field(default_factory=list)
    wording: LegalWording = field(default_factory=load_shipped_wording)

    def refuse(self, text: Text, file: str, dossier: str | None = None, hint: Text | None = None) -> None:
        """Add a defect of a file."""
        self.different.add(file)
        self.defects.append(Defect(SHEET, text, (Place(file=file, dossier=dossier),), hint))


def read_sheet_language(folder: Path) -> Lang | None:
    """Return the language of a folder of sheets, as its manifest says; None if it says none."""
    file = folder / MANIFEST
    document = read_manifest(file) if file.is_file() else None
    return None if document is None or document.language not in set(Lang) else Lang(document.language)


def check_sheets(run: StoredRun, folder: Path) -> SheetCheck:
    """Compare every file of a folder of sheets with what a verified run gives.

    Parameters
    ----------
    run : the verified run, with its sentences in the language of the folder
    """
    check = _Check(run, folder, run.lang, _read_claimed(folder), _list_files(folder))
    if check.claimed.document_sha256 != run.data.document_sha256:
        check.refuse(
            _(
                "these sheets are of another decision ({other}…, and this run is {own}…).",
                other=check.claimed.document_sha256[:12],
                own=run.data.document_sha256[:12],
            ),
            MANIFEST,
            hint=_("Give the run that they were written from, or write them again."),
        )
        return _conclude(check)
    _refuse_links(check)
    if not _read_wording(check):
        return _conclude(check)
    _compare_documents(check)
    _compare_drawings(check)
    _refuse_unknown_files(check)
    _compare_manifest(check)
    return _conclude(check)


def _read_claimed(folder: Path) -> TransparencyDocument:
    """Return the manifest of a folder."""
    file = folder / MANIFEST
    document = read_manifest(file) if file.is_file() and not file.is_symlink() else None
    if document is None:
        raise UsageError(
            _(
                '"{folder}" has no {manifest} that can be read: give a folder that `tnt-sim transparency` wrote.',
                folder=folder,
                manifest=MANIFEST,
            ),
            code="usage.sheets",
        )
    return document


def _list_files(folder: Path) -> dict[str, Path]:
    """Return everything in a folder but its folders, by its path from there."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or not path.is_dir()
    }


def _refuse_links(check: _Check) -> None:
    for name, path in list(check.present.items()):
        if path.is_symlink() or not path.is_file():
            check.refuse(_("it is a link, and its content may change: copy the file itself."), name)
            del check.present[name]


def _read_wording(check: _Check) -> bool:
    """Read the legal texts of the folder, which may be edited; return whether they can be read."""
    try:
        if WORDING in check.present:
            check.wording = choose_wording(check.folder)
    except ScenarioError as error:
        check.defects += [replace(defect, code=SHEET) for defect in error.defects]
        return False
    check.defects += list_claims(check.wording)
    return True


def _compare_documents(check: _Check) -> None:
    """Draw each file again and compare its bytes."""
    pages = map_sheet_pages(check.run, check.lang)
    for name, data in iterate_documents(check.run, check.lang, wording=check.wording):
        dossier = pages.get(name)
        check.expected[name] = TransparencyFile(path=name, sha256=hash_bytes(data), dossier=dossier)
        _compare_file(check, name, data, dossier)


def _compare_file(check: _Check, name: str, data: bytes, dossier: str | None) -> None:
    path = check.present.get(name)
    if path is None:
        if name not in check.different:
            check.refuse(_("the file is missing."), name, dossier, _describe_incomplete(check))
        return
    written = path.read_bytes()
    if written == data:
        return
    check.different.add(name)
    for difference in list_differences(written, data):
        check.defects.append(difference.build_defect(name, dossier))


def _describe_incomplete(check: _Check) -> Text | None:
    if check.claimed.complete:
        return None
    return _("The folder was not finished: `tnt-sim transparency` goes on from there.")


def _compare_drawings(check: _Check) -> None:
    """Draw each PDF again from its sheet; WeasyPrint draws the same bytes for the same page."""
    for name in [name for name in check.present if name.endswith(".pdf")]:
        page = check.expected.get(f"{name.removesuffix('.pdf')}.html")
        if page is None or page.dossier is None:
            continue
        file = check.present[name]
        digest = hash_bytes(file.read_bytes())
        check.expected[name] = TransparencyFile(
            path=name, sha256=digest, dossier=page.dossier, drawn_from=page.sha256
        )
        if page.path not in check.present or page.path in check.different:
            check.refuse(_("the sheet that it was drawn from differs or is missing."), name, page.dossier)
            continue
        try:
            drawn = render_pdf(check.present[page.path].read_text(encoding="utf-8"))
        except UsageError:
            check.not_compared.append(name)
            continue
        if hash_bytes(drawn) != digest:
            check.refuse(
                _("the PDF is not the one that this sheet gives here."),
                name,
                page.dossier,
                _(
                    "It was changed, or drawn with another WeasyPrint or other fonts. Draw it again, or hand on "
                    "the HTML sheet, which was compared."
                ),
            )


def _refuse_unknown_files(check: _Check) -> None:
    for name in check.present:
        if name not in check.expected and name != MANIFEST:
            check.refuse(
                _("no application of this run gives this file."), name, hint=_("Take it out of the folder.")
            )


def _compare_manifest(check: _Check) -> None:
    """Compare the manifest: its head with the run, its files with those in the folder, and its bytes with both."""
    claimed, data = check.claimed, check.run.data
    wanted = {
        "scenario": check.run.spec.id,
        "scenario_sha256": data.scenario_sha256,
        "allocation_sha256": data.allocation_sha256,
        "run": check.run.name,
        "publishable": check.run.publishable,
        "language": check.lang.value,
        "complete": claimed.stopped_by is None,
        "kept_until": format_last_day(check.run.spec),
        "missing_keys": list(list_missing_keys(check.run.spec.publisher)),
        "own_wording": check.wording.data != load_shipped_wording().data,
        "n_dossiers": check.run.table.height,
        "n_sheets": sum(entry.is_sheet for entry in claimed.files),
    }
    for key, value in wanted.items():
        says = getattr(claimed, key)
        _compare_field(check, key, list(says) if isinstance(value, list) else says, value)
    if claimed.code_sha256 != hash_code():
        check.refuse(
            _("another version of the program wrote these sheets."),
            MANIFEST,
            hint=_("Check them with that version, or write them again."),
        )
    known = {entry.path: entry for entry in claimed.files}
    for path in sorted(known.keys() | check.expected.keys()):
        if path not in check.different and known.get(path) != check.expected.get(path):
            _compare_field(
                check, path, *(_describe_file(found.get(path)) for found in (known, check.expected))
            )
    if check.present[MANIFEST].read_bytes() != serialise_document(dump_document(claimed)).encode():
        check.refuse(_("it holds more than `tnt-sim transparency` writes."), MANIFEST)


def _describe_file(entry: TransparencyFile | None) -> str:
    if entry is None:
        return "–"
    return " ".join(
        part for part in (entry.sha256[:12], entry.dossier, (entry.drawn_from or "")[:12]) if part
    )


def _compare_field(check: _Check, key: str, says: object, gives: object) -> None:
    if says != gives:
        check.refuse(
            _(
                'field "{key}" says "{says}", the run gives "{gives}".',
                key=key,
                says=str(says),
                gives=str(gives),
            ),
            MANIFEST,
        )


def _conclude(check: _Check) -> SheetCheck:
    entry = SheetsEntry(
        folder=str(check.folder),
        language=check.lang.value,
        n_sheets=sum(one.is_sheet for one in check.expected.values()),
        n_files=len(check.expected),
        n_different=len(check.different),
        pdf_not_compared=check.not_compared,
        changed_texts=list_changed_texts(check.wording),
    )
    return SheetCheck(tuple(check.defects[:MOST_DEFECTS]), tuple(_list_notes(check)), entry)


def _list_notes(check: _Check) -> Iterator[Text]:
    """Yield what a reader of the result should know besides the defects."""
    more = len(check.defects) - MOST_DEFECTS
    if more > 0:
        yield _n("{n} further difference is not listed.", "{n} further differences are not listed.", n=more)
    if not check.claimed.complete and not check.defects:
        yield _("The folder was not finished: `tnt-sim transparency` goes on from there.")
    changed = list_changed_texts(check.wording)
    if changed:
        yield _n(
            "{n} legal text is edited: {names}. Read it in {file}; a legal service answers for it.",
            "{n} legal texts are edited: {names}. Read them in {file}; a legal service answers for them.",
            n=len(changed),
            names=Items(changed),
            file=WORDING,
        )
    if check.not_compared:
        yield _n(
            "{n} PDF was not compared, since WeasyPrint is not installed here: {names}.",
            "{n} PDFs were not compared, since WeasyPrint is not installed here: {names}.",
            n=len(check.not_compared),
            names=Items(check.not_compared[:_NAMED]),
        )
