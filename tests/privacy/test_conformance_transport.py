"""Where the service is really run, its own address must answer in TLS, and say so to browsers."""

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from gateway.models import Provider
from privacy.conformance.finding import Finding
from privacy.conformance.probes import security

YEAR = 31_536_000


class Site(BaseHTTPRequestHandler):
    """A front door that says what the test wants."""

    strict = f"max-age={YEAR}; includeSubDomains"

    def do_GET(self) -> None:
        self.send_response(200)
        if self.strict:
            self.send_header("Strict-Transport-Security", self.strict)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, which signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lumyx test")])
    now = datetime.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "site.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def door(database: None, certificate: Path) -> Iterator[str]:
    """Our address, served in TLS, in settings as production has them."""
    server = HTTPServer(("127.0.0.1", 0), Site)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with transaction.atomic():
        Provider.objects.update(base_url="https://api.example.com/v1")
        yield f"https://127.0.0.1:{server.server_address[1]}"
        transaction.set_rollback(True)
    server.shutdown()
    thread.join()
    server.server_close()


def look(url: str, *, development: bool = False) -> Finding:
    https = url.startswith("https://")
    with override_settings(PUBLIC_URL=url, HTTPS=https, STANDINS=development):
        return security.tls(timezone.now())


def test_a_valid_certificate_and_a_year_of_insisting_keep_the_promise(
    door: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert look(door).passed, look(door).details


@pytest.mark.parametrize("strict", ["", "max-age=60", "includeSubDomains"])
def test_browsers_must_be_told_to_insist(
    door: str, certificate: Path, monkeypatch: pytest.MonkeyPatch, strict: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    monkeypatch.setattr(Site, "strict", strict)
    assert look(door).details == "no Strict-Transport-Security of a year"


def test_a_certificate_that_nobody_trusts_is_a_failure(door: str) -> None:
    found = look(door)
    assert not found.passed
    assert "SSLError" in found.details


def test_an_address_that_cannot_be_reached_is_a_failure(door: str) -> None:
    assert "Connect" in look("https://127.0.0.1:1").details


def test_providers_the_database_and_redis_must_be_spoken_to_in_tls(
    door: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    Provider.objects.create(name="open", base_url="http://10.0.0.1/v1")
    assert look(door).details == "provider open"
    Provider.objects.filter(name="open").delete()
    with override_settings(REDIS_URL="redis://redis.internal:6379/0"):
        assert look(door).details == "Redis"
    with override_settings(REDIS_URL="rediss://redis.internal:6379/0"):
        assert look(door).passed
    monkeypatch.setitem(connection.settings_dict, "HOST", "database.internal")
    assert look(door).details == "PostgreSQL"


def test_plain_http_is_not_applicable_in_development_and_a_failure_anywhere_else(
    door: str,
) -> None:
    found = look("http://127.0.0.1:1", development=True)
    assert (found.passed, found.applies) == (False, False)
    found = look("http://127.0.0.1:1")
    assert (found.passed, found.applies, found.details) == (False, True, "our own address")
