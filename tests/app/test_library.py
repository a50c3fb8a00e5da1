from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from kb.backup import backups
from kb.bundle import write_bundle
from kb.catalogue.runs import put_entries, start_run
from kb.catalogue.sidecar import beside
from kb.library import Library
from kb.pages.parts import first_run, job_kinds, opened, places, runs
from kb.pages.parts.jobs import Jobs, keep_upload
from kb.request import request
from kb.starter import FIELDS

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
    assert "no checksum" not in told(app)
    beside(kept.path).unlink()
    assert "no checksum" in told(app.run())
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
    digest = dict.fromkeys(FIELDS, "We say one thing.")
    with library.catalogue.write() as writer:
        writer.connection.exec_driver_sql(
            "UPDATE papers SET digest = ? WHERE n = 1", (json.dumps(digest),)
        )
    bundle = tmp_path / "small.kbz"
    write_bundle(library, bundle)
    library.close()
    for module in (job_kinds, first_run):
        monkeypatch.setattr(module, "starter_path", lambda: bundle)
    place = tmp_path / "new"
    monkeypatch.setenv("KB_LIBRARY", str(place))
    first_run.papers_to_try.clear()
    first_run.digests_to_try.clear()
    if there:
        Library.create(place).close()
    app = start("search")
    assert app.info
    assert "13 papers" in told(app)
    assert "1 have a digest, the rest titles and tags only" in told(app)
    app.button(key="load-starter").click().run()
    settled(app, place)
    assert not app.info
    assert len(opened.library().snapshot().table.n) == 13
    first_run.papers_to_try.clear()
    first_run.digests_to_try.clear()


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


def test_the_language_of_an_address_goes_on_to_other_pages(start: Start) -> None:
    app = start("library", lang="zh_CN")
    del app.query_params["lang"]  # as a link to another page does
    app.switch_page(str(places.PAPERS)).run()
    assert app.query_params["lang"] in ("zh_CN", ["zh_CN"])
    assert "lang" not in start("library").query_params


def test_missing_abstracts_are_told_once_with_a_way_to_fetch_them(
    start: Start, folder: Path
) -> None:
    assert "fetch-abstracts" not in keys(start("library"))
    library = Library.open(folder)
    with library.catalogue.write() as writer:
        writer.connection.exec_driver_sql("UPDATE papers SET abstract = '' WHERE n < 4")
    library.close()
    (folder / "settings.toml").write_text(
        'arxiv_url = "http://127.0.0.1:9/api"\narxiv_delay = 0.0\narxiv_timeout = 1.0\n'
    )
    st.cache_resource.clear()
    app = start("library")
    assert told(app).count("Papers without an abstract here: 3 of 13.") == 1
    app.button(key="fetch-abstracts").click().run()
    assert "arXiv" in "".join(one.value for one in settled(app, folder).error)
    assert "fetch-abstracts" in keys(app)


def test_the_journal_is_as_tall_as_its_rows_and_names_a_file_as_its_owner_did(
    start: Start, folder: Path
) -> None:
    library = Library.open(folder)
    path = keep_upload(folder, "jose.00032.pdf", b"these are only notes")
    job = job_kinds.add_named(Jobs(), library, [str(path)], with_pdf=False)
    while not job.over:
        time.sleep(0.02)
    library.close()
    closed = start("library").dataframe
    assert not any("Outcome" in one.value.columns for one in closed), "drawn before it is opened"
    app = start("library", journal="true")
    journal = next(one for one in app.dataframe if "Outcome" in one.value.columns)
    assert "jose.00032.pdf" in set(journal.value["Item"])
    assert path.name not in set(journal.value["Item"])
    assert "640" in journal.proto.columns  # why it failed can be read
    assert (runs.height(1), runs.height(200)) == (73, 320)
