"""Addresses and origins: any spelling is the same one, and what can match nothing is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.addresses import (
    AddressError,
    HostNames,
    Networks,
    client_key,
    one_spelling,
    read_host_name,
    read_network,
    read_origin,
)
from gameserver.net.settings import NetSettings


@pytest.mark.parametrize(
    "spelling",
    [
        "2001:db8::1",
        "2001:DB8::1",
        "2001:db8:0:0:0:0:0:1",
        "2001:0db8:0000:0000:0000:0000:0000:0001",
        "[2001:db8::1]",
        "[2001:DB8::0:1]:49152",
    ],
)
def test_each_spelling_of_an_ipv6_address_is_one_client(spelling: str) -> None:
    assert one_spelling(spelling) == "2001:db8::1"


@pytest.mark.parametrize("spelling", ["192.0.2.1", "192.0.2.1:49152", "::ffff:192.0.2.1", "[::ffff:c000:201]:80"])
def test_each_spelling_of_an_ipv4_address_is_one_client(spelling: str) -> None:
    assert one_spelling(spelling) == client_key(spelling) == "192.0.2.1"


def test_limits_count_an_ipv6_client_by_its_network() -> None:
    assert client_key("2001:db8:1:2:3:4:5:6") == client_key("2001:DB8:1:2::9") == "2001:db8:1:2::/64"
    assert client_key("2001:db8:1:3::9") != client_key("2001:db8:1:2::9")


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "192.0.2", "192.0.2.1:x", "010.0.0.1", "[::1", "::1]:80"])
def test_what_is_no_address_stays_as_it_is(text: str) -> None:
    assert one_spelling(text) == client_key(text) == text


TRUSTED = ("10.0.0.0/8", "2001:db8:ffff::/48", "::ffff:172.16.0.0/108", "127.0.0.1")


@pytest.mark.parametrize(
    ("remote", "hops", "client"),
    [
        ("198.51.100.1", ["203.0.113.7"], "198.51.100.1"),  # no proxy of ours
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["203.0.113.7"], "203.0.113.7"),
        ("10.1.2.3", ["203.0.113.7:5000"], "203.0.113.7"),
        ("10.1.2.3", ["spoofed", "203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["spoofed", "203.0.113.7", "10.9.9.9"], "203.0.113.7"),  # a balancer before the proxy
        ("::ffff:10.1.2.3", ["[2001:DB8::0:7]:443"], "2001:db8::7"),
        ("2001:db8:ffff::1", ["203.0.113.7"], "203.0.113.7"),
        ("172.16.5.5", ["203.0.113.7"], "203.0.113.7"),
        ("10.1.2.3", ["203.0.113.7", "unknown"], "10.1.2.3"),
        ("10.1.2.3", ["10.4.4.4"], "10.4.4.4"),
    ],
)
def test_a_client_is_the_last_address_that_a_trusted_proxy_names(remote: str, hops: list[str], client: str) -> None:
    assert Networks(TRUSTED).client_among(remote, hops) == client


@pytest.mark.parametrize("text", ["localhost", "", "10.0.0.0/33", "10.0.0.5/8", "*", "10.0.0.*"])
def test_a_network_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match="write"):
        read_network(text)
    with pytest.raises(AddressError):
        NetSettings(trusted_proxies=(text,))


def test_an_address_with_the_length_of_a_network_says_both_that_could_be_meant() -> None:
    with pytest.raises(AddressError, match=r"write 10\.0\.0\.0/8 for the network, or 10\.0\.0\.5"):
        read_network("10.0.0.5/8")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://play.example.org", "https://play.example.org"),
        ("https://play.example.org/", "https://play.example.org"),
        ("HTTPS://Play.Example.ORG:443", "https://play.example.org"),
        ("http://localhost:5173/", "http://localhost:5173"),
        ("http://localhost:80", "http://localhost"),
        ("https://localhost:80", "https://localhost:80"),
        ("http://[0:0::1]:8000", "http://[::1]:8000"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("null", "null"),
        ("*", "*"),
    ],
)
def test_an_origin_gets_the_spelling_of_browsers(text: str, origin: str) -> None:
    assert read_origin(text) == origin
    assert NetSettings(origins=(text,)).origins == (origin,)


@pytest.mark.parametrize(
    ("text", "write"),
    [
        ("play.example.org", "https://play.example.org"),
        ("localhost:5173", "https://localhost:5173"),
        ("https://play.example.org/game", "https://play.example.org"),
        ("https://ada@play.example.org", "https://play.example.org"),
        ("https://*.example.org", "https://play.example.org"),
        ("https://spiele.bücher.example", "https://play.example.org"),
        ("https://play.example.org:99999", "https://play.example.org"),
        ("http://[::1", "https://play.example.org"),
        ("https://", "https://play.example.org"),
        ("", "https://host"),
    ],
)
def test_what_no_page_can_have_as_its_origin_is_refused_and_says_what_to_write(text: str, write: str) -> None:
    with pytest.raises(AddressError) as caught:
        read_origin(text)
    assert str(caught.value).endswith(write)
    with pytest.raises(AddressError):
        NetSettings(origins=(text,))


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    one_spelling(text)
    client_key(text)
    for read in (read_network, read_origin):
        try:
            once = str(read(text))
        except AddressError:
            continue
        assert str(read(once)) == once


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("app.localhost:8000", True),
        ("127.0.0.1", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("203.0.113.7", True),
        ("play.example.org", True),
        ("Play.Example.org.:443", True),
        ("pages.example", True),
        ("evil.example", False),
        ("play.example.org.evil.example", False),
        ("xplay.example.org", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("0x7f.1", False),
        ("2130706433", False),
        ("", False),
    ],
)
def test_a_server_answers_to_its_names_and_to_addresses(host: str, answered: bool) -> None:
    names = HostNames(["play.example.org"], origins=["https://pages.example"])
    assert (host in names) is answered
    assert host in HostNames(["*"])


@pytest.mark.parametrize(
    "text", ["https://play.example.org", "play.example.org:443", "", "a b", "*.example.org", "é.org"]
)
def test_a_host_name_that_is_none_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(AddressError, match="write a name without scheme and port"):
        read_host_name(text)


def test_the_bound_host_is_one_of_the_names() -> None:
    assert NetSettings(host="play.example.org").answers_to("play.example.org:8000")
    assert not NetSettings(host="0.0.0.0").answers_to("play.example.org")
    with pytest.raises(AddressError):
        NetSettings(host_names=("https://play.example.org",))
