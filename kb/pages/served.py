"""Streamlit's server as `kb app` starts it: it asks nobody outside, and knows its own names.

Of itself Streamlit lets a page connect that calls the server by the name it came from itself,
so that a website whose name is made to point here could read a library that has no accounts;
and where a foreign page tries, it asks a host outside for this machine's own address.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from streamlit import config, net_util, runtime
from streamlit.url_util import get_hostname
from streamlit.web import cli

from ingest.url import Place

HERE = ("localhost", "127.0.0.1", "::1")
"""What this machine is called by a browser on it."""

OURS = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"
"""The settings of `streamlit run app.py` in a checkout."""

HOSTS, PUBLIC = "server.allowedHosts", "browser.serverAddress"


def main(words: Sequence[str]) -> None:
    """Serve, as the command `streamlit` does with these words."""
    net_util.get_external_ip = _unasked
    config.on_config_parsed(_name_hosts, force_connect=True)
    threading.Thread(target=_load_ahead, name="ahead", daemon=True).start()
    cli.main(list(words), prog_name="streamlit")


def _load_ahead() -> None:
    """Import what every page is made of while the first browser still fetches Streamlit's files."""
    while not runtime.exists():  # our caches are made when they are imported, and ask for it
        time.sleep(0.02)
    import_module("kb.pages.parts.page")


def _unasked() -> None:
    """This machine's address as the world sees it: not looked up."""


def _name_hosts() -> None:
    """Allow what follows from the address, unless the operator says; what `OURS` says is ours."""
    if not config.is_manually_set(HOSTS) or Path(config.get_where_defined(HOSTS)) == OURS:
        public = str(config.get_option(PUBLIC)) if config.is_manually_set(PUBLIC) else ""
        config.set_option(HOSTS, names(str(config.get_option("server.address")), public))


def names(address: str, public: str) -> list[str]:
    """What a server that listens on `address` may be called by whoever connects; [] for anything.

    This machine's names, and the host of `public`, the address that people use. Anything
    where the app listens beyond this machine, whose names nobody here knows.
    """
    own = address.lower().rstrip(".")
    if not Place("http", own, 0).loopback:
        return []
    called = dict.fromkeys([*HERE, own, get_hostname(public)])
    return [one for one in called if one]


if __name__ == "__main__":
    main(sys.argv[1:])
