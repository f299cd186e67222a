"""Certificates of time stamps: read in both forms, and refused where their key or their use is another one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.verify.signing import keys
from tnt_sim.verify.signing.keys import read_certificate
from tnt_sim.verify.signing.time_stamp import _list_attributes

ED25519 = b"\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
"""How the key of a certificate begins: its kind, and the length of its bits."""


def write_certificate(*uses: x509.ObjectIdentifier) -> x509.Certificate:
    """Return a certificate signed by itself, for some uses."""
    key, name = (
        Ed25519PrivateKey.from_private_bytes(bytes(32)),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SYNTHETIC")]),
    )
    whole = x509.CertificateBuilder(
        name, name, key.public_key(), 7, datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    )
    if uses:
        whole = whole.add_extension(x509.ExtendedKeyUsage(uses), critical=True)
    return whole.sign(key, None)


def explain(file: Path) -> str:
    """Why a certificate is refused."""
    with pytest.raises(DataError) as error:
        read_certificate(file)
    return " ".join(defect.text.in_(Lang.EN) for defect in error.value.defects)


def test_a_certificate_is_read_in_both_forms_for_its_use_alone(tmp_path: Path) -> None:
    file = tmp_path / "c"
    right = write_certificate(ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING)
    for form in (Encoding.PEM, Encoding.DER):
        file.write_bytes(right.public_bytes(form))
        assert read_certificate(file) == right
        for uses in ((), (ExtendedKeyUsageOID.CODE_SIGNING,)):
            file.write_bytes(write_certificate(*uses).public_bytes(form))
            assert "not made for time stamps" in explain(file)


def test_a_certificate_of_an_unknown_kind_of_key_is_refused(tmp_path: Path) -> None:
    """It is read, and so are its uses; nothing could be checked with its key."""
    data = write_certificate(ExtendedKeyUsageOID.TIME_STAMPING).public_bytes(Encoding.DER)
    assert data.count(ED25519) == 1
    file = tmp_path / "c"
    file.write_bytes(data.replace(ED25519, ED25519.replace(b"\x65\x70", b"\x65\x10")))
    assert "not an X.509 certificate" in explain(file)


def test_an_attribute_of_a_token_stands_once_with_one_value() -> None:
    def write(name: str, *values: str) -> dict[str, Any]:
        return {"type": SimpleNamespace(native=name), "values": values}

    right = [write("content_type", "a"), write("signing_time", "b", "c"), write("message_digest", "d")]
    assert dict(_list_attributes(right)) == {"content_type": "a", "message_digest": "d"}
    for wrong in ([*right, write("content_type", "a")], [*right, write("signing_time", "b")],
                  [write("content_type", "a", "b")], [write("content_type")]):  # fmt: skip
        with pytest.raises(ValueError, match=r"twice|unpack"):
            list(_list_attributes(wrong))


def test_what_cannot_be_opened_is_told_by_its_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no file of this name" in explain(tmp_path / "gone")
    assert "this is a folder" in explain(tmp_path)
    file = tmp_path / "c"
    file.write_bytes(b"junk")
    assert "not an X.509 certificate" in explain(file)
    right = write_certificate(ExtendedKeyUsageOID.TIME_STAMPING)
    file.write_bytes(right.public_bytes(Encoding.DER))
    monkeypatch.setattr(keys, "MOST_BYTES", file.stat().st_size)
    assert read_certificate(file) == right
    monkeypatch.setattr(keys, "MOST_BYTES", file.stat().st_size - 1)
    explain(file)
