"""The archive package of a decision: run folder, documents of transparency, register entry, hashes, a README.

It is one zip whose bytes follow from the files alone: sorted names, one fixed date, one compression.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.reporting.report_tree import SYNTHETIC, write_words
from tnt_sim.reporting.text.legal_wording import LegalWording
from tnt_sim.reporting.text.verification import get_mention
from tnt_sim.reporting.transparency.programme.rules_page import LABELS, complete
from tnt_sim.scenario.decision_register import REGISTER
from tnt_sim.verify.signing.signature import select_signed_entries
from tnt_sim.verify.signing.witness import is_signed_entry

READMES: Mapping[Lang, str] = {Lang.FR: "LISEZMOI.txt", Lang.EN: "README.txt"}
SUMS = "SHA256SUMS"
"""Hashes of all files of the package, as `sha256sum -c` reads them."""
_RUN, _DOCUMENTS, _REGISTER = "run", "transparency", "register"
_DATE = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip can hold: the clock must not change the bytes."""
_FORMATS = _(
    "Formats: HTML, CSV, JSON, YAML, Markdown, plain text and Parquet, all of them open and documented. No file "
    "needs tnt_sim to be read."
)


def build_archive(
    run: StoredRun, project: Path, documents: Mapping[str, bytes], lang: Lang, wording: LegalWording
) -> bytes:
    """Return the package as the bytes of a zip.

    Parameters
    ----------
    project : folder of the project, whose register is searched for the entry of this run
    documents : content of each document of transparency, by its path in their folder
    """
    files = dict(_iterate_files(run, project, documents))
    files[READMES[lang]] = _write_readme(run, files, lang, wording).encode()
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    files[SUMS] = sums.encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            package.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 6)
    return stream.getvalue()


def read_documents(folder: Path, paths: Iterable[str]) -> dict[str, bytes]:
    """Return the content of the documents of a folder, by path: those that its manifest names."""
    return {path: (folder / path).read_bytes() for path in paths}


def _iterate_files(
    run: StoredRun, project: Path, documents: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    """Yield the path in the package and the content of each file but README and hashes."""
    if run.folder == Path():
        raise UsageError(_("this decision is in no run folder. Write it first."), code="usage.archive")
    yield from _read_folder(run.folder, _find_place(run))
    for path, data in documents.items():
        yield f"{_DOCUMENTS}/{path}", data
    if not is_signed_entry(run.folder, run.summary):
        for entry in select_signed_entries(project, run.summary):
            other = "" if entry.folder.parent.name == REGISTER else f"{entry.folder.parent.name}/"
            yield from _read_folder(entry.folder, f"{_REGISTER}/{other}{entry.folder.name}")


def _read_folder(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder; a link is left out, since it may lead anywhere."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink():
            yield f"{name}/{file.relative_to(folder).as_posix()}", file.read_bytes()


def _write_readme(run: StoredRun, files: Mapping[str, bytes], lang: Lang, wording: LegalWording) -> str:
    """Return what stands in the package, how to check it, and what it is not."""
    lines = [run.title, "=" * len(run.title), ""]
    if run.synthetic:
        lines += [SYNTHETIC.in_(lang), ""]
    lines += [_("Contents of this package").in_(lang), ""]
    lines += [f"  {text.in_(lang)}" for text in _describe_parts(run, files)]
    lines += ["", _FORMATS.in_(lang), _describe_check(run).in_(lang), ""]
    for key, label in LABELS.items():
        value = write_words(complete(getattr(run.spec.publisher, key)), lang)
        lines.append(_("{label}: {value}", label=label, value=value).in_(lang))
    lines += ["", f"SHA-256 (allocation): {run.data.allocation_sha256}"]
    lines += [f"SHA-256 (document): {run.data.document_sha256}", ""]
    doubt = get_mention(run.checked.record)
    if doubt is not None:
        lines += [doubt.in_(lang), ""]
    if run.spec.place_column is None:
        for key in ("signature_is_not_legal", "archive_status"):
            lines += [f"{wording.fill(key, lang)} ({wording.get_article(key)})", ""]
    return "\n".join(lines)


def _find_place(run: StoredRun) -> str:
    """Return the folder of the run in the package; an entry of a register keeps its name, which is signed."""
    is_entry = is_signed_entry(run.folder, run.summary)
    return f"{_REGISTER}/{run.folder.resolve().name}" if is_entry else _RUN


def _describe_check(run: StoredRun) -> Text:
    return _(
        "To check that nothing was changed, unpack the package and type: sha256sum -c {sums}. To check the "
        "decision, install tnt_sim and type: tnt-sim verify {run}.",
        sums=SUMS,
        run=_find_place(run),
    )


def _describe_parts(run: StoredRun, files: Mapping[str, bytes]) -> Iterator[Text]:
    def count(folder: str) -> int:
        return sum(1 for name in files if name.startswith(f"{folder}/"))

    yield _n(
        "{folder}/: the decision as it was computed, {n} file: list, amounts, reasons, rules, proof, hashes.",
        "{folder}/: the decision as it was computed, {n} files: list, amounts, reasons, rules, proof, hashes.",
        n=count(_find_place(run)),
        folder=_find_place(run),
    )
    yield _n(
        "{folder}/: the sheets of the applications, the page of rules, the inventory and the notes, {n} file.",
        "{folder}/: the sheets of the applications, the page of rules, the inventory and the notes, {n} files.",
        n=count(_DOCUMENTS),
        folder=_DOCUMENTS,
    )
    if is_signed_entry(run.folder, run.summary):
        yield _(
            "This run is itself an entry of the register, with its signatures and the data that were read."
        )
    elif count(_REGISTER):
        yield _n(
            "{folder}/: the entry of the register with its signatures and the data that were read, {n} file.",
            "{folder}/: the entry of the register with its signatures and the data that were read, {n} files.",
            n=count(_REGISTER),
            folder=_REGISTER,
        )
    else:
        yield _(
            "The register holds no entry of this decision: it is not signed, and its data are not included."
        )
