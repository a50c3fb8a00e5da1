"""Web addresses: the one parser of the project, and which places may be asked.

The parser is stricter than the standards: what two programs could read differently (user
names, backslashes, numbers that some take for an address) is no address here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from ingest.errors import SourceError

LONGEST = 8_000
"""Characters; arXiv takes a hundred ids in one address."""
_PORTS = {"http": 80, "https": 443}
_SHAPE = re.compile(r"(?i:(https?):)//([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# Some libraries read these as an address: 0x7f000001, 2130706433, 0177.0.0.1, 127.1.
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


class BadUrl(ValueError):
    """No address that can be used. Its text says why; the address, which may hold a password,
    is not repeated.
    """


@dataclass(frozen=True, slots=True)
class Place:
    """Scheme, host and port: what is let through, and nothing more than that."""

    scheme: str
    """`http` or `https`."""
    host: str
    """In lower case; an IP address in its shortest form, without brackets."""
    port: int

    @property
    def loopback(self) -> bool:
        """True where it names this machine: `localhost` or a loopback address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def netloc(self) -> str:
        """Host and port as an address has them; a usual port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


@dataclass(frozen=True, slots=True)
class Url:
    """An address, taken apart."""

    place: Place
    path: str
    query: str = ""
    fragment: bool = False
    """True where something follows a `#`; it is never sent."""

    @property
    def target(self) -> str:
        """What is asked for at the place."""
        return (self.path or "/") + (f"?{self.query}" if self.query else "")

    def __str__(self) -> str:
        return f"{self.place}{self.target}"


def parse(text: str) -> Url:
    """Take an address apart. Raises BadUrl."""
    if len(text) > LONGEST:
        raise BadUrl("is too long")
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise BadUrl("holds a character that no URL has")
    found = _SHAPE.fullmatch(text)
    if not found:
        raise BadUrl("begins with neither http:// nor https://")
    if "@" in found[2]:
        raise BadUrl("holds a user name or password")
    scheme = found[1].lower()
    host, port = _host(found[2].lower()), found[2].rpartition("]")[2].partition(":")[2]
    place = Place(scheme, host, int(port or _PORTS[scheme]))
    return Url(place, found[3], found[4] or "", bool(found[5]))


def _host(authority: str) -> str:
    """The host; the port is looked at too. Raises BadUrl."""
    wrong = BadUrl("has no valid host or port")
    found = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^\[\]:]*)(?::([1-9]\d{0,4}))?", authority)
    if not found or int(found[2] or 1) > 65_535:
        raise wrong
    host = found[1]
    labels = host.split(".")
    try:
        if host.startswith("["):
            return str(ipaddress.IPv6Address(host[1:-1]))
        if _NUMBER.fullmatch(labels[-1]):
            return str(ipaddress.IPv4Address(host))
    except ValueError:
        raise wrong from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise wrong
    return host


def parse_place(text: str) -> Place:
    """An entry of the list: scheme, host and, where it is not the usual one, port.

    Raises BadUrl, also for an address of a network that is not public: only this machine
    may be named.
    """
    url = parse(text)
    if url.path not in ("", "/") or url.query or url.fragment:
        raise BadUrl("has something after the host and port")
    try:
        fault = kind_of(url.place.host)
    except ValueError:
        return url.place
    if fault and not url.place.loopback:
        raise BadUrl(f"names {fault}")
    return url.place


def kind_of(address: str) -> str:
    """What an IP address is, where it is not a public one, e.g. `a private address`; else "".

    Raises ValueError where it is no IP address.
    """
    ip = ipaddress.ip_address(address)
    if inner(address):
        return "an IPv4 address within an IPv6 address"
    for name, true in (
        ("an unspecified address", ip.is_unspecified),
        ("a loopback address", ip.is_loopback),
        ("a link-local address", ip.is_link_local),
        ("a multicast address", ip.is_multicast),
        ("a private address", ip.is_private or (ip.version == 6 and ip.is_site_local)),
        ("a reserved address", ip.is_reserved),
        # Shared by the customers of a provider (100.64/10), and what is set aside later.
        ("an address that is not public", not ip.is_global),
    ):
        if true:
            return name
    return ""


_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))


def inner(address: str) -> str:
    """The IPv4 address that an IPv6 address stands for (mapped, 6to4, Teredo, NAT64); "" if none.

    Raises ValueError where it is no IP address.
    """
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        return ""
    if ip.ipv4_mapped or ip.sixtofour:
        return str(ip.ipv4_mapped or ip.sixtofour)
    if ip.teredo:
        return str(ip.teredo[1])
    compatible = 1 < int(ip) <= 0xFFFF_FFFF  # ::127.0.0.1, of old; 1 is the loopback
    if compatible or any(ip in net for net in _NAT64):
        return str(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
    return ""


@dataclass(frozen=True, slots=True)
class Gate:
    """The places that may be asked."""

    places: frozenset[Place]
    near: frozenset[Place] = frozenset()
    """Of these, those that may lie in a private network: the person named them."""

    @classmethod
    def of(cls, entries: Iterable[str]) -> Gate:
        """A gate that opens for these entries. Raises BadUrl."""
        return cls(frozenset(map(parse_place, entries)))

    def check(self, text: str) -> Url:
        """The address, taken apart, where it may be asked. Raises SourceError `not_allowed`."""
        try:
            url = parse(text)
        except BadUrl as error:
            raise not_allowed(f"The address {error}.") from None
        if url.place not in self.places:
            raise not_allowed(f"{url.place} is not among the hosts that may be asked.")
        return url

    def follow(self, url: Url, location: str) -> Url:
        """Where a redirection leads, checked anew. Raises SourceError `not_allowed`."""
        # Before `urljoin`, which drops what it does not like.
        if not location.isascii() or not location.isprintable() or "\\" in location:
            raise not_allowed(f"{url.place} sends on to what is no address.")
        try:
            found = self.check(urljoin(str(url), location))
        except ValueError:
            raise not_allowed(f"{url.place} sends on to what is no address.") from None
        if url.place.scheme == "https" and found.place.scheme == "http":
            raise not_allowed(f"{url.place} sends on to an unencrypted address.")
        return found


def not_allowed(message: str) -> SourceError:
    """The error for a place that is not asked."""
    remedy = 'Where you trust it, add allow_hosts = ["https://HOST:PORT"] to settings.toml.'
    return SourceError("not_allowed", message, "", remedy)


def is_web_address(text: str) -> bool:
    """True where a text can be an http or https link; its path may hold any letters."""
    try:
        parse(quote(text, safe="!#$%&'()*+,/:;=?@[]~"))
    except (BadUrl, UnicodeEncodeError):
        return False
    return not any(one.isspace() or one == "\\" for one in text)
