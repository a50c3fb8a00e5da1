"""What holds for every test: its own home, no network, and no silent skip in CI.

`SIXFOLD_SHARED` names the folder with the shared data (else `../shared` beside the
checkout). Under `SIXFOLD_REQUIRE=all` a skipped test has failed.
"""

from __future__ import annotations

import os
import runpy
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from platformdirs import user_cache_path

CHECKOUT = Path(__file__).resolve().parents[1]
OFFLINE = CHECKOUT / "tests" / "offline"

runpy.run_path(str(OFFLINE / "sitecustomize.py"))

# Before torch loads, for children too: its threads sleep where they wait for one another.
# Else they spin, and beside another test process that costs several times the work itself.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Loaded machines make single examples slow; the tests' own limits watch the time.
# One fixed set of examples: a red run can be repeated by whoever sees it.
hypothesis.settings.register_profile("sixfold", deadline=None, derandomize=True)
# `make fuzz`: other examples each time, and what fails is kept in .hypothesis.
hypothesis.settings.register_profile("fuzz", deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "sixfold"))


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home, caches and settings of the test run's own, for children too.

    Of the user's cache only the exported query models are seen, so that no test exports
    one again; each is a link, and replacing it leaves the user's file alone.
    """
    exported = user_cache_path("sixfold") / "models"
    home = tmp_path_factory.mktemp("home")
    models = home / "cache" / "sixfold" / "models"
    models.mkdir(parents=True)
    for model in exported.glob("*.onnx") if exported.is_dir() else ():
        (models / model.name).symlink_to(model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("USERPROFILE", str(home))
        for kind in ("cache", "config", "data", "state"):
            patch.setenv(f"XDG_{kind.upper()}_HOME", str(home / kind))
        patch.setenv("SIXFOLD_CACHE", str(home / "cache" / "sixfold"))
        patch.setenv("KB_LIBRARY", str(home / "library"))
        patch.setenv("PYTHONPATH", str(OFFLINE), prepend=os.pathsep)
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("TRANSFORMERS_OFFLINE", "1")
        patch.setenv("TZ", "UTC")
        patch.setenv("COLUMNS", "100")
        for name in ("HF_HOME", "HF_TOKEN", "SENTENCE_TRANSFORMERS_HOME", "FORCE_COLOR"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def _own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A default library that no other test has seen (it is not made)."""
    monkeypatch.setenv("KB_LIBRARY", str(tmp_path / "default-library"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder `data` of the shared material: papers, gold sets, questions, PDFs."""
    named = os.environ.get("SIXFOLD_SHARED", "")
    shared = Path(named) if named else CHECKOUT.parent / "shared"
    if not (shared / "data").is_dir():
        pytest.skip(f"no shared data in {shared} (SIXFOLD_SHARED names another folder)")
    return shared / "data"


def _nothing_may_be_skipped() -> bool:
    return os.environ.get("SIXFOLD_REQUIRE", "") == "all"


def _fail_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that says what was missing; an xfail stays what it is."""
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"SIXFOLD_REQUIRE=all allows no skip. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test has failed where nothing may be skipped."""
    report = yield
    if _nothing_may_be_skipped():
        _fail_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """So has a module that skips itself, as `pytest.importorskip` does."""
    report = yield
    if _nothing_may_be_skipped():
        _fail_skipped(report)
    return report
