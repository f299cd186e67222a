"""The signature of a register entry: Ed25519 over the bytes of its `signature.json`, which holds every hash.

`signature.ed25519` lies beside it: a line `ed25519 FINGERPRINT`, and a line with the signature in base64. What is
signed is a file as it lies there, so that openssl can check it without this program (docs/publier.md).
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
from tnt_sim.i18n.message import Text
from tnt_sim.scenario.decision_register import (
    REGISTER,
    SEAL,
    SIGNATURE,
    Entry,
    read_entry,
    read_state,
    state_defects,
)
from tnt_sim.verify.run_files import BOUND, document_sha256, file_sha256
from tnt_sim.verify.signing.keys import fingerprint
from tnt_sim.verify.signing.time_stamp import TimeStamp, read_time_stamps
from tnt_sim.verify.signing.witness import is_signed_entry

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.x509 import Certificate

_MOST_BYTES = 1 << 10
_SEAL = re.compile(r"ed25519 (SHA256:[A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{86}==)\n?")
_DO_NOT = Text(
    "Ne le publiez pas ; demandez la liste signée à qui l'a signée.",
    "Do not publish it; ask its signer for the signed list.",
)


class SignatureStanding(StrEnum):
    """How the signature of a run stands."""

    CHECKED = "checked"
    """It fits, with the key that the reader gave."""
    MISMATCH = "mismatch"
    """It does not fit: another key, or something was changed."""
    NOT_CHECKED = "not_checked"
    """There is one, and the reader gave no key."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Signed:
    """What is found of the signature of a run.

    Attributes
    ----------
    entry : the name that it was signed under, None where no register has it
    key : the fingerprint of the key, that of the reader where it fits, else the one that the file names
    stamps : the time stamps beside the signature
    defects : what does not fit
    """

    standing: SignatureStanding
    entry: str | None = None
    key: str | None = None
    stamps: tuple[TimeStamp, ...] = ()
    defects: tuple[Defect, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """The entry `signature` of `verify --json`."""
        return {
            "status": self.standing.value,
            "entry": self.entry,
            "key": self.key,
            "time_stamps": [stamp.document for stamp in self.stamps],
        }


def sealed(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """The file `signature.ed25519` for the bytes of a `signature.json`."""
    signature = base64.b64encode(key.sign(manifest)).decode()
    return f"ed25519 {fingerprint(key.public_key())}\n{signature}\n".encode()


def signature_of(
    run_dir: Path,
    summary: Mapping[str, Any],
    project: Path,
    key: Ed25519PublicKey | None = None,
    authority: Certificate | None = None,
) -> Signed:
    """What is found of the signature of a run, in its own folder or in the register of its project.

    Parameters
    ----------
    run_dir : the folder of a run, or an entry of a register, read again before
    key : the key of the reader; where there is one, a run without a signature has a defect
    authority : the certificate of the reader for time stamps; where there is one, a run without any has a defect
    """
    if is_signed_entry(run_dir, summary):
        found = _own(run_dir, summary, key, authority)
    else:
        entries = _entries(project / REGISTER, summary) if _is_whole(run_dir, summary) else ()
        each = [_checked(entry, key, authority) for entry in entries]
        found = next(
            (one for one in each if not one.defects), each[0] if each else Signed(SignatureStanding.NONE)
        )
    if found.defects:
        return found
    return replace(found, defects=tuple(_missing(run_dir, found, key, authority)))


def signature_of_entry(
    entry: Entry, key: Ed25519PublicKey | None = None, authority: Certificate | None = None
) -> Signed:
    """What is found of the signature of an entry of a register that was read; see `signature_of`."""
    found = _checked(entry, key, authority)
    return (
        found
        if found.defects
        else replace(found, defects=tuple(_missing(entry.folder, found, key, authority)))
    )


def _own(
    run_dir: Path, summary: Mapping[str, Any], key: Ed25519PublicKey | None, authority: Certificate | None
) -> Signed:
    """An entry of a register, see `read_own`."""
    entry, faults = read_own(run_dir, summary)
    return (
        Signed(SignatureStanding.MISMATCH, defects=faults)
        if entry is None
        else _checked(entry, key, authority)
    )


def read_own(run_dir: Path, summary: Mapping[str, Any]) -> tuple[Entry | None, tuple[Defect, ...]]:
    """The entry of a register that a run folder is: its files are those it signed, and it signed this run.

    None with what speaks against it, where anything does.
    """
    faults = Defects()
    entry = read_entry(run_dir.resolve(), faults)
    if entry is not None and not _is_of(entry, summary):
        faults.add(
            "signature",
            Text(
                "signature.json n'est pas la signature de ce calcul.",
                "signature.json is not the signature of this run.",
            ),
            Place(file=str(run_dir / SIGNATURE)),
            hint=_DO_NOT,
        )
    elif entry is not None:
        try:
            faults.found.extend(state_defects(entry, read_state(entry)))
        except DataError as error:
            faults.found.extend(error.defects)
    return None if faults.found else entry, tuple(faults.found)


def _is_whole(run_dir: Path, summary: Mapping[str, Any]) -> bool:
    """Whether the files of a run are those that its summary names: what signs the summary signs them."""
    files = summary.get("files")
    return isinstance(files, dict) and all(
        (run_dir / name).is_file() and files.get(name) == file_sha256(run_dir / name) for name in BOUND
    )


def _is_of(entry: Entry, summary: Mapping[str, Any]) -> bool:
    """Whether an entry signed the run of a summary: this hash binds all that the summary says and its files."""
    return entry.is_list and entry.signature.get("document_sha256") == document_sha256(summary)


def _entries(register: Path, summary: Mapping[str, Any]) -> Sequence[Entry]:
    """The whole entries of a register that signed a run."""
    faults = Defects()  # of other entries: whoever reads the register hears of them
    folders = sorted(register.iterdir()) if register.is_dir() else []
    whole = [read_entry(folder, faults) for folder in folders if (folder / SIGNATURE).is_file()]
    return [entry for entry in whole if entry is not None and _is_of(entry, summary)]


def _checked(entry: Entry, key: Ed25519PublicKey | None, authority: Certificate | None) -> Signed:
    """The seal and the time stamps of an entry, over the bytes of its signature.json as they lie there."""
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
            own = fingerprint(key)
            standing = (
                SignatureStanding.CHECKED if _fits(key, signature, manifest) else SignatureStanding.MISMATCH
            )
            if standing is SignatureStanding.MISMATCH:
                against.append(_no_fit(file, named, own))
            else:
                named = own
    return Signed(standing, entry.id, named, tuple(stamps), tuple(against))


def _fits(key: Ed25519PublicKey, signature: bytes, manifest: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, manifest)
    except InvalidSignature:
        return False
    return True


def _read_seal(file: Path) -> tuple[str | None, bytes]:
    """The fingerprint and the signature of a `signature.ed25519`; None and no bytes for anything else."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return None, b""
        match = _SEAL.fullmatch(file.read_bytes().decode("ascii"))
        signature = b"" if match is None else base64.b64decode(match[2], validate=True)
        if match is None or base64.b64encode(signature).decode() != match[2]:  # 4 bits of base64 mean nothing
            return None, b""
        return match[1], signature
    except (OSError, UnicodeDecodeError, binascii.Error):
        return None, b""


def _no_fit(file: Path, named: str | None, own: str) -> Defect:
    if named is None:
        text = Text("ce n'est pas une signature Ed25519.", "this is no Ed25519 signature.")
    elif named != own:
        text = Text(
            f"la signature ne correspond pas : elle se dit de la clé {named}, et la vôtre est {own}.",
            f"the signature does not fit: it says that it is of the key {named}, and yours is {own}.",
        )
    else:
        text = Text(
            f"la signature ne correspond pas : signature.json n'est pas ce que la clé {own} a signé.",
            f"the signature does not fit: signature.json is not what the key {own} signed.",
        )
    return Defect("signature", text, (Place(file=str(file)),), _DO_NOT)


def _missing(
    run_dir: Path, found: Signed, key: Ed25519PublicKey | None, authority: Certificate | None
) -> list[Defect]:
    """A reader who gives a key or a certificate wants it used: whoever takes the file away must not pass."""
    place, missing = Place(file=str(run_dir)), []
    if key is not None and found.standing is SignatureStanding.NONE:
        text = Text(
            "il n'y a pas de signature à vérifier avec cette clé, ni ici ni au registre du projet.",
            "there is no signature to check with this key, neither here nor in the register of the project.",
        )
        missing.append(Defect("signature", text, (place,), _DO_NOT))
    if authority is not None and not found.stamps:
        text = Text(
            "il n'y a pas d'horodatage à vérifier avec ce certificat : un fichier .tsr à côté de signature.json.",
            "there is no time stamp to check with this certificate: a file .tsr beside signature.json.",
        )
        missing.append(Defect("time-stamp", text, (place,)))
    return missing
