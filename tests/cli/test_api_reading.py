"""`import --from-api` and `refresh --from-api` from the outside, against a local server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
from support.command_line import Run, Said
from support.demarche_server import DEMARCHE, TOKEN, DemarcheServer, serve

from tnt_sim.api.schemas import read_schema
from tnt_sim.exchange import graphql_client
from tnt_sim.exchange.demarche_schema import READING_SCHEMA
from tnt_sim.exchange.journal import lock_journal

FOLDER = Path(f"demarche-{DEMARCHE}-import")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No waiting between calls."""
    monkeypatch.setattr(graphql_client.time, "sleep", lambda _: None)
    monkeypatch.setenv("TNT_SIM_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server() -> Iterator[DemarcheServer]:
    with serve(DemarcheServer(largest=3)) as one:
        for k in range(8):
            one.file(
                101 + k,
                f"2026-03-{1 + k:02}T10:00:00+01:00",
                requested=1000.25 * (k + 1),
                title=f"Projet {k}",
            )
        yield one


def words_of(server: DemarcheServer, *more: str) -> list[str]:
    return ["import", "--from-api", server.url, "--demarche", str(DEMARCHE), *more]


def valid(said: Said, name: str) -> dict[str, Any]:
    assert said.code == 0, said.err
    jsonschema.validate(said.document, json.loads(read_schema(name)))
    return said.document


def make_project(tnt: Run, server: DemarcheServer) -> Path:
    assert tnt(*words_of(server, "--quiet")).code == 0
    assert tnt("new", "mine", "--from", FOLDER / "dossiers.csv", "--quiet").code == 0
    return Path("mine/scenario.yaml")


def list_files() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_dossiers_are_read_and_imported(tnt: Run, server: DemarcheServer) -> None:
    found = valid(tnt(*words_of(server, "--json")), "import")
    reading = found["reading"]
    assert (found["n_dossiers"], reading["n_dossiers"], reading["title"]) == (8, 8, "Équipement")
    assert (reading["n_pages"], reading["n_read"], reading["full"], len(reading["added"])) == (5, 8, True, 8)
    table = pl.read_csv(FOLDER / "dossiers.csv", infer_schema=False)
    assert table["requested"].to_list() == [f"{1000.25 * (k + 1):.2f}" for k in range(8)]
    assert table["devis_montant_du_devis_somme"].unique().to_list() == ["10.25"]
    assert sorted(path.name for path in FOLDER.iterdir()) == [
        "dossiers.csv", "dossiers.json", "mapping.yaml", "quality.csv", "reading.json",
    ]  # fmt: skip
    assert (
        "Démarche 4321 (« Équipement ») : 8 dossiers lus." in tnt(*words_of(server, "--out", "autre")).plain
    )
    before = (FOLDER / "dossiers.csv").read_bytes()
    assert tnt("import", FOLDER / "dossiers.json", "--out", "fichier", "--quiet").code == 0
    assert Path("fichier/dossiers.csv").read_bytes() == before  # as the file does


def test_the_same_command_reads_what_changed_and_names_what_went(tnt: Run, server: DemarcheServer) -> None:
    assert tnt(*words_of(server, "--quiet")).code == 0
    server.file(101, "2026-03-20T10:00:00+01:00", requested=7.0)
    server.file(201, "2026-03-21T10:00:00+01:00")
    server.delete(104, "2026-03-21T11:00:00+01:00", final=False, reason="expired")
    server.requests.clear()
    reading = valid(tnt(*words_of(server, "--json")), "import")["reading"]
    assert (reading["added"], reading["changed"], reading["full"], reading["n_read"]) == (
        ["201"],
        ["101"],
        False,
        3,
    )
    assert reading["deleted"] == [
        {"dossier": "104", "deleted_at": "2026-03-21T11:00:00+01:00", "reason": "expired", "is_final": False}
    ]
    assert server.requests.count("readDossiers") == 1
    numbers = pl.read_csv(FOLDER / "dossiers.csv")["dossier"].to_list()
    assert numbers == [101, 102, 103, 105, 106, 107, 108, 201]


def test_a_project_is_refreshed_from_its_procedure(tnt: Run, server: DemarcheServer) -> None:
    scenario = make_project(tnt, server)
    text = scenario.read_text(encoding="utf-8")
    assert (f'api: "{server.url}"' in text, f"demarche: {DEMARCHE}" in text) == (True, True)
    text = text.replace('read_at: "', 'read_at: "2026-01-01T00:00:00Z" # "')
    scenario.write_text(text, encoding="utf-8")
    server.requests.clear()
    for words in (("validate", scenario), ("run", scenario, "--quiet"), ("refresh", "mine")):
        assert tnt(*words).code == 0
    assert server.requests == []  # only --from-api reads the server
    server.file(103, "2026-03-20T10:00:00+01:00", requested=5000.5, title="Projet 2")
    server.delete(108, "2026-03-21T11:00:00+01:00")
    before = list_files()
    said = tnt("refresh", "mine", "--from-api", server.url)
    assert said.code == 0
    assert "Depuis la dernière lecture : nouveaux 0, modifiés 1, supprimés 1." in said.plain
    assert "le 21 mars 2026" in said.plain
    assert "par le demandeur" in said.plain
    assert f"refresh mine --from-api {server.url} --apply" in said.plain
    after = list_files()
    assert after.keys() - before.keys() == {str(FOLDER / "reading.jsonl")}
    assert {name: after[name] for name in before} == before  # nothing changes without --apply
    found = valid(tnt("refresh", "mine", "--from-api", server.url, "--apply", "--json"), "refresh")
    assert (found["status"], found["removed"]) == ("applied", ["108"])
    assert ("103", "requested", "3000.75", "5000.50") in {tuple(one.values()) for one in found["changed"]}
    assert [one["dossier"] for one in found["reading"]["deleted"]] == ["108"]
    assert not (FOLDER / "reading.jsonl").exists()
    assert found["reading"]["read_at"] in scenario.read_text(encoding="utf-8")
    assert "2026-01-01T00:00:00Z" not in scenario.read_text(encoding="utf-8")
    again = valid(tnt("refresh", "mine", "--from-api", server.url, "--json"), "refresh")
    assert (again["status"], again["reading"]["deleted"]) == ("unchanged", [])
    said = tnt("validate", scenario)
    assert (said.code, said.err) == (0, "")


def test_the_token_goes_only_where_it_is_typed(tnt: Run, server: DemarcheServer) -> None:
    scenario = make_project(tnt, server)
    for name, data in list_files().items():
        assert TOKEN.encode() not in data, name
    with serve(DemarcheServer()) as other:
        text = scenario.read_text(encoding="utf-8").replace(server.url, other.url)
        scenario.write_text(text, encoding="utf-8")
        server.requests.clear()
        said = tnt("refresh", "mine", "--from-api", server.url, "--lang", "en")
        assert (said.code, "give this address" in said.err) == (2, True)
        assert server.requests == other.requests == []
    scenario.write_text(text.replace(f'      api: "{other.url}"\n', ""), encoding="utf-8")
    said = tnt("refresh", "mine", "--from-api", server.url, "--lang", "en")
    assert (said.code, "not read from an API" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("more", "code", "why"),
    [
        (["--demarche", "1"], 1, "does not find it"), (["--from-api", "http://example.fr"], 2, "https only"),
        (["--token-file", "none"], 2, "cannot be read"), (["file.json"], 2, "either a FILE"),
        (["--time-limit", "soon"], 2, "soon"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_and_leaves_nothing(
    tnt: Run, server: DemarcheServer, more: list[str], code: int, why: str
) -> None:
    said = tnt(*words_of(server, *more, "--lang", "en"))
    assert (said.code, why in said.err) == (code, True), said.err
    assert list(Path().iterdir()) == []


def test_other_causes_are_named(tnt: Run, server: DemarcheServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "either a FILE" in tnt("import", "--lang", "en").err
    assert "go with --from-api" in tnt("import", "x.csv", "--demarche", "3", "--lang", "en").err
    monkeypatch.setenv("TNT_SIM_TOKEN", "other")
    assert "refuses the token" in tnt(*words_of(server, "--lang", "en")).err
    monkeypatch.delenv("TNT_SIM_TOKEN")
    assert "--token-file FILE" in tnt(*words_of(server, "--lang", "en")).err
    assert list(Path().iterdir()) == []
    Path("token").write_text(TOKEN + "\n", encoding="utf-8")
    server.reading_text = READING_SCHEMA.replace("archived", "hidden")
    said = tnt(*words_of(server, "--token-file", "token", "--lang", "en"))
    assert (said.code, "has changed: Dossier.archived. Nothing is read" in said.err) == (0, False)


def test_a_second_reading_waits(tnt: Run, server: DemarcheServer) -> None:
    FOLDER.mkdir()
    with lock_journal(FOLDER / "reading.jsonl"):
        said = tnt(*words_of(server, "--lang", "en"))
        assert (said.code, "another reading" in said.err, server.requests) == (2, True, [])


def test_an_interrupted_reading_goes_on(
    tnt: Run, server: DemarcheServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tnt(*words_of(server, "--out", "whole", "--quiet")).code == 0
    server.faults = ["ok", "ok", "ok", "401"]
    said = tnt(*words_of(server, "--lang", "en"))
    assert (said.code, "goes on after the pages" in said.err) == (1, True)
    assert sorted(path.name for path in FOLDER.iterdir()) == ["reading.jsonl"]
    ask, left = graphql_client.GraphqlClient.ask, [2]

    def interrupt(*words: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return ask(*words)

    with monkeypatch.context() as patch:
        patch.setattr(graphql_client.GraphqlClient, "ask", interrupt)
        said = tnt(*words_of(server))
    assert said.code == 130
    assert "La lecture interrompue reprend." in said.err
    assert "rien n" not in said.err
    assert "interrompu ; la même commande reprend après les pages déjà lues." in said.err
    server.requests.clear()
    assert tnt(*words_of(server, "--quiet")).code == 0
    assert "readDossiers" not in server.requests  # all three pages were there
    for name in ("dossiers.json", "dossiers.csv", "quality.csv", "mapping.yaml"):
        assert (FOLDER / name).read_bytes() == (Path("whole") / name).read_bytes() or name == "quality.csv"


def test_a_killed_reading_goes_on(tnt: Run, server: DemarcheServer) -> None:
    """The process is killed while it waits for the third page."""
    assert tnt(*words_of(server, "--out", "whole", "--quiet")).code == 0
    server.requests.clear()
    running: list[subprocess.Popen[bytes]] = []

    def kill(page: int) -> None:
        if page == 3:
            running[0].send_signal(signal.SIGKILL)

    server.before_page = kill
    command = [sys.executable, "-m", "tnt_sim", *words_of(server, "--quiet")]
    with subprocess.Popen(command, env={**os.environ}, stderr=subprocess.DEVNULL) as process:
        running.append(process)
    assert process.returncode == -signal.SIGKILL
    assert sorted(path.name for path in FOLDER.iterdir()) == ["reading.jsonl"]
    server.before_page = lambda _: None
    server.requests.clear()
    assert tnt(*words_of(server, "--quiet")).code == 0
    assert server.requests.count("readDossiers") == 1
    assert (FOLDER / "dossiers.json").read_bytes() == Path("whole/dossiers.json").read_bytes()


def test_a_form_without_a_mapped_field_keeps_what_was_read(tnt: Run, server: DemarcheServer) -> None:
    scenario = make_project(tnt, server)
    for number in list(server.dossiers):
        server.file(number, "2026-03-20T10:00:00+01:00")
        champs = server.dossiers[number]["champs"]
        server.dossiers[number]["champs"] = [one for one in champs if one["label"] != "Montant demandé"]
    before = list_files()
    said = tnt("refresh", "mine", "--from-api", server.url, "--apply", "--lang", "en")
    assert (said.code, "Montant demandé" in said.err) == (3, True)
    after = list_files()
    assert {name: after[name] for name in before} == before
    assert tnt("run", scenario, "--quiet").code == 0
