"""Signature of a register entry: Ed25519 over the bytes of its `signature.json`, which holds all hashes.

`signature.ed25519` lies beside it and has two lines: `ed25519 FINGERPRINT`, and the signature in base64. The
signed bytes are a file as it is, so that openssl can check it without this program.

Check of a register amendment: its chain, its files, and that it lowers the signed amounts as its table says.

An amendment is not a run: it claims no rule, optimum or tie-break.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.errors import DataError, Defect, Defects, Place
from tnt_sim.i18n.message import _
from tnt_sim.ingest.portfolio_reader import read_plain
from tnt_sim.scenario.decision_register import (
    AMENDMENTS,
    MOST_BYTES,
    REGISTER,
    SEAL,
    SIGNATURE,
    RegisterEntry,
    collect_state_defects,
    read_entries,
    read_entry,
    read_state,
    read_state_amounts,
)
from tnt_sim.verify.run_files import BOUND, SUMMARY, hash_file, hash_summary
from tnt_sim.verify.signing.keys import compute_fingerprint
from tnt_sim.verify.signing.time_stamp import TimeStamp, TimeStampEntry, read_time_stamps
from tnt_sim.verify.signing.witness import hash_defects, is_signed_entry
from tnt_sim.verify.verification import NO_ANSWER, AmendmentHead, PreviousSignature, Verification

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.x509 import Certificate


def is_amendment(folder: Path) -> bool:
    """Whether a folder is a register entry without a run."""
    return (folder / SIGNATURE).is_file() and not (folder / SUMMARY).exists()


def read_amendment(folder: Path, expected: str | None = None) -> tuple[RegisterEntry | None, Verification]:
    """Read and check an amendment; the entry is None if the register cannot be read.

    Parameters
    ----------
    folder
        A register entry, with the earlier entries beside it.
    expected
        The hash that the reader was given, see `expected_hash`.
    """
    place = folder.resolve()
    try:
        entries = read_entries(place.parent)
        number = next(k for k, entry in enumerate(entries) if entry.folder == place)
        entry, before = entries[number], entries[number - 1] if number else None
        defects = _list_differences(entry, before)
    except DataError as error:
        return None, _build_verification(folder, None, list(error.defects))
    return entry, _build_verification(folder, entry, [*hash_defects(entry.signature, expected), *defects])


def _list_differences(entry: RegisterEntry, before: RegisterEntry | None) -> list[Defect]:
    """List the differences between the state after the amendment and what its table gives."""
    named = [name for name in entry.signature["files"] if Path(name).stem == Path(AMENDMENTS).stem]
    if entry.signature["kind"] != "amendment" or before is None or len(named) != 1:
        text = _("this is not an amendment of the register.")
        return [Defect("amendment", text, (Place(file=f"{entry.folder.name}/{SIGNATURE}"),))]
    label = f"{entry.folder.name}/{named[0]}"
    request = read_state_amounts(read_plain(entry.folder / named[0], shown_as=label), label)
    earlier, state = read_state(before), read_state(entry)
    freed = sum(earlier.values()) - sum(state.values())
    if state == {**earlier, **request} and entry.signature.get("freed_cents") == freed:
        return []
    text = _("the committed amounts are not those of before, lowered as this table says.")
    return [Defect("amendment", text, (Place(file=label),))]


def _build_verification(folder: Path, entry: RegisterEntry | None, defects: list[Defect]) -> Verification:
    words = {} if entry is None else entry.signature
    previous = words.get("previous")
    head = AmendmentHead(
        run_dir=str(folder),
        status="refused" if defects else "verified",
        kind=words.get("kind"),
        id=words.get("id"),
        previous=None if previous is None else PreviousSignature(**previous),
        n_dossiers=words.get("n_dossiers"),
        granted_cents=words.get("granted_cents"),
        freed_cents=words.get("freed_cents"),
        allocation_sha256=words.get("allocation_sha256"),
    )
    return Verification(NO_ANSWER, NO_ANSWER, NO_ANSWER, tuple(defects), head=head)


_MOST_BYTES = 1 << 10

_SEAL = re.compile(r"ed25519 (SHA256:[A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{86}==)\n?")

_DO_NOT = _("Do not publish it; ask its signer for the signed list.")


class SignatureStanding(StrEnum):
    """Status of the signature of a run."""

    CHECKED = "checked"
    """It is valid for the key that the reader gave."""
    MISMATCH = "mismatch"
    """It is not valid: another key, or a changed file."""
    NOT_CHECKED = "not_checked"
    """It exists, but the reader gave no key."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEntry:
    """Status of the signature, the name and key of its entry, and its time stamps."""

    status: SignatureStanding
    entry: str | None
    key: str | None
    time_stamps: Sequence[TimeStampEntry]


@dataclass(frozen=True, slots=True)
class Signed:
    """Result of checking the signature of a run.

    Attributes
    ----------
    standing : status of the signature
    entry : name under which it was signed; None if no register has it
    key : fingerprint of the reader's key if it is valid, otherwise of the key that the file names
    stamps : time stamps beside the signature
    defects : what is not valid
    """

    standing: SignatureStanding
    entry: str | None = None
    key: str | None = None
    stamps: tuple[TimeStamp, ...] = ()
    defects: tuple[Defect, ...] = ()

    def build_entry(self) -> SignatureEntry:
        """Build the entry `signature` of `verify --json`."""
        stamps = [stamp.build_entry() for stamp in self.stamps]
        return SignatureEntry(status=self.standing, entry=self.entry, key=self.key, time_stamps=stamps)


def sign_manifest(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """Build the file `signature.ed25519` for the bytes of a `signature.json`."""
    signature = base64.b64encode(key.sign(manifest)).decode()
    return f"ed25519 {compute_fingerprint(key.public_key())}\n{signature}\n".encode()


def check_signature(
    run_dir: Path,
    summary: Mapping[str, object],
    project: Path,
    key: Ed25519PublicKey | None = None,
    authority: Certificate | None = None,
) -> Signed:
    """Check the signature of a run, in its own folder or in the register of its project.

    Parameters
    ----------
    run_dir
        The folder of a run, or a register entry; its content was checked before.
    key
        The reader's public key. If it is given, a run without a signature has a defect.
    authority
        The reader's certificate for time stamps. If it is given, a run without a time stamp has a defect.
    """
    if is_signed_entry(run_dir, summary):
        signed = _check_own_signature(run_dir, summary, key, authority)
    else:
        entries = select_signed_entries(project, summary) if _is_whole(run_dir, summary) else ()
        each = [_check_entry(entry, key, authority) for entry in entries]
        signed = next(
            (one for one in each if not one.defects), each[0] if each else Signed(SignatureStanding.NONE)
        )
    if signed.defects:
        return signed
    return replace(signed, defects=tuple(_list_missing_defects(run_dir, signed, key, authority)))


def check_entry_signature(
    entry: RegisterEntry, key: Ed25519PublicKey | None = None, authority: Certificate | None = None
) -> Signed:
    """Check the signature of a register entry; see `check_signature`."""
    signed = _check_entry(entry, key, authority)
    return (
        signed
        if signed.defects
        else replace(signed, defects=tuple(_list_missing_defects(entry.folder, signed, key, authority)))
    )


def _check_own_signature(
    run_dir: Path, summary: Mapping[str, Any], key: Ed25519PublicKey | None, authority: Certificate | None
) -> Signed:
    """Check the signature of a run folder that is itself a register entry, see `read_own`."""
    entry, faults = read_own(run_dir, summary)
    return (
        Signed(SignatureStanding.MISMATCH, defects=faults)
        if entry is None
        else _check_entry(entry, key, authority)
    )


def read_own(run_dir: Path, summary: Mapping[str, object]) -> tuple[RegisterEntry | None, tuple[Defect, ...]]:
    """Read a run folder as a register entry, and check that its files and its run are those that were signed.

    Returns the entry and no defects, or None and the defects.
    """
    faults = Defects()
    entry = read_entry(run_dir.resolve(), faults)
    if entry is not None and not _is_of(entry, summary):
        faults.add(
            "signature",
            _("signature.json is not the signature of this run."),
            Place(file=str(run_dir / SIGNATURE)),
            hint=_DO_NOT,
        )
    elif entry is not None:
        try:
            faults.entries.extend(collect_state_defects(entry, read_state(entry)))
        except DataError as error:
            faults.entries.extend(error.defects)
    return None if faults.entries else entry, tuple(faults.entries)


def _is_whole(run_dir: Path, summary: Mapping[str, Any]) -> bool:
    """Whether a run's files are those that its summary names, so that signing the summary signs them."""
    files = summary.get("files")
    return isinstance(files, dict) and all(
        (run_dir / name).is_file() and files.get(name) == hash_file(run_dir / name) for name in BOUND
    )


def _is_of(entry: RegisterEntry, summary: Mapping[str, Any]) -> bool:
    """Whether an entry signed the run of a summary: its hash covers the whole summary and its files."""
    return entry.is_list and entry.signature.get("document_sha256") == hash_summary(summary)


def select_signed_entries(project: Path, summary: Mapping[str, Any]) -> Sequence[RegisterEntry]:
    """Return the intact entries of all registers of a project that signed a run, the usual register first."""
    faults = Defects()  # defects of other entries, which are reported when the register is read
    named = hash_summary(summary).encode()
    files = sorted(project.glob(f"*/*/{SIGNATURE}"), key=lambda file: (file.parts[-3] != REGISTER, file))
    whole = [read_entry(file.parent, faults) for file in files if named in _read_start(file)]
    return [entry for entry in whole if entry is not None and _is_of(entry, summary)]


def _read_start(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MOST_BYTES)


def _check_entry(entry: RegisterEntry, key: Ed25519PublicKey | None, authority: Certificate | None) -> Signed:
    """Check the seal and the time stamps of an entry, over the bytes of its signature.json as stored."""
    manifest = (entry.folder / SIGNATURE).read_bytes()
    stamps = read_time_stamps(entry.folder, manifest, authority)
    against = [stamp.defect for stamp in stamps if stamp.defect is not None]
    file = entry.folder / SEAL
    if not file.is_file():
        standing, named = SignatureStanding.NONE, None
    else:
        named, signature = _read_seal(file)
        standing = SignatureStanding.NOT_CHECKED
        if key is not None:
            own = compute_fingerprint(key)
            standing = (
                SignatureStanding.CHECKED
                if _is_valid_signature(key, signature, manifest)
                else SignatureStanding.MISMATCH
            )
            if standing is SignatureStanding.MISMATCH:
                against.append(_build_mismatch_defect(file, named, own))
            else:
                named = own
    return Signed(standing, entry.id, named, tuple(stamps), tuple(against))


def _is_valid_signature(key: Ed25519PublicKey, signature: bytes, manifest: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, manifest)
    except InvalidSignature:
        return False
    return True


def _read_seal(file: Path) -> tuple[str | None, bytes]:
    """Read the fingerprint and the signature of a `signature.ed25519`; None and no bytes if it is malformed."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return None, b""
        match = _SEAL.fullmatch(file.read_bytes().decode("ascii"))
        signature = b"" if match is None else base64.b64decode(match[2], validate=True)
        if match is None or base64.b64encode(signature).decode() != match[2]:  # reject non-zero padding bits
            return None, b""
        return match[1], signature
    except (OSError, UnicodeDecodeError, binascii.Error):
        return None, b""


def _build_mismatch_defect(file: Path, named: str | None, own: str) -> Defect:
    if named is None:
        text = _("this is not an Ed25519 signature.")
    elif named != own:
        text = _(
            "the signature does not fit: it names the key {named}, and yours is {own}.",
            named=named,
            own=own,
        )
    else:
        text = _("the signature does not fit: signature.json is not what the key {own} signed.", own=own)
    return Defect("signature", text, (Place(file=str(file)),), _DO_NOT)


def _list_missing_defects(
    run_dir: Path, signed: Signed, key: Ed25519PublicKey | None, authority: Certificate | None
) -> list[Defect]:
    """Return a defect if the reader gave a key or a certificate and there is nothing to check with it.

    Otherwise removing the signature file would avoid the check.
    """
    place, missing = Place(file=str(run_dir)), []
    if key is not None and signed.standing is SignatureStanding.NONE:
        text = _(
            "there is no signature to check with this key, neither here nor in the register of the project."
        )
        missing.append(Defect("signature", text, (place,), _DO_NOT))
    if authority is not None and not signed.stamps:
        text = _("there is no time stamp to check with this certificate: a file .tsr beside signature.json.")
        missing.append(Defect("time-stamp", text, (place,)))
    return missing
