import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.http.client import caused_by, guarded_client
from shared.problems import ADDRESS_NOT_ALLOWED, Problem
from shared.settings import Settings
from tests.support.site import Site, content, running_site, status


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Answers for names, one list of addresses a question, the last one again and again.

    This stands in for a name server of a stranger's, which no test here could ask.
    """
    answers: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def answer(host: str, port: int, *_: int, **__: int) -> list[tuple[object, ...]]:
        if host not in answers:
            return [*real(host, port, type=socket.SOCK_STREAM)]
        addresses = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [found for address in addresses for found in answer(address, port)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return answers


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record where a connection is tried, and refuse it: nothing leaves the machine."""
    tried: list[str] = []

    def refuse(address: tuple[str, int], *_: object, **__: object) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


def listing(*hosts: str) -> Settings:
    return Settings(allowed_hosts=hosts)


def test_a_listed_host_is_reached(site: Site) -> None:
    site.answers["/song"] = content(b"la la la")
    with guarded_client(listing(site.host), 5) as client:
        assert client.get(site.url("/song")).content == b"la la la"


def test_a_host_that_is_not_listed_is_not_reached(site: Site) -> None:
    site.answers["/song"] = content(b"la la la")
    with guarded_client(listing(), 5) as client:
        for url in (site.url("/song"), site.url("/song").replace("http:", "https:")):
            with pytest.raises(Problem) as caught:
                client.get(url)
            assert caught.value.kind is ADDRESS_NOT_ALLOWED
    assert site.asked == []


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["93.184.215.14", "127.0.0.1"],
        ["10.0.0.1", "93.184.215.14"],
        ["::1"],
        ["::ffff:169.254.169.254"],
        ["64:ff9b::a9fe:a9fe"],
    ],
)
def test_a_public_name_with_any_private_answer_is_not_reached(
    answers: list[str], names: dict[str, list[list[str]]], connected: list[str]
) -> None:
    names["songs.example.com"] = [answers]
    with guarded_client(listing(), 5) as client, pytest.raises(Problem) as caught:
        client.get("https://songs.example.com:8443/song")
    assert caught.value.kind is ADDRESS_NOT_ALLOWED
    assert "songs.example.com" in caught.value.detail
    assert not any(address in caught.value.detail for address in answers)
    assert connected == []


def test_a_name_that_changes_after_its_check_is_reached_where_it_was_checked(
    names: dict[str, list[list[str]]], connected: list[str]
) -> None:
    names["rebind.example.com"] = [["93.184.215.14", "2606:4700::1111"], ["127.0.0.1"]]
    with guarded_client(listing(), 5) as client, pytest.raises(httpx.ConnectError):
        client.get("https://rebind.example.com/song")
    assert connected == ["93.184.215.14", "2606:4700::1111"]


def test_the_next_address_is_tried_when_one_does_not_answer(
    site: Site, names: dict[str, list[list[str]]]
) -> None:
    site.answers["/song"] = content(b"la")
    names["songs.test"] = [["127.77.77.77", "127.0.0.1"]]
    with guarded_client(listing("songs.test"), 5) as client:
        assert client.get(f"http://songs.test:{site.port}/song").content == b"la"
    assert site.asked[0][1]["host"] == f"songs.test:{site.port}"


def test_a_redirect_is_handed_back_and_not_followed(site: Site) -> None:
    site.answers["/song"] = status(302, Location="/elsewhere")
    with guarded_client(listing(site.host), 5) as client:
        assert client.get(site.url("/song")).status_code == 302
    assert [path for path, _ in site.asked] == ["/song"]


def test_proxies_and_passwords_of_the_environment_are_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.answers["/song"] = content(b"la")
    with guarded_client(listing(site.host), 5) as client:
        assert client.get(site.url("/song")).content == b"la"
    assert "authorization" not in site.asked[0][1]


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_is_left_when_the_time_is_over(site: Site, part: str) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        if part == "body":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not site.closing.wait(0.05):
            handler.wfile.write(b".")

    site.answers["/drip"] = drip
    with guarded_client(listing(site.host), 0.5) as client, pytest.raises(httpx.ReadTimeout):
        client.get(site.url("/drip"))


def test_a_resolver_that_hangs_is_left_when_the_time_is_over(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: site.closing.wait(20))
    with guarded_client(listing(), 0.3) as client, pytest.raises(httpx.ConnectTimeout):
        client.get("https://slow.example.com/")


def test_an_unknown_name_is_told_from_other_faults() -> None:
    with guarded_client(listing(), 20) as client, pytest.raises(httpx.ConnectError) as caught:
        client.get("https://no-such-host.invalid/")
    assert caused_by(caught.value, socket.gaierror) is not None
    assert caused_by(caught.value, ssl.SSLError) is None


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate for a name, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


def test_tls_is_spoken_with_the_name_and_not_with_the_checked_address(
    names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate_file, key_file = certificate(tmp_path, "songs.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    asked_for: list[str] = []
    context.sni_callback = lambda _, name, __: asked_for.append(name)
    names["songs.test"] = names["other.test"] = [["127.0.0.1"]]
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_file))
    with (
        running_site(context) as site,
        guarded_client(listing("songs.test", "other.test"), 5) as client,
    ):
        site.answers["/song"] = content(b"la")
        assert client.get(f"https://songs.test:{site.port}/song").content == b"la"
        with pytest.raises(httpx.ConnectError) as caught:
            client.get(f"https://other.test:{site.port}/song")
    assert caused_by(caught.value, ssl.SSLCertVerificationError) is not None
    assert asked_for == ["songs.test", "other.test"]


def test_the_time_left_shrinks_over_several_requests(site: Site) -> None:
    site.answers["/song"] = content(b"la")
    with guarded_client(listing(site.host), 0.5) as client:
        client.get(site.url("/song"))
        time.sleep(0.6)
        with pytest.raises(httpx.TimeoutException):
            client.get(site.url("/song"))
