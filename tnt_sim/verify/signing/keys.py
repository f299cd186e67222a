"""Key and certificate files: Ed25519 keys (OpenSSH or PEM), and certificates of time-stamp authorities.

`cryptography` and `asn1crypto` belong to the extra `signature`; they are imported when a key or a time stamp
is read.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.errors import DataError, Defect, Place, UsageError
from tnt_sim.i18n.message import Text, _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.x509 import Certificate

MOST_BYTES = 64 << 10
"""Largest key or certificate file."""

_OPENSSH, _PEM = b"-----BEGIN OPENSSH PRIVATE KEY-----", b"-----BEGIN"
_MAKE = _("Make one: `ssh-keygen -t ed25519 -f key` (key signs, key.pub checks).")

_ASK = _("Ask the time stamp authority for the certificate that signs its tokens.")


def check_installed(what: str) -> None:
    """Check that the packages of the extra `signature` are installed; UsageError if not."""
    for name in ("cryptography", "asn1crypto"):
        try:
            import_module(name)
        except ImportError:
            raise UsageError(describe_missing_package(what, name), code="usage.signature") from None


def describe_missing_package(what: str, name: str) -> Text:
    """Return the message for a missing package of the extra."""
    from tnt_sim.installation import format_install_command

    return _(
        "{action} needs the package {package}, which is not installed here. To install it: {command}",
        action=what,
        package=name,
        command=format_install_command("signature", "cryptography", "asn1crypto"),
    )


def read_signing_key(file: Path) -> Ed25519PrivateKey:
    """Read the private key of `--signing-key`."""
    check_installed("--signing-key")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    data = _read(file)
    if _is_public(data):
        raise _build_error(
            file,
            _("this is a public key, and --signing-key takes the private key."),
            _("Give the file of the same name without .pub."),
        )
    load = load_ssh_private_key if data.startswith(_OPENSSH) else load_pem_private_key
    try:
        key = load(data, None)
    except TypeError:  # cryptography raises this if a password is needed
        raise _build_error(
            file,
            _("this key is protected by a password, which this program does not ask for."),
            _("Make a copy of it without password, deleted after use: `ssh-keygen -p -N '' -f copy`."),
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _build_invalid_key_error(file) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _build_key_kind_error(file, key)
    return key


def read_public_key(file: Path) -> Ed25519PublicKey:
    """Read the key of `--public-key`; raises the same errors as `read_signing_key`."""
    check_installed("--public-key")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key

    data = _read(file)
    if b"PRIVATE KEY-----" in data:
        raise _build_error(
            file,
            _("this is a private key, and --public-key takes the public key. Hand it to nobody."),
            _("Give the .pub file of the same name."),
        )
    try:
        key = load_pem_public_key(data) if data.startswith(_PEM) else load_ssh_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise _build_invalid_key_error(file) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _build_key_kind_error(file, key)
    return key


def read_certificate(file: Path) -> Certificate:
    """Read the certificate of `--tsa-cert`, PEM or DER; raises the same errors as `read_signing_key`."""
    check_installed("--tsa-cert")
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.oid import ExtendedKeyUsageOID

    data = _read(file)
    load = x509.load_pem_x509_certificate if data.startswith(_PEM) else x509.load_der_x509_certificate
    try:
        result = load(data)
        result.public_key()
        uses = [
            use
            for one in result.extensions
            if isinstance(one.value, x509.ExtendedKeyUsage)
            for use in one.value
        ]
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise _build_error(
            file,
            _("this is not an X.509 certificate (PEM or DER)."),
            _ASK,
        ) from None
    if ExtendedKeyUsageOID.TIME_STAMPING not in uses:
        raise _build_error(
            file,
            _("this certificate is not made for time stamps."),
            _ASK,
        )
    return result


def compute_fingerprint(key: Ed25519PublicKey) -> str:
    """Return the fingerprint as `ssh-keygen -l` shows it: `SHA256:` and base64."""
    import base64
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:  # the size is not checked first: a pipe has none, a device no end
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        from tnt_sim.disk import explain_refusal

        if not file.exists():
            why = _("there is no file of this name")
        elif file.is_dir():
            why = _("this is a folder")
        else:
            why = explain_refusal(error)
        raise _build_error(file, _("{reason}.", reason=why), None) from None
    if len(data) > MOST_BYTES:
        raise _build_invalid_key_error(file)
    return data.lstrip()


def _is_public(data: bytes) -> bool:
    return data.startswith((b"ssh-", b"ecdsa-", b"sk-", b"-----BEGIN PUBLIC KEY-----"))


def _build_invalid_key_error(file: Path) -> DataError:
    return _build_error(
        file,
        _("this is not an Ed25519 key (OpenSSH or PEM)."),
        _MAKE,
    )


def _build_key_kind_error(file: Path, key: object) -> DataError:
    kind = type(key).__name__.removesuffix("PublicKey").removesuffix("PrivateKey")
    return _build_error(
        file,
        _("this key is of the type {kind}; only an Ed25519 key is accepted.", kind=kind),
        _MAKE,
    )


def _build_error(file: Path, text: Text, hint: Text | None) -> DataError:
    return DataError([Defect("key", text, (Place(file=str(file)),), hint)])
