from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.backup import backups
from kb.bundle import write_bundle
from kb.catalogue.runs import put_entries, start_run
from kb.library import Library
from kb.pages.parts import first_run, job_kinds, opened
from kb.pages.parts.jobs import Jobs, keep_upload
from kb.request import request

Start = Callable[..., AppTest]


def settled(app: AppTest, folder: Path, seconds: float = 60.0) -> AppTest:
    """The page once no job runs any more."""
    end = time.monotonic() + seconds
    while opened.jobs(folder.resolve()).active:
        assert time.monotonic() < end, opened.jobs(folder.resolve()).jobs
        time.sleep(0.05)
    app.run()
    assert not app.exception
    return app


def told(app: AppTest) -> str:
    return "\n".join(
        one.value for kind in (app.markdown, app.caption, app.warning, app.error) for one in kind
    )


def keys(app: AppTest) -> set[str]:
    return {str(one.key) for one in app.button}


def test_the_library_is_examined_in_the_background(start: Start, folder: Path) -> None:
    app = start("library")
    app.button(key="doctor").click().run()
    assert settled(app, folder).success
    assert "repair" not in keys(app)


def test_a_backup_is_made_listed_and_put_back_only_when_the_word_is_typed(
    start: Start, folder: Path
) -> None:
    app = start("library")
    app.button(key="backup").click().run()
    settled(app, folder)
    (kept,) = backups(folder)
    assert kept.path.stem.replace("-", "\\-") in told(app)
    again = f"restore-{kept.path.name}"
    assert app.button(key=again).disabled
    app.text_input(key=f"word-{kept.path.name}").set_value("Restore").run()
    app.button(key=again).click().run()
    settled(app, folder)
    assert "is kept as" in told(app)
    assert len(backups(folder)) == 2


def test_what_failed_can_be_tried_again_from_the_page(start: Start, folder: Path) -> None:
    library, jobs = Library.open(folder), Jobs()
    path = keep_upload(folder, "notes.pdf", b"these are only notes")
    job = job_kinds.add_named(jobs, library, [str(path)], with_pdf=False)
    while not job.over:
        time.sleep(0.02)
    library.close()
    assert job.report is not None
    good = Path(__file__).parents[1] / "ingest" / "latex" / "ieee_conference.pdf"
    path.write_bytes(good.read_bytes())
    app = start("library")
    app.button(key=f"retry-{job.report.run}").click().run()
    assert "1 added" in told(settled(app, folder))
    assert any("id=" in one.proto.query_string for one in app.get("page_link"))


def test_a_run_whose_server_was_killed_is_interrupted_and_can_go_on(
    start: Start, folder: Path, tmp_path: Path
) -> None:
    records = tmp_path / "one.jsonl"
    records.write_text('{"id": "2502.12345", "title": "A Paper", "abstract": "One thing."}\n')
    library = Library.open(folder)
    asked = request([str(records)], "", 0, ("", ""), with_pdf=False, columns={})
    with library.catalogue.write(bump=False) as writer:
        run = start_run(writer, library.now(), asked)
        put_entries(writer, [{"at": library.now(), "item": "x", "state": "parsed", "run": run}])
    library.close()
    app = start("library")
    assert "its process is gone" in told(app)
    app.button(key=f"resume-{run}").click().run()
    assert "1 added" in told(settled(app, folder))


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_library_and_none_can_be_filled_from_any_page(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    library = Library.open(folder)
    bundle = tmp_path / "small.kbz"
    write_bundle(library, bundle)
    library.close()
    for module in (job_kinds, first_run):
        monkeypatch.setattr(module, "starter_path", lambda: bundle)
    place = tmp_path / "new"
    monkeypatch.setenv("KB_LIBRARY", str(place))
    first_run.papers_to_try.clear()
    if there:
        Library.create(place).close()
    app = start("search")
    assert app.info
    assert "13 papers" in told(app)
    app.button(key="load-starter").click().run()
    settled(app, place)
    assert not app.info
    assert len(opened.library().snapshot().table.n) == 13
    first_run.papers_to_try.clear()


def test_an_empty_library_is_made_with_one_click(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_LIBRARY", str(tmp_path / "new"))
    app = start("library")
    app.button(key="make-empty").click().run()
    assert not app.exception
    assert opened.library().folder == (tmp_path / "new").resolve()
    assert "add-ids" in str(app.main)


def test_a_damaged_library_offers_its_backups(start: Start, folder: Path) -> None:
    library = Library.open(folder)
    job = job_kinds.back_up(Jobs(), library)
    while not job.over:
        time.sleep(0.02)
    library.close()
    (folder / "catalogue.sqlite").write_bytes(b"not a database" * 500)
    app = start("library")
    assert "damaged" in app.error[0].value
    (kept,) = backups(folder)
    app.text_input(key=f"word-{kept.path.name}").set_value("restore").run()
    app.button(key=f"restore-{kept.path.name}").click().run()
    settled(app, folder)
    assert not app.error
    assert "**13**" in "".join(one.proto.label for one in app.get("page_link"))


def test_the_language_is_switched_kept_and_shared(start: Start) -> None:
    app = start("library")
    app.button(key="language-zh_CN").click().run()
    assert app.query_params["lang"] in ("zh_CN", ["zh_CN"])
    assert "language-en" in keys(app)
    assert "language-zh_CN" in keys(start("library")), "another session is not switched"
    assert "language-en" in keys(start("library", lang="zh_CN"))
    assert "language-zh_CN" in keys(start("library", lang="tlh"))
