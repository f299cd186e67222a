"""Sign a run, or withdrawals and reductions, as the next entry of the register of decisions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.disk import build_write_error, copy, fill, quote_path, touch
from tnt_sim.documents import dump_document
from tnt_sim.domain.money import format_decimal_euros
from tnt_sim.engine.run_folder.atomic_write import put_folder
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError, Defects, Place, UsageError
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Money
from tnt_sim.ingest.portfolio_reader import read_plain
from tnt_sim.scenario.decision_register import (
    AMENDMENTS,
    HELD,
    INPUTS,
    LEFT,
    MAX_LISTED,
    SEAL,
    SIGNATURE,
    RegisterEntry,
    hash_file,
    read_entries,
    read_state,
    read_state_amounts,
    summarise_state,
)
from tnt_sim.scenario.yaml.safe_paths import MARKERS
from tnt_sim.verify.run_files import RUN_FILES, serialise_document
from tnt_sim.verify.signing.signature import sign_manifest
from tnt_sim.verify.verification import CheckRecord

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ID = re.compile(r"\w[\w.-]{0,79}")
Held = Mapping[str, int]


def sign_run(
    run: StoredRun, register: Path, name: str, key: Ed25519PrivateKey | None = None
) -> RegisterEntry:
    """Freeze a run as the next list of a register, with its run folder and its inputs.

    Parameters
    ----------
    run : with its inputs
    register : folder of the register
    name : name of the entry
    key : signing key; with it, the entry holds its signature
    """
    entries = _open(register, name)
    root = run.envelopes[0].id
    before = _read_last_grants(entries)
    document = run.data
    for entry in entries:
        if entry.signature.get("document_sha256") == document.document_sha256:
            raise _build_refusal(
                _(
                    'this run is signed already, as "{name}". Sign withdrawals and reductions with `--amend`, or '
                    "a new run that starts from the register (`committed_from`).",
                    name=entry.id,
                ),
            )
    if entries and entries[-1].signature["programme"] != root:
        other = entries[-1].signature["programme"]
        raise _build_refusal(
            _(
                'this register is that of the programme "{other}", and the run that of "{root}".',
                other=other,
                root=root,
            ),
        )
    held = _require_grants(run, before)
    signature = {
        "kind": "list",
        "programme": root,
        "day": run.spec.date.isoformat() if run.spec.date else None,
        "run": run.name,
        **{
            key: getattr(document, key)
            for key in ("scenario", "scenario_sha256", "document_sha256", "proof", "publishable")
        },
        "checked": dump_document(_build_record(run, name)),
    }
    sources = {file: run.folder / file for file in RUN_FILES if (run.folder / file).is_file()}
    if run.inputs is not None:
        sources |= {f"{INPUTS}/{entry.path}": run.inputs.folder / entry.path for entry in document.inputs}
    return _put(register, name, entries, signature, held, sources, key)


def _build_record(run: StoredRun, name: str) -> CheckRecord:
    """Return what was checked of a run, as its entry binds it: the files are those that it keeps."""
    record = run.checked.record
    inputs = [replace(entry, file=f"{INPUTS}/{entry.path}") for entry in record.inputs]
    return replace(record, inputs=inputs, entry=name)


def sign_amendments(
    file: Path, register: Path, name: str, key: Ed25519PrivateKey | None = None
) -> RegisterEntry:
    """Add the reductions or withdrawals (0) of a table (dossier, granted) as the next entry of a register."""
    entries = _open(register, name)
    if not entries:
        raise _build_refusal(
            _("nothing is signed in this register yet: sign a list first."),
        )
    before = _read_last_grants(entries)
    request = read_state_amounts(read_plain(file, shown_as=file.name), file.name)
    _refuse_amendments(request, before, file.name)
    freed = sum(before[dossier] - cents for dossier, cents in request.items())
    signature = {"kind": "amendment", "programme": entries[-1].signature["programme"], "freed_cents": freed}
    own = Path(AMENDMENTS).with_suffix(file.suffix.lower()).name
    return _put(register, name, entries, signature, {**before, **request}, {own: file}, key)


def _refuse_amendments(amendment: Held, before: Held, shown_as: str) -> None:
    defects = Defects()
    for dossier, cents in amendment.items():
        place = Place(file=shown_as, dossier=dossier)
        if before.get(dossier, 0) == 0:
            defects.add("amendment", _("this application is not committed."), place)
        elif not 0 <= cents < before[dossier]:
            was = before[dossier]
            defects.add(
                "amendment",
                _("{cents} is not less than the {was} signed.", cents=Money(cents), was=Money(was)),
                place,
                hint=_("An increase takes a run and a list."),
            )
    defects.raise_if_any(DataError)


def _open(register: Path, name: str) -> list[RegisterEntry]:
    if not _ID.fullmatch(name):
        raise _build_refusal(
            _('--as "{name}": letters, digits, "-", "_" and "." only.', name=name),
        )
    entries = read_entries(register)
    if any(entry.id == name for entry in entries) or (register / name).exists():
        raise _build_refusal(
            _(
                '"{name}" is signed already, and what is signed changes no more. Choose another name.',
                name=name,
            ),
        )
    return entries


def _read_last_grants(entries: Sequence[RegisterEntry]) -> dict[str, int]:
    """Return the grants of the last entry of the register."""
    return read_state(entries[-1]) if entries else {}


def _require_grants(run: StoredRun, before: Held) -> dict[str, int]:
    """Return the grants of the run; earlier ones must be unchanged, or withdrawn and 0 from now on."""
    table = run.table
    granted = dict(table.filter("funded").select("dossier", "granted_cents").iter_rows())
    left = set(table.filter(table["state"].is_in(LEFT))["dossier"].to_list())
    held = dict(before)
    lost = []
    for dossier, cents in before.items():
        if cents > 0 and granted.get(dossier) != cents:
            if dossier in left and dossier not in granted:
                held[dossier] = 0
            else:
                lost.append(dossier)
    lost += [dossier for dossier, cents in before.items() if cents == 0 and dossier in granted]
    if lost:
        more = f", … (+{len(lost) - MAX_LISTED})" if len(lost) > MAX_LISTED else ""
        named = ", ".join(lost[:MAX_LISTED]) + more
        raise _build_refusal(
            _(
                "the run does not keep what was signed as it is: {named}. Write `committed_from: "
                "registre/` into the scenario and run it again.",
                named=named,
            ),
        )
    return {**held, **granted}


def _put(
    register: Path,
    name: str,
    entries: Sequence[RegisterEntry],
    words: Mapping[str, Any],
    held: Held,
    sources: Mapping[str, Path],
    key: Ed25519PrivateKey | None,
) -> RegisterEntry:
    """Write an entry atomically."""
    last = entries[-1] if entries else None
    target = register / name
    signature: dict[str, Any] = {
        "schema_version": 1,
        "id": name,
        "number": len(entries) + 1,
        **words,
        "previous": None if last is None else {"id": last.id, "sha256": hash_file(last.folder / SIGNATURE)},
        **summarise_state(held),
    }

    def write(folder: Path) -> None:
        for file, source in sources.items():
            copy(source, folder / file)
        if (folder / INPUTS).is_dir():
            touch(folder / INPUTS / MARKERS[0])
        rows = "".join(
            f"{_quote_cell(dossier)},{format_decimal_euros(held[dossier])}\n" for dossier in sorted(held)
        )
        fill(folder / HELD, f"dossier,granted\n{rows}".encode())
        signature["files"] = {
            file.relative_to(folder).as_posix(): hash_file(file) for file in _list_files(folder)
        }
        manifest = serialise_document(signature).encode()
        fill(folder / SIGNATURE, manifest)
        if key is not None:
            fill(folder / SEAL, sign_manifest(manifest, key))

    try:
        put_folder(target, write)
    except OSError as error:
        raise build_write_error(quote_path(target), error, _FREE) from error
    return RegisterEntry(target, signature)


_FREE = _("Nothing is signed. Correct this, then run it again.")


def _list_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _quote_cell(text: str) -> str:
    """Quote a CSV cell if needed."""
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\r\n]|^\s|\s$', text) else text


def _build_refusal(text: Text) -> UsageError:
    return UsageError(text, code="usage.sign")
