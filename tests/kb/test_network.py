"""The network lets nothing through but what is named: tricks, played over real HTTP."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ingest.arxiv_http import PLACES
from ingest.arxiv_source import ArxivSource
from ingest.errors import SourceError
from ingest.network import Limits, addresses, fetch
from ingest.url import BadUrl, Gate, Place, is_web_address, kind_of, parse, parse_place
from kb.errors import UsageError
from kb.settings import Settings, load_settings
from kb.writing.endpoint import Endpoint
from kb.writing.wire import BrokenOff, listen
from tests.kb.played_model import KEY, play
from tests.kb.played_server import Bytes, endless, head, moved, plain, sent, serving

CHECKOUT = Path(__file__).parents[2]
QUICK = Limits(idle=0.4, total=0.8, size=100_000)
ARXIV = Gate.of(PLACES)

# Each is a way to have another host asked than the one a reader, or a check, sees.
NO_ADDRESS = {
    "no scheme": "arxiv.org/abs/1",
    "scheme of a file": "file:///etc/passwd",
    "script": "javascript:alert(1)",
    "data": "data:text/html,x",
    "ftp": "ftp://arxiv.org/x",
    "gopher": "gopher://127.0.0.1:11211/_stats",
    "one slash": "https:/arxiv.org/abs/1",
    "three slashes": "https:///arxiv.org/abs/1",
    "no slashes": "https:arxiv.org",
    "user name": "https://arxiv.org@evil.example/",
    "user name and password": "https://u:p@arxiv.org/",
    "user name with a port's look": "https://arxiv.org:443@evil.example/",
    "two at signs": "https://a@b@arxiv.org/",
    "encoded at sign": "https://evil.example%40arxiv.org/",
    "backslash for a slash": "https://evil.example\\@arxiv.org/",
    "backslashes": "https:\\\\arxiv.org/",
    "backslash in the path": "https://arxiv.org/a\\..\\b",
    "tab in the host": "https://arx\tiv.org/",
    "new line": "https://arxiv.org/\r\nHost: evil.example",
    "space": "https://arxiv.org /",
    "space before": " https://arxiv.org/",
    "null": "https://arxiv.org\0.evil.example/",
    "dot at the end": "https://arxiv.org./",
    "two dots": "https://arxiv..org/",
    "dot at the start": "https://.arxiv.org/",
    "full-width host": "https://\uff41rxiv.org/",
    "full-width digits": "http://\uff11\uff12\uff17.0.0.1/",
    "circled digits": "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
    "ideographic full stop": "https://arxiv\u3002org/",
    "Cyrillic letter": "https://\u0430rxiv.org/",
    "soft hyphen": "https://ar\u00adxiv.org/",
    "direction mark": "https://arxiv.org\u202e/",
    "decimal address": "http://2130706433/",
    "hexadecimal address": "http://0x7f000001/",
    "hexadecimal parts": "http://0x7f.0.0.1/",
    "octal address": "http://0177.0.0.1/",
    "short address": "http://127.1/",
    "hexadecimal end": "http://evil.0x1/",
    "five parts": "http://1.2.3.4.5/",
    "address with a zone": "http://[fe80::1%25eth0]/",
    "broken brackets": "http://[::1/",
    "brackets around a name": "http://[arxiv.org]/",
    "no host": "https://:443/",
    "port zero": "https://arxiv.org:0/",
    "port too high": "https://arxiv.org:65536/",
    "port with a sign": "https://arxiv.org:+443/",
    "port of a letter": "https://arxiv.org:44a/",
    "two ports": "https://arxiv.org:443:80/",
    "label too long": "https://" + "a" * 64 + ".org/",
    "host too long": "https://" + "a." * 127 + "org/",
    "asterisk": "https://*.arxiv.org/",
    "address too long": "https://arxiv.org/" + "a" * 9000,
}
OTHER_PLACE = {
    "another host": "https://evil.example/",
    "host as a beginning": "https://arxiv.org.evil.example/",
    "host as an end": "https://evilarxiv.org/",
    "a host below": "https://static.arxiv.org/",
    "host behind a query": "https://evil.example?https://arxiv.org/",
    "host behind a mark": "https://evil.example#@arxiv.org/",
    "host behind a slash": "https://evil.example/@arxiv.org/",
    "not encrypted": "http://arxiv.org/",
    "another port": "https://arxiv.org:8443/",
    "port of http": "https://arxiv.org:80/",
    "this machine": "http://127.0.0.1/",
    "this machine by name": "http://localhost/",
    "this machine, version 6": "http://[::1]/",
    "version 4 in version 6": "http://[::ffff:127.0.0.1]/",
    "unspecified": "http://0.0.0.0/",
    "cloud metadata": "http://169.254.169.254/latest/meta-data/",
    "private": "http://10.0.0.1/",
    "punycode": "https://xn--rxiv-43d.org/",
}


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is looked up; nothing is found."""
    names: list[str] = []

    def look_up(host: str, *_: Any, **__: Any) -> Any:
        names.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "played")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return names


@pytest.mark.parametrize("trick", NO_ADDRESS)
def test_what_two_programs_could_read_differently_is_no_address(
    trick: str, looked_up: list[str]
) -> None:
    with pytest.raises(BadUrl) as caught:
        parse(NO_ADDRESS[trick])
    assert NO_ADDRESS[trick].strip() not in str(caught.value)
    with pytest.raises(SourceError) as refused:
        fetch(NO_ADDRESS[trick], ARXIV, QUICK, {})
    assert refused.value.code == "not_allowed"
    assert not looked_up


@pytest.mark.parametrize("trick", OTHER_PLACE)
def test_no_other_place_is_even_looked_up(trick: str, looked_up: list[str]) -> None:
    with pytest.raises(SourceError) as refused:
        fetch(OTHER_PLACE[trick], ARXIV, QUICK, {})
    assert refused.value.code == "not_allowed"
    assert not looked_up


def test_arxiv_itself_is_looked_up(looked_up: list[str]) -> None:
    for url in ("https://arxiv.org/pdf/2501.00001", "HTTPS://EXPORT.arxiv.org:443/api/query?a=b"):
        with pytest.raises(SourceError) as caught:
            fetch(url, ARXIV, QUICK, {})
        assert caught.value.code == "unreachable"
    assert looked_up == ["arxiv.org", "export.arxiv.org"]


# what the resolver says of a listed host
RESOLVED = {
    "loopback": ["127.0.0.1"],
    "loopback, another": ["127.8.8.8"],
    "loopback 6": ["::1"],
    "private 10": ["10.1.2.3"],
    "private 172": ["172.16.0.1"],
    "private 192": ["192.168.1.1"],
    "link-local": ["169.254.169.254"],
    "link-local 6": ["fe80::1"],
    "unique local 6": ["fd00::1"],
    "site-local 6": ["fec0::1"],
    "provider's": ["100.64.0.1"],
    "unspecified": ["0.0.0.0"],
    "unspecified 6": ["::"],
    "multicast": ["224.0.0.1"],
    "multicast 6": ["ff02::1"],
    "broadcast": ["255.255.255.255"],
    "benchmarks": ["198.18.0.1"],
    "documentation": ["192.0.2.1"],
    "mapped loopback": ["::ffff:127.0.0.1"],
    "compatible loopback": ["::127.0.0.1"],
    "NAT64 of a private address": ["64:ff9b::a00:1"],
    "local NAT64": ["64:ff9b:1::7f00:1"],
    "6to4 of a private address": ["2002:a00:1::1"],
    "Teredo of loopback": ["2001:0:4136:e378:8000:63bf:80ff:fffe"],
    "one good, one private": ["151.101.3.42", "10.0.0.1"],
    "only a public address in disguise": ["64:ff9b::9765:32a"],
    "none": [],
}


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Patch the resolver: it gives these in turn, the last again and again."""
    waiting, asked = list(answers), []

    true = socket.getaddrinfo

    def look_up(host: str, port: int, *_: Any, **__: Any) -> Any:
        if host[0].isdigit() or ":" in host:
            return true(host, port, type=socket.SOCK_STREAM)  # no look-up
        asked.append(host)
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("trick", RESOLVED)
def test_a_name_that_leads_inside_is_not_followed(
    trick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, RESOLVED[trick])
    with pytest.raises(SourceError) as refused:
        fetch("https://arxiv.org/", ARXIV, QUICK, {})
    assert refused.value.code == "not_allowed"


def test_a_public_address_passes_and_version_four_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = parse_place("https://arxiv.org")
    resolve(monkeypatch, ["2a04:4e42::810", "64:ff9b::9765:32a", "151.101.3.42"])
    assert addresses(place) == ["151.101.3.42", "2a04:4e42::810"]


def test_localhost_must_lie_here(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate.of(["http://localhost:8000"])
    resolve(monkeypatch, ["192.168.1.1"])
    with pytest.raises(SourceError, match="another machine"):
        fetch("http://localhost:8000/", gate, QUICK, {})


def test_a_name_that_changes_its_address_is_asked_at_the_one_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the second look-up would lead elsewhere; there is none."""
    with serving(plain(b"here")) as server:
        asked = resolve(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        url = f"http://localhost:{server.port}/"
        answer = fetch(url, Gate.of([url]), QUICK, {})
        assert answer.content == b"here"
        assert asked == ["localhost"]
        assert f"Host: localhost:{server.port}\r\n" in server.asked[0]


REDIRECTS = {
    "another host": "http://evil.example/",
    "no scheme": "//evil.example/",
    "backslashes": "\\\\evil.example/",
    "half a backslash": "/\\evil.example/",
    "metadata": "http://169.254.169.254/latest/",
    "private": "http://10.0.0.1/",
    "loopback, another port": "http://127.0.0.1:1/",
    "loopback by number": "http://2130706433:{port}/",
    "loopback in version 6": "http://[::ffff:127.0.0.1]:{port}/",
    "loopback with a user": "http://a@127.0.0.1:{port}/",
    "a file": "file:///etc/passwd",
    "data": "data:text/plain,x",
    "broken brackets": "http://[::1",
    "a high byte": "http://evil\xe9.example/",
    "nothing but a port": "http://:80/",
}


@pytest.mark.parametrize("trick", REDIRECTS)
def test_a_redirection_is_checked_like_an_address(trick: str) -> None:
    port: list[int] = []

    def play_moved(path: str, line: socket.socket, over: Any) -> None:
        moved(REDIRECTS[trick].format(port=port[0]))(path, line, over)

    with serving(play_moved) as server:
        port.append(server.port)
        with pytest.raises(SourceError) as refused:
            fetch(server.url, Gate.of([server.url, *PLACES]), QUICK, {})
        assert refused.value.code == "not_allowed"
        assert len(server.asked) == 1


def test_redirections_are_followed_within_the_list_and_counted() -> None:
    with serving(plain(b"%PDF")) as other:
        with serving(moved(f"{other.url}/there")) as server:
            gate = Gate.of([server.url, other.url])
            assert fetch(f"{server.url}/a", gate, QUICK, {}).content == b"%PDF"
            assert "GET /there " in other.asked[0]
        with serving(moved("/again")) as server:
            with pytest.raises(SourceError) as caught:
                fetch(server.url, Gate.of([server.url]), QUICK, {})
            assert caught.value.code == "malformed"
            assert len(server.asked) == 1 + QUICK.redirects


def test_encryption_is_not_given_up() -> None:
    gate = Gate.of(["https://arxiv.org", "http://arxiv.org"])
    with pytest.raises(SourceError, match="unencrypted"):
        gate.follow(gate.check("https://arxiv.org/"), "http://arxiv.org/")


def silent(_path: str, _line: socket.socket, over: threading.Event) -> None:
    over.wait(5)


BIG = b"<feed>" + b" " * 5_000_000
WIRE: dict[str, tuple[Bytes, str]] = {
    "says nothing": (silent, "unreachable"),
    "hangs up": (sent(b""), "unreachable"),
    "a drip of headers": (endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.05), "unreachable"),
    "a line that drips": (endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"b", 0.05), "unreachable"),
    "headers without end": (endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 50), "unreachable"),
    "a header without end": (endless(b"HTTP/1.1 200 OK\r\nX: ", b"b" * 65536), "unreachable"),
    "a drip of a body": (
        endless(head("Content-Length: 1000000"), b"x", 0.05), "unreachable"),
    "a drip of chunks": (
        endless(head("Transfer-Encoding: chunked"), b"1\r\nx\r\n", 0.05), "unreachable"),
    "a body without end": (endless(head(), b"x" * 65536), "too_large"),
    "chunks without end": (
        endless(head("Transfer-Encoding: chunked"), b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        "too_large"),
    "a chunk's length without end": (
        endless(head("Transfer-Encoding: chunked"), b"0" * 65536), "unreachable"),
    "a bomb in gzip": (plain(gzip.compress(BIG), "Content-Encoding: gzip"), "too_large"),
    "a bomb within a bomb": (
        plain(gzip.compress(gzip.compress(BIG)), "Content-Encoding: gzip, gzip"), "too_large"),
    "many codings": (
        plain(b"x", "Content-Encoding: " + ", ".join(["gzip"] * 500)), "unreachable"),
    "no gzip at all": (plain(b"no gzip", "Content-Encoding: gzip"), "unreachable"),
    "a length too long": (sent(head("Content-Length: 500") + b"short"), "unreachable"),
    "a length of no number": (sent(head("Content-Length: -5") + b"x" * 200_000), "too_large"),
    "two lengths": (
        sent(head("Content-Length: 5", "Content-Length: 6") + b"hello"), "unreachable"),
    "no HTTP": (sent(b"SSH-2.0-OpenSSH_9.9\r\n"), "unreachable"),
    "a status of no number": (sent(b"HTTP/1.1 abc OK\r\n\r\n"), "unreachable"),
    "only continues": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "unreachable"),
}  # fmt: skip


@pytest.mark.parametrize("trick", WIRE)
def test_a_hostile_answer_ends_in_time_with_a_reason(trick: str) -> None:
    bytes_, code = WIRE[trick]
    with serving(bytes_) as server:
        begun = time.monotonic()
        with pytest.raises(SourceError) as caught:
            fetch(server.url, Gate.of([server.url]), QUICK, {})
        # Far beyond the limit of 0.8 s: the machine may be busy.
        assert time.monotonic() - begun < 8
    assert caught.value.code == code, caught.value
    assert caught.value.message
    assert "\n" not in str(caught.value)
    assert "http.client" not in str(caught.value)


def test_a_packed_answer_within_the_limits_is_read() -> None:
    with serving(plain(gzip.compress(b"<feed/>"), "Content-Encoding: gzip")) as server:
        assert fetch(server.url, Gate.of([server.url]), QUICK, {}).content == b"<feed/>"


def test_no_proxy_name_or_password_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with serving(plain(b"proxy")) as proxy, serving(plain(b"true")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert fetch(server.url, Gate.of([server.url]), QUICK, {}).content == b"true"
        assert not proxy.asked
        assert "authorization" not in server.asked[0].lower()


def test_a_proxy_that_is_named_is_asked_for_listed_places_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(plain(b"", status="403 Forbidden")) as proxy:
        monkeypatch.setenv("SIXFOLD_PROXY", proxy.url)
        with pytest.raises(SourceError, match="proxy"):
            fetch("https://arxiv.org/", ARXIV, QUICK, {})
        assert proxy.asked[0].startswith("CONNECT arxiv.org:443 ")
        with pytest.raises(SourceError) as refused:
            fetch("https://evil.example/", ARXIV, QUICK, {})
        assert refused.value.code == "not_allowed"
        assert len(proxy.asked) == 1


def test_a_proxy_fetches_in_the_open_by_the_whole_address_and_ends_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate.of(["http://papers.example"])
    with serving(plain(b"true")) as proxy:
        monkeypatch.setenv("SIXFOLD_PROXY", proxy.url)
        assert fetch("http://papers.example/a?b", gate, QUICK, {}).content == b"true"
        assert proxy.asked[0].startswith("GET http://papers.example/a?b ")
    with serving(endless(head("Content-Length: 1000000"), b"x", 0.05)) as dripping:
        monkeypatch.setenv("SIXFOLD_PROXY", dripping.url)
        begun = time.monotonic()
        with pytest.raises(SourceError, match="too long"):
            fetch("http://papers.example/", gate, QUICK, {})
        assert time.monotonic() - begun < 8


@pytest.mark.parametrize("proxy", ["proxy.example:8080", "ftp://x:1", "http://u:secret@[::1"])
def test_what_is_no_proxy_is_named(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("SIXFOLD_PROXY", proxy)
    with pytest.raises(SourceError, match="SIXFOLD_PROXY") as caught:
        fetch("https://arxiv.org/", ARXIV, QUICK, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "entry",
    [
        "arxiv.org", "https://a.example/path", "https://a.example/?q", "https://u:pw@a.example",
        "https://*", "http://10.0.0.1:8000", "http://169.254.169.254", "http://[fd00::1]", "",
        "http://0.0.0.0:8000",
    ],
)  # fmt: skip
def test_an_entry_is_a_scheme_a_host_and_a_port(entry: str, tmp_path: Path) -> None:
    with pytest.raises(BadUrl):
        parse_place(entry)
    (tmp_path / "settings.toml").write_text(f'allow_hosts = ["{entry}"]\n')
    with pytest.raises(UsageError) as caught:
        load_settings(tmp_path)
    assert caught.value.remedy
    assert "pw" not in str(caught.value)


def test_settings_name_places(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        'allow_hosts = ["http://127.0.0.1:8000", "https://Mirror.example"]\n'
    )
    gate = Gate.of((*PLACES, *load_settings(tmp_path).allow_hosts))
    for url in ("http://127.0.0.1:8000/api", "https://mirror.example/pdf", "https://arxiv.org/"):
        gate.check(url)
    for url in ("http://127.0.0.1:8001/", "http://mirror.example/", "https://mirror.example:8/"):
        with pytest.raises(SourceError):
            gate.check(url)
    (tmp_path / "settings.toml").write_text('allow_hosts = "http://127.0.0.1:8000"\n')
    with pytest.raises(UsageError, match="list"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000/", True),
        ("https://index.example:8000", True),
        ("http://index.example:8000", False),
        ("http://10.0.0.1:8000", False),
        ("http://u:pw@127.0.0.1:8000", False),
        ("http://169.254.169.254", False),
        ("nonsense", False),
    ],
)
def test_an_index_lies_here_or_where_the_list_says(url: str, fine: bool) -> None:
    entries = ("https://index.example:8000",)
    if fine:
        assert Settings(chroma_url=url, allow_hosts=entries).chroma_url == url
        return
    with pytest.raises(UsageError) as caught:
        Settings(chroma_url=url, allow_hosts=entries)
    assert caught.value.item == "chroma_url"
    assert caught.value.remedy
    assert "pw" not in str(caught.value.to_json())


def test_the_arxiv_client_asks_no_one_else(looked_up: list[str], tmp_path: Path) -> None:
    source = ArxivSource("https://mirror.example/api", "http://10.0.0.1/pdf", sleep=lambda _: None)
    for call in (
        lambda: list(source.by_query("x", 1)),
        lambda: source.fetch_pdf("2501.00001", tmp_path / "x.pdf"),
    ):
        with pytest.raises(SourceError) as refused:
            call()
        assert refused.value.code == "not_allowed"
        assert "allow_hosts" in refused.value.remedy
    assert not looked_up
    assert not list(tmp_path.iterdir())


MODEL_PLACES = {
    "metadata, though the person says so": ("http://169.254.169.254/v1", True, None, False),
    "private, by the settings": ("http://10.0.0.1:8000/v1", False, None, False),
    "a name that leads inside": ("http://model.example/v1", False, ["192.168.0.9"], False),
    "a name that leads here": ("http://model.example/v1", False, ["127.0.0.1"], False),
    "private, as the person says": ("http://model.example/v1", True, ["192.168.0.9"], True),
}


@pytest.mark.parametrize("trick", MODEL_PLACES)
def test_a_language_model_is_asked_where_it_may_be(
    trick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, own, found, passes = MODEL_PLACES[trick]
    if found:
        resolve(monkeypatch, found)
    place = parse(url).place
    if passes:
        assert addresses(place, near=own) == found
        return
    endpoint = Endpoint(url, "played", seconds=60.0, tokens=100, own=own)
    with pytest.raises(BrokenOff, match="lies at") as broken:
        list(listen(endpoint, [{"role": "user", "content": "x"}], lambda: False))
    assert own or "SIXFOLD_LLM_URL" in broken.value.reason


def test_the_language_model_is_asked_at_the_checked_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with play(lambda line: line.say("Hello")) as played:
        port = parse(played.url).place.port
        asked = resolve(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        monkeypatch.setenv("SIXFOLD_LLM_KEY", KEY)
        endpoint = Endpoint(f"http://model.example:{port}/v1", "m", 60.0, 100, own=True)
        text = "".join(listen(endpoint, [{"role": "user", "content": "x"}], lambda: False))
    assert text == "Hello"
    assert asked == ["model.example"]
    assert played.headers[0]["host"] == f"model.example:{port}"


def test_links_are_web_addresses() -> None:
    good = [
        "https://arxiv.org/abs/1",
        "http://a.example/Straße?q=ü#z",
        "https://doi.org/10.1/x%20y",
    ]
    assert all(map(is_web_address, good))
    assert not any(
        map(is_web_address, ["javascript:alert(1)", "//a", "https://u@b/", "", "\ud800"])
    )


def test_addresses_are_told_apart() -> None:
    assert kind_of("151.101.3.42") == kind_of("2a04:4e42::810") == ""
    assert Place("http", "::1", 80).loopback
    assert Place("http", "127.9.9.9", 80).loopback
    assert not Place("http", "localhost.evil.example", 80).loopback
    assert str(parse("HTTP://[0:0::1]:80/a?b#c")) == "http://[::1]/a?b"


def test_no_other_file_takes_addresses_apart() -> None:
    """One parser: two that differ are what most tricks live on."""
    for room in ("kb", "ingest", "taxonomy", "app.py"):
        files = [CHECKOUT / room] if room.endswith(".py") else (CHECKOUT / room).rglob("*.py")
        for file in files:
            if file != CHECKOUT / "ingest" / "url.py":
                source = file.read_text(encoding="utf-8")
                for word in ("urlsplit", "urlparse", "urljoin", "urllib.request", "http.client"):
                    assert word not in source, (file, word)
