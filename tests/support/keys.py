"""Keys, certificates and time stamps made for tests: nothing of them is used elsewhere."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto.x509 import Certificate as Asn1Certificate
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOON = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


def write_key(file: Path, *, pem: bool = False, password: bytes | None = None, key: Any = None) -> Any:
    """A private key in `file`, OpenSSH or PEM, and its public key in `file.pub`, alike."""
    key = key or Ed25519PrivateKey.generate()
    shape = PrivateFormat.PKCS8 if pem else PrivateFormat.OpenSSH
    lock = NoEncryption() if password is None else BestAvailableEncryption(password)
    file.write_bytes(key.private_bytes(Encoding.PEM, shape, lock))
    public = (
        (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) if pem else (Encoding.OpenSSH, PublicFormat.OpenSSH)
    )
    Path(f"{file}.pub").write_bytes(key.public_key().public_bytes(*public))
    return key


def rsa_key() -> rsa.RSAPrivateKey:
    """A key of another kind."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Authority:
    """A time stamp authority with a certificate of its own."""

    def __init__(self, kind: str = "rsa", *, for_stamps: bool = True, until: datetime | None = None) -> None:
        self.kind = kind
        self.key: Any = rsa_key() if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Horodatage d'essai")])
        use = ExtendedKeyUsageOID.TIME_STAMPING if for_stamps else ExtendedKeyUsageOID.SERVER_AUTH
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOON - timedelta(days=30))
            .not_valid_after(until or NOON + timedelta(days=30))
            .add_extension(x509.ExtendedKeyUsage([use]), critical=True)
            .sign(self.key, SHA256())
        )

    def write(self, file: Path, encoding: Encoding = Encoding.PEM) -> Path:
        """Its certificate in a file."""
        file.write_bytes(self.certificate.public_bytes(encoding))
        return file

    def reply(
        self, data: bytes, *, status: str = "granted", imprint: str = "sha256", v2: bool = True
    ) -> bytes:
        """A reply that dates some bytes; `v2` names the certificate by SHA-256, else by SHA-1."""
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4.1",
                "message_imprint": {
                    "hash_algorithm": {"algorithm": imprint},
                    "hashed_message": hashlib.new(imprint, data).digest(),
                },
                "serial_number": 7,
                "gen_time": NOON,
            }
        )
        content = cms.EncapsulatedContentInfo(
            {"content_type": "tst_info", "content": core.ParsableOctetString(info.dump())}
        )
        der = self.certificate.public_bytes(Encoding.DER)
        named: tuple[str, Any]
        if v2:
            one = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(der).digest()})
            named = ("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [one]}))
        else:
            old = tsp.ESSCertID({"cert_hash": hashlib.sha1(der).digest()})
            named = ("signing_certificate", tsp.SigningCertificate({"certs": [old]}))
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute(
                    {"type": "message_digest", "values": [hashlib.sha256(info.dump()).digest()]}
                ),
                cms.CMSAttribute({"type": named[0], "values": [named[1]]}),
            ]
        )
        own = Asn1Certificate.load(der)
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}}
                ),
                "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "signed_attrs": attributes,
                "signature_algorithm": {
                    "algorithm": "rsassa_pkcs1v15" if self.kind == "rsa" else "sha256_ecdsa"
                },
                "signature": self._sign(attributes.dump()),
            }
        )
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": content,
                "signer_infos": [signer],
            }
        )
        token = cms.ContentInfo({"content_type": "signed_data", "content": signed})
        found: bytes = tsp.TimeStampResp({"status": {"status": status}, "time_stamp_token": token}).dump()
        return found

    def _sign(self, data: bytes) -> bytes:
        if self.kind == "rsa":
            return bytes(self.key.sign(data, padding.PKCS1v15(), SHA256()))
        return bytes(self.key.sign(data, ec.ECDSA(SHA256())))
