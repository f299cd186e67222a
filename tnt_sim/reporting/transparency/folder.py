"""The folder of a run's explanation: its sheets, one by one and as one file, and a manifest of what was written.

The manifest names the decision, its language and wording, and the hash of each file. A file that it names for the
same decision is not drawn again, so that a run that was stopped goes on where it ended.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.disk import build_write_error, put, put_each, quote_path
from tnt_sim.documents import ScenarioHead, dump_document
from tnt_sim.domain.publisher import compute_last_day, list_missing_keys
from tnt_sim.engine.run_folder.run_access import refuse_act
from tnt_sim.engine.stored_run import StoredRun, hash_code
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.decision_page.page import render_pdf
from tnt_sim.reporting.renderers.html import read_asset
from tnt_sim.reporting.report_tree import Callout, Node, Paragraph, Report, Tone
from tnt_sim.reporting.text.legal_wording import LegalWording, load_shipped_wording, load_wording
from tnt_sim.reporting.transparency.programme.inventory import WORDING, iterate_programme_documents
from tnt_sim.reporting.transparency.sheet import DossierSheet, build_sheets, refuse_unknown
from tnt_sim.reporting.transparency.sheet_page import (
    SheetHead,
    SheetLine,
    build_page_start,
    describe_programme,
    render_entry,
    render_items,
    render_law,
    render_notices,
    render_title,
)
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.verify.run_files import serialise_document

MANY = 3

"""Sheets from which on the page of all states once what all share."""


def iterate_collection(sheets: Sequence[DossierSheet], lang: Lang) -> Iterator[str]:
    """Yield the pieces of the page of all sheets: search, links, what all share, then each sheet."""
    script = read_asset("sheets.js")
    title = escape(_("Explanation sheets").in_(lang))
    yield build_page_start(title, lang, script)
    yield f'<main class="all">\n<h1>{title}</h1>\n'
    yield from _render_search(len(sheets), lang)
    yield f'<nav aria-label="{title}"><ul class="index" id="index">\n'
    yield from (_render_link(sheet) for sheet in sheets)
    yield "</ul></nav>\n"
    shared = select_shared(sheets)
    if sheets:
        yield from _render_shared(sheets[0].head, shared)
    common = frozenset(shared)
    for sheet in sheets:
        own = [entry for entry in sheet.lines if entry not in common]
        yield f'<article id="{build_anchor(sheet.dossier)}">\n{render_title(sheet.head, 2)}\n'
        yield f'<p class="decision">{escape(sheet.head.decision)}</p>\n'
        yield "\n".join(render_items(own, lang, 3)) + "\n</article>\n"
    yield f"</main>\n<script>{script}</script>\n</body>\n</html>\n"


def select_shared(sheets: Sequence[DossierSheet]) -> list[SheetLine]:
    """Return the lines that every sheet has, in their order: the page of all states them once."""
    if len(sheets) < MANY:
        return []
    common = set(sheets[0].lines).intersection(*(sheet.lines for sheet in sheets[1:]))
    return [entry for entry in sheets[0].lines if entry in common]


def _render_shared(head: SheetHead, shared: Sequence[SheetLine]) -> Iterator[str]:
    """Yield the programme, its notices, and the lines that hold for all applications."""
    yield f'<section class="shared">\n<p class="where">{escape(describe_programme(head))}</p>\n'
    yield f"{render_notices(head)}\n"
    if shared:
        yield f"<h2>{escape(_('For all applications').in_(head.lang))}</h2>\n<dl>"
        yield "\n".join(map(render_entry, shared))
        yield "</dl>"
    yield f"{render_law(head)}\n</section>\n"


def _render_search(n_sheets: int, lang: Lang) -> Iterable[str]:
    """Yield the field of the search, which a script shows, and the number of sheets."""
    label = escape(_("Number or project").in_(lang))
    count = escape(_n("{n} sheet", "{n} sheets", n=n_sheets).in_(lang))
    yield f'<form class="search" id="search" hidden role="search"><label for="q">{label}</label>'
    yield '<input id="q" type="search" autocomplete="off" aria-controls="index"></form>\n'
    yield f'<p id="count" role="status">{count}</p>\n'


def _render_link(sheet: DossierSheet) -> str:
    name = escape(sheet.head.project)
    own = escape(sheet.dossier)
    return (
        f'<li><a href="#{quote(build_anchor(sheet.dossier))}">{own}{f" – {name}" if name else ""}</a></li>\n'
    )


def build_anchor(dossier: str) -> str:
    """Return the anchor of a sheet in the page of all."""
    return "d-" + escape("".join(one if one.isalnum() or one in "-_." else "_" for one in dossier))


_STOPPED = {
    "time_limit": _("The time limit ended it. The same command goes on from here."),
    "interrupt": _("It was interrupted. The same command goes on from here."),
}


def build_report(document: TransparencyDocument, folder: str) -> Report:
    """Return the report of a folder: how many sheets it holds, and whether something is missing.

    Parameters
    ----------
    folder : the folder, as it is shown
    """
    n_pdf = sum(1 for entry in document.files if entry.drawn_from is not None)
    texts: list[Text] = [
        _n(
            "{n} sheet of {total} in {folder}/",
            "{n} sheets of {total} in {folder}/",
            n=document.n_sheets,
            total=Count(document.n_dossiers),
            folder=folder,
        )
    ]
    whole = [entry.path for entry in document.files if entry.dossier is None and "/" not in entry.path]
    if whole:
        page = f"{folder}/{whole[0]}"
        texts.append(_("All of them, to search: {file}", file=page))
    if n_pdf:
        texts.append(_n("{n} sheet as PDF", "{n} sheets as PDF", n=n_pdf))
    if document.stopped_by is not None:
        texts.append(_STOPPED[document.stopped_by])
    if document.own_wording:
        texts.append(_("The legal texts are an edited copy."))
    nodes: list[Node] = [Paragraph(text) for text in texts]
    if document.missing_keys:
        words = _(
            "The documents are to be completed. Missing in `publisher` of the scenario: {keys}.",
            keys=", ".join(document.missing_keys),
        )
        nodes.append(Callout(words, Tone.WARNING))
    return Report(title=_("Sheets written"), nodes=nodes, bare=True)


MANIFEST = "transparency.json"

BATCH = 400

"""Sheets that are written before the manifest is: what is lost at most if the process is killed."""

STEMS: Mapping[Lang, str] = {Lang.FR: "fiches", Lang.EN: "sheets"}

"""Name of the folder of sheets, and of the page of all of them, by language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyFile:
    """A file of the folder.

    Attributes
    ----------
    path, sha256 : its path in the folder, and its hash
    dossier : the dossier that it is about
    drawn_from : hash of the page that a PDF was drawn from
    """

    path: str
    sha256: str
    dossier: str | None = None
    drawn_from: str | None = None

    @property
    def is_sheet(self) -> bool:
        """Whether it is the page of one sheet."""
        return self.dossier is not None and self.drawn_from is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyDocument(ScenarioHead):
    """The content of a folder, and its decision; the file `transparency.json`, and the document of the verb.

    Attributes
    ----------
    language : language of the sheets
    n_dossiers, n_sheets : dossiers of the run, and those with a sheet in the folder
    complete : whether every requested file is there
    stopped_by : `time_limit` or `interrupt` if it is not, else null
    kept_until : last day of the retention, null if the scenario does not say
    missing_keys : keys of `publisher` that the documents need and the scenario does not give
    own_wording : whether the legal texts are an edited copy
    files : the files
    """

    command: Literal["transparency"] = "transparency"
    allocation_sha256: str
    document_sha256: str
    code_sha256: str
    run: str
    publishable: bool
    language: str
    n_dossiers: int
    n_sheets: int
    complete: bool
    stopped_by: str | None
    kept_until: str | None = None
    missing_keys: Sequence[str] = ()
    own_wording: bool = False
    files: Sequence[TransparencyFile]


@dataclass
class _Writing:
    """A folder while it is written: what its manifest knows, and what has been written since."""

    run: StoredRun
    folder: Path
    lang: Lang
    wording: LegalWording
    known: Mapping[str, TransparencyFile]
    files: dict[str, TransparencyFile] = field(default_factory=dict)
    waiting: dict[Path, bytes] = field(default_factory=dict)

    def add(self, path: str, data: bytes, dossier: str | None = None, drawn_from: str | None = None) -> None:
        """Take a file, which the next `flush` writes unless it is there already."""
        digest = hash_bytes(data)
        self.files[path] = TransparencyFile(path=path, sha256=digest, dossier=dossier, drawn_from=drawn_from)
        if not self.is_there(path, digest):
            self.waiting[self.folder / path] = data

    def is_there(self, path: str, digest: str) -> bool:
        """Return whether the manifest names this file with this hash, and the file has it."""
        entry, file = self.known.get(path), self.folder / path
        return (
            entry is not None
            and entry.sha256 == digest
            and file.is_file()
            and hash_bytes(file.read_bytes()) == digest
        )

    def keep_drawn(self, path: str, page: str) -> bool:
        """Keep a PDF that was drawn from the present page of its sheet; return whether there is one."""
        entry = self.known.get(path)
        if (
            entry is None
            or entry.drawn_from != self.files[page].sha256
            or not self.is_there(path, entry.sha256)
        ):
            return False
        self.files[path] = entry
        return True

    def keep_or_remove_others(self) -> None:
        """Keep a PDF of an earlier call that shows the present sheet; remove the other files of that call."""
        for path, entry in self.known.items():
            page = f"{path.removesuffix('.pdf')}.html"
            if path not in self.files and not (page in self.files and self.keep_drawn(path, page)):
                _remove_files(self.folder, [entry])

    def flush(self) -> None:
        """Write what waits, then the manifest of a folder that is not complete: a killed process loses no more."""
        try:
            put_each(self.waiting)
        except OSError as error:
            raise build_write_error(quote_path(self.folder), error) from error
        self.waiting.clear()
        self.put_manifest("interrupt")

    def put_manifest(self, stopped_by: str | None) -> TransparencyDocument:
        """Write and return the manifest of what has been written."""
        document = _build_document(self, stopped_by)
        try:
            put(self.folder / MANIFEST, serialise_document(dump_document(document)).encode())
        except OSError as error:
            raise build_write_error(quote_path(self.folder), error) from error
        return document


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def iterate_documents(
    run: StoredRun, lang: Lang, dossiers: Sequence[str] | None = None, wording: LegalWording | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of every file but PDF and manifest; the same run gives the same bytes."""
    sheets = build_sheets(run, lang, dossiers, wording)
    paths = {dossier: path for path, dossier in map_sheet_pages(run, lang).items()}
    for sheet in sheets:
        yield paths[sheet.dossier], sheet.to_html().encode()
    yield f"{STEMS[lang]}.html", "".join(iterate_collection(sheets, lang)).encode()
    yield from iterate_programme_documents(run, lang, wording)


def choose_wording(folder: Path) -> LegalWording:
    """Return the legal texts of a folder where somebody edited them, else those of the package."""
    shipped, file = load_shipped_wording(), folder / WORDING
    if not file.is_file() or file.read_bytes() == shipped.data:
        return shipped
    return load_wording(file)


def map_sheet_pages(run: StoredRun, lang: Lang) -> dict[str, str]:
    """Return the dossier of each page of a sheet, by its path, in the order of the run.

    A number that a file system cannot hold is changed, and numbered where two become equal.
    """
    taken, pages = set[str](), dict[str, str]()
    for dossier in run.table["dossier"].to_list():
        stem = re.sub(r"[^\w.-]+", "-", dossier).strip(".-")[:80] or "dossier"
        name, k = stem, 1
        while name.casefold() in taken:
            k += 1
            name = f"{stem}~{k}"
        taken.add(name.casefold())
        pages[f"{STEMS[lang]}/{name}.html"] = dossier
    return pages


def write_transparency(
    run: StoredRun,
    folder: Path,
    lang: Lang,
    *,
    pdf: Sequence[str] = (),
    deadline: Deadline = UNLIMITED,
    replace: bool = False,
    wording: LegalWording | None = None,
) -> TransparencyDocument:
    """Write the sheets of a run into a folder, in batches; return what was written.

    Parameters
    ----------
    pdf : dossiers whose sheet is written as PDF too
    deadline : when to stop. The next call goes on from there
    replace : whether a folder of another decision may be written over
    wording : the legal texts; by default those that stand in the folder, else those of the package
    """
    refuse_act(run, unproven=True)
    texts = wording or choose_wording(folder)
    writing = _Writing(run, folder, lang, texts, _read_known(run, folder, lang, replace=replace))
    stopped_by = None
    try:
        _write_files(writing, pdf, deadline)
    except DeadlineExpired:
        stopped_by = "time_limit"
    except KeyboardInterrupt:
        stopped_by = "interrupt"
    return writing.put_manifest(stopped_by)


def _write_files(writing: _Writing, pdf: Sequence[str], deadline: Deadline) -> None:
    """Write the sheets in batches, then the page of all, the programme's documents and the PDF."""
    deadline.check()
    pages = map_sheet_pages(writing.run, writing.lang)
    refuse_unknown(pdf, pages.values())
    writing.put_manifest("interrupt")
    for k, (path, data) in enumerate(iterate_documents(writing.run, writing.lang, wording=writing.wording)):
        if k and k % BATCH == 0:
            writing.flush()
            deadline.check()
        writing.add(path, data, pages.get(path))
    writing.flush()
    wanted = set(pdf)
    for page in [path for path, dossier in pages.items() if dossier in wanted]:
        path = f"{page.removesuffix('.html')}.pdf"
        if not writing.keep_drawn(path, page):
            deadline.check()
            drawn = render_pdf((writing.folder / page).read_text(encoding="utf-8"))
            writing.add(path, drawn, pages[page], writing.files[page].sha256)
            writing.flush()
    writing.keep_or_remove_others()


def _read_known(run: StoredRun, folder: Path, lang: Lang, *, replace: bool) -> dict[str, TransparencyFile]:
    """Return the files that the manifest of a folder names, if it is of the same decision."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            _('"{folder}" is a file. Give --out the name of a folder.', folder=folder), code="usage.out"
        )
    manifest = folder / MANIFEST
    if manifest.is_file():
        document = read_manifest(manifest)
        if document is not None:
            same = (document.document_sha256, document.language) == (run.data.document_sha256, lang.value)
            if same:
                return {entry.path: entry for entry in document.files}
            if replace:
                _remove_files(folder, document.files)
                return {}
    if folder.is_dir() and any(folder.iterdir()) and not replace:
        raise UsageError(
            _(
                '"{folder}" holds something else than the sheets of this decision in this language: it is left '
                "as it is. Name another folder, or add --force.",
                folder=folder,
            ),
            code="usage.exists",
        )
    return {}


def read_manifest(file: Path) -> TransparencyDocument | None:
    """Return the manifest of a folder; None if the file is not one."""
    try:
        return _build_reader().validate_json(file.read_bytes(), strict=True)
    except ValidationError:
        return None


@cache
def _build_reader() -> TypeAdapter[TransparencyDocument]:
    return TypeAdapter(TransparencyDocument)


def _remove_files(folder: Path, entries: Sequence[TransparencyFile]) -> None:
    """Remove files that a manifest names and that are as it says."""
    whole = folder.resolve()
    for entry in entries:
        file = (folder / entry.path).resolve()
        if file.is_relative_to(whole) and file.is_file() and hash_bytes(file.read_bytes()) == entry.sha256:
            file.unlink()


def _build_document(writing: _Writing, stopped_by: str | None) -> TransparencyDocument:
    run, wording = writing.run, writing.wording
    files = [entry for path, entry in writing.files.items() if writing.folder / path not in writing.waiting]
    return TransparencyDocument(
        scenario=run.spec.id,
        scenario_sha256=run.data.scenario_sha256,
        allocation_sha256=run.data.allocation_sha256,
        document_sha256=run.data.document_sha256,
        code_sha256=hash_code(),
        run=run.name,
        publishable=run.publishable,
        language=writing.lang.value,
        n_dossiers=run.table.height,
        n_sheets=sum(entry.is_sheet for entry in files),
        complete=stopped_by is None,
        stopped_by=stopped_by,
        kept_until=format_last_day(run.spec),
        missing_keys=list_missing_keys(run.spec.publisher),
        own_wording=wording.data != load_shipped_wording().data,
        files=files,
    )


def format_last_day(spec: ScenarioSpec) -> str | None:
    """Return the last day of the retention that a scenario states; None if it states none."""
    last = compute_last_day(spec.publisher, spec.date)
    return None if last is None else last.isoformat()
