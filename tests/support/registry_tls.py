"""A certificate authority of the tests, for servers on loopback."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_END = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class Authority:
    """Writes `ca.pem`, and `server.pem` with `server.key` for 127.0.0.1 and localhost, into a folder.

    `client.pem` with `client.key` is what a client can show.
    """

    def __init__(self, folder: Path) -> None:
        self.ca = folder / "ca.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        self.client = folder / "client.pem", folder / "client.key"
        ca_key, server_key, client_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        ca = _certificate("pinbot tests", ca_key.public_key(), "pinbot tests", ca_key, is_ca=True)
        server = _certificate("localhost", server_key.public_key(), "pinbot tests", ca_key, is_ca=False)
        self.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        self.certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(private_pem(server_key))
        client = _certificate("alice", client_key.public_key(), "pinbot tests", ca_key, is_ca=False)
        self.client[0].write_bytes(client.public_bytes(serialization.Encoding.PEM))
        self.client[1].write_bytes(private_pem(client_key))

    @property
    def context(self) -> ssl.SSLContext:
        """For a client that trusts this authority, and has a certificate of its own."""
        context = ssl.create_default_context(cafile=self.ca)
        context.load_cert_chain(*self.client)
        return context

    @property
    def pair(self) -> tuple[Path, Path]:
        return self.certificate, self.key


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def self_signed(name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return _certificate(name, key.public_key(), name, key, is_ca=True)


def _certificate(
    subject: str,
    public: ec.EllipticCurvePublicKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_ca: bool,
) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    addresses: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")),
    ]
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_START)
        .not_valid_after(_END)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
