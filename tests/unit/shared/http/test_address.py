import subprocess
import sys

import pytest

from shared.http.address import Target, check_address
from shared.problems import ADDRESS_NOT_ALLOWED, Problem
from shared.settings import Settings

NOTHING_LISTED = Settings()


def refusal(url: str, settings: Settings = NOTHING_LISTED) -> str:
    with pytest.raises(Problem) as caught:
        check_address(url, settings)
    assert caught.value.kind is ADDRESS_NOT_ALLOWED
    return caught.value.detail


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com/song.mp3?x=1#y", "example.com", 443),
        ("HTTPS://Example.COM:8443", "example.com", 8443),
        ("https://xn--r8jz45g.jp/a%20song.mp3", "xn--r8jz45g.jp", 443),
        ("https://8.8.8.8/", "8.8.8.8", 443),
        ("https://[2606:4700:4700:0::1111]/", "2606:4700:4700::1111", 443),
        ("https://my_bucket.example.com/", "my_bucket.example.com", 443),
    ],
)
def test_public_https_addresses_are_taken(url: str, host: str, port: int) -> None:
    assert check_address(url, NOTHING_LISTED) == Target("https", host, port, listed=False)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/", "https://"),
        ("ftp://example.com/", "'ftp'"),
        ("file:///etc/passwd", "'file'"),
        ("//example.com/", "no scheme"),
        ("example.com/song.mp3", "no scheme"),
        ("https://", "no valid host"),
        ("https:///song.mp3", "no valid host"),
        ("https://user@example.com/", "user"),
        ("https://user:password@example.com/", "user"),
        ("https://8.8.8.8@127.0.0.1/", "user"),
        ("https://example.com:0/", "Port 0"),
        ("https://example.com:22/", "Port 22"),
        ("https://example.com:99999/", "not a valid URL"),
        ("https://example.com:a/", "not a valid URL"),
        ("https://[::1/", "not a valid URL"),
        ("https://example.com./", "dot"),
        ("https://example..com/", "no valid host"),
        ("https://-example.com/", "no valid host"),
        ("https://exa%6dple.com/", "%"),
        ("https://[fe80::1%25eth0]/", "%"),
        ("https://exa mple.com/", "space"),
        ("https://example.com/a song.mp3", "space"),
        ("https://example.com\\@127.0.0.1/", "backslash"),
        ("https://example.com/\r\nHost: x", "space"),
        ("https://例え.jp/", "ASCII"),
        ("https://①②⑦.⓪.⓪.①/", "ASCII"),
        ("https://" + "a" * 2_100, "longer"),
        ("https://2130706433/", "number"),
        ("https://0x7f.1/", "number"),
        ("https://0x7f000001/", "number"),
        ("https://0177.0.0.1/", "number"),
        ("https://127.1/", "number"),
        ("https://8.8.8.8.8/", "number"),
    ],
)
def test_an_address_in_a_wrong_form_is_refused_by_what_is_wrong(url: str, said: str) -> None:
    assert said in refusal(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[fd00:ec2::254]",
        "localhost",
        "redis",
        "printer.local",
        "metadata.google.internal",
        "x.localhost",
    ],
)
def test_a_private_host_is_refused_with_the_setting_that_would_allow_it(host: str) -> None:
    assert "SOW_QWEN3_ALLOWED_HOSTS" in refusal(f"https://{host}/")


def test_a_listed_host_may_be_private_and_plain_at_any_port() -> None:
    settings = Settings(allowed_hosts=("Consumer", "10.0.0.1", "[::1]"))
    assert check_address("http://consumer/hook", settings) == Target(
        "http", "consumer", 80, listed=True
    )
    assert check_address("https://consumer:8443/", settings).listed
    assert check_address("http://CONSUMER:22/", settings).port == 22
    assert check_address("http://10.0.0.1/", settings).listed
    assert check_address("http://[0:0:0:0:0:0:0:1]:5/", settings).host == "::1"


def test_a_host_listed_with_a_port_is_allowed_at_that_port_alone() -> None:
    settings = Settings(allowed_hosts=("consumer:8080", "[::1]:9000", "safe:443"))
    assert check_address("http://consumer:8080/", settings).listed
    assert check_address("http://[::1]:9000/", settings).listed
    assert check_address("https://safe/", settings).listed
    for url in ("http://consumer/", "http://consumer:8081/", "http://[::1]/", "http://safe/"):
        assert "https" in refusal(url, settings)


def test_listing_a_host_allows_no_other_that_only_looks_like_it() -> None:
    settings = Settings(allowed_hosts=("consumer", "127.0.0.1:9000"))
    for url in (
        "http://consumer.example.com/",
        "http://notconsumer/",
        "http://consumer@10.0.0.1/",
        "http://127.0.0.1:90001/",
        "http://127.0.0.1/",
    ):
        refusal(url, settings)


def test_the_form_check_needs_no_http_library() -> None:
    code = "import sys, shared.storage.address, shared.storage.uploads; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "shared.http.address" in modules
    assert not {"httpx", "httpcore", "boto3", "botocore", "numpy"} & set(modules)
