"""RFC 3161 time stamps: replies `*.tsr` beside a `signature.json`, whose content they date.

`--tsa-cert` is the certificate that signs the authority's tokens. It is trusted as given: no certificate
chain is followed, and no revocation list is checked.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.errors import Defect, Place
from tnt_sim.i18n.message import Text, _
from tnt_sim.verify.signing.keys import describe_missing_package

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from cryptography.x509 import Certificate

_MOST_BYTES = 1 << 20
_GRANTED = ("granted", "granted_with_mods")
_DIGESTS = ("sha256", "sha384", "sha512")
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""Exceptions that asn1crypto raises for malformed data."""


class StampStanding(StrEnum):
    """Status of a time stamp."""

    CHECKED = "checked"
    """It dates this signature, and is signed with the certificate that the reader gave."""
    NOT_CHECKED = "not_checked"
    """It claims to date this signature; its own signature was not checked."""
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStampEntry:
    """Time stamp beside a signature: its file, its status, and the time that it states."""

    file: str
    status: StampStanding
    time: str | None


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """One reply of a time-stamp authority: the time at which it says the signature existed."""

    file: str
    standing: StampStanding
    time: datetime | None = None
    defect: Defect | None = None
    unread: Text | None = None
    """Why it was not read; None if it was."""

    def build_entry(self) -> TimeStampEntry:
        """Build its entry in `time_stamps`."""
        time = None if self.time is None else self.time.isoformat()
        return TimeStampEntry(file=self.file, status=self.standing, time=time)


class _NoFitError(Exception):
    """What is wrong with a reply."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.fr)
        self.text = text


def read_time_stamps(folder: Path, manifest: bytes, authority: Certificate | None) -> list[TimeStamp]:
    """Read and check the replies of a folder, in the order of their names.

    Parameters
    ----------
    manifest
        The bytes that they must date.
    authority
        The reader's certificate; None to skip the check of the authority's signature.
    """
    return [_read(file, manifest, authority) for file in sorted(folder.glob("*.tsr")) if file.is_file()]


def _read(file: Path, manifest: bytes, authority: Certificate | None) -> TimeStamp:
    try:
        import asn1crypto.tsp as tsp
    except ImportError:
        return TimeStamp(
            file.name, StampStanding.NOT_CHECKED, unread=describe_missing_package(file.name, "asn1crypto")
        )
    time: datetime | None = None
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError("larger than any reply")
        reply = tsp.TimeStampResp.load(file.read_bytes(), strict=True)
        if reply["status"]["status"].native not in _GRANTED:
            raise _NoFitError(_("the authority refused the request."))
        signed = reply["time_stamp_token"]["content"]
        content = signed["encap_content_info"]
        if content["content_type"].native != "tst_info":
            raise ValueError("no time stamp")
        told = content["content"].parsed
        _check_imprint(told, manifest)
        time = told["gen_time"].native.astimezone(UTC)
        if authority is None:
            return TimeStamp(file.name, StampStanding.NOT_CHECKED, time)
        _check_token(signed, bytes(content["content"]), authority, time)
    except _NoFitError as error:
        return _build_mismatch(file, time, error.text)
    except (OSError, *_MALFORMED):
        text = _("this is not a time stamp reply (RFC 3161).")
        return _build_mismatch(file, time, text)
    return TimeStamp(file.name, StampStanding.CHECKED, time)


def _build_mismatch(file: Path, time: datetime | None, text: Text) -> TimeStamp:
    return TimeStamp(
        file.name, StampStanding.MISMATCH, time, Defect("time-stamp", text, (Place(file=str(file)),))
    )


def _check_imprint(info: Any, manifest: bytes) -> None:
    """Check that the dated hash is the SHA-256 of the manifest."""
    imprint = info["message_imprint"]
    if imprint["hash_algorithm"]["algorithm"].native != "sha256":
        raise _NoFitError(_("the time stamp is not of a SHA-256 hash."))
    if not hmac.compare_digest(imprint["hashed_message"].native, hashlib.sha256(manifest).digest()):
        raise _NoFitError(_("the time stamp is not that of signature.json."))


def _check_token(signed: Any, content: bytes, authority: Certificate, time: datetime) -> None:
    """Check the token's signature with the reader's certificate, as RFC 3161 and RFC 5652 specify."""
    (signer,) = signed["signer_infos"]
    _check_validity(authority, time)
    digest = signer["digest_algorithm"]["algorithm"].native
    if digest not in _DIGESTS:
        raise _NoFitError(
            _("the token uses {digest}, which is not accepted.", digest=digest),
        )
    values = dict(_list_attributes(signer["signed_attrs"]))
    _check_certificate_named(values, authority)
    if values["content_type"].native != "tst_info" or not hmac.compare_digest(
        values["message_digest"].native, hashlib.new(digest, content).digest()
    ):
        raise _NoFitError(
            _("the content of the token is not what was signed."),
        )
    # the signature covers the SET OF encoding, not the [0] tag that is stored (RFC 5652, 5.4)
    attributes = b"\x31" + signer["signed_attrs"].dump()[1:]
    _check_signature(signer, digest, attributes, authority)


def _list_attributes(attributes: Any) -> Iterator[tuple[str, Any]]:
    """Yield the required signed attributes by name, each with its single value; duplicates are rejected."""
    names = [attribute["type"].native for attribute in attributes]
    if len(set(names)) != len(names):
        raise ValueError("an attribute stands twice")
    for name, attribute in zip(names, attributes, strict=True):
        if name in ("content_type", "message_digest", "signing_certificate", "signing_certificate_v2"):
            (value,) = attribute["values"]
            yield name, value


def _check_validity(authority: Certificate, time: datetime) -> None:
    """Check that the certificate was valid at that time."""
    if not authority.not_valid_before_utc <= time <= authority.not_valid_after_utc:
        raise _NoFitError(
            _("the certificate of --tsa-cert was not valid at that time."),
        )


def _check_certificate_named(values: dict[str, Any], authority: Certificate) -> None:
    """Check that the token names the certificate that signed it, by hash (RFC 3161, 2.4.1, and RFC 5816)."""
    from cryptography.hazmat.primitives.serialization import Encoding

    der = authority.public_bytes(Encoding.DER)
    if "signing_certificate_v2" in values:
        named = values["signing_certificate_v2"]["certs"][0]
        digest = named["hash_algorithm"]["algorithm"].native
    else:
        named, digest = values["signing_certificate"]["certs"][0], "sha1"
    if digest not in (*_DIGESTS, "sha1") or named["cert_hash"].native != hashlib.new(digest, der).digest():
        raise _NoFitError(
            _("the token is not signed with the certificate of --tsa-cert."),
        )


def _check_signature(signer: Any, digest: str, attributes: bytes, authority: Certificate) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    method, key = signer["signature_algorithm"], authority.public_key()
    kind, signature = method.signature_algo, signer["signature"].native
    own = digest if method["algorithm"].native == "rsassa_pkcs1v15" else method.hash_algo
    try:
        if kind == "rsassa_pkcs1v15" and own in _DIGESTS and isinstance(key, RSAPublicKey):
            key.verify(signature, attributes, PKCS1v15(), _hash_of(own))
        elif kind == "ecdsa" and own in _DIGESTS and isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, attributes, ECDSA(_hash_of(own)))
        else:
            raise _NoFitError(
                _(
                    "the signature of the token ({kind}, {own}) cannot be checked here with this certificate.",
                    kind=kind,
                    own=own,
                ),
            )
    except InvalidSignature:
        raise _NoFitError(
            _("the signature of the token does not fit the certificate of --tsa-cert."),
        ) from None


def _hash_of(name: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    kinds: dict[str, HashAlgorithm] = {"sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512()}
    return kinds[name]
