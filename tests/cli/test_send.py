"""`send` from the outside: dry run, sending, faults in the middle, kill and resume, against a local server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from support.command_line import Run, Said
from support.demarche_server import ADDRESS, DEMARCHE, TOKEN, DemarcheServer, serve
from support.paths import TESTS

from tnt_sim.api.schemas import read_schema
from tnt_sim.cli.main import main
from tnt_sim.exchange import graphql_client
from tnt_sim.exchange.journal import lock_journal

SCENARIO = """\
schema_version: 1
id: equipement
date: 2026-03-31
locale: fr
programme: {id: tout, amount: "25 000,50 €"}
dossiers: [{file: table.csv}]
eligibility: [{id: taille, require: {population: {min: 50}}, reason: Moins de 50 habitants}]
objective: [{maximise: {score: 1}}]
"""
TABLE = """\
dossier,title,department,requested,cost,score,population,state
101,École,01,"12000.50",24001,9,100,en_instruction
102,Mairie,01,"13000",26000,8,100,en_instruction
103,Stade,01,"20000",40000,1,100,en_instruction
104,Salle,01,"1000",2000,5,10,en_instruction
105,Préau,01,"9000",9000,1,100,sans_suite
"""
CALLS = [
    ("dossierModifierAnnotations", 101), ("dossierAccepter", 101), ("dossierModifierAnnotations", 102),
    ("dossierAccepter", 102), ("dossierRefuser", 103), ("dossierPasserEnInstruction", 104),
    ("dossierRefuser", 104),
]  # fmt: skip


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between calls."""
    monkeypatch.setattr(graphql_client.time, "sleep", lambda _: None)
    monkeypatch.setenv("TNT_SIM_TOKEN", TOKEN)


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decided")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    assert main(["run", str(folder / "scenario.yaml"), "--quiet"]) == 0
    return folder


@pytest.fixture
def run_dir(decided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(decided, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    (run,) = Path("runs").glob("*-*")
    return run


@pytest.fixture
def server() -> Iterator[DemarcheServer]:
    with serve(DemarcheServer()) as one:
        for number in (99, 101, 102, 103):
            one.add(number)
        one.add(104, "en_construction")
        one.add(105, "sans_suite")
        yield one


def words_of(server: DemarcheServer, run: Path, *more: str) -> list[str]:
    return [
        "send", str(run), "--to", server.url, "--demarche", str(DEMARCHE), "--instructor", ADDRESS,
        "--annotation", "granted=Montant accordé", *more,
    ]  # fmt: skip


def states(server: DemarcheServer) -> dict[int, str]:
    return {number: one["state"] for number, one in server.dossiers.items()}


def journal(run: Path) -> list[dict[str, object]]:
    text = (run.parent / f"{run.name}-send.jsonl").read_text(encoding="utf-8")
    return [json.loads(row) for row in text.splitlines()]


def valid(said: Said) -> dict[str, object]:
    jsonschema.validate(said.document, json.loads(read_schema("send")))
    return said.document


def test_without_a_server_the_list_is_shown(tnt: Run, run_dir: Path) -> None:
    found = valid(tnt("send", run_dir, "--json"))
    assert (found["status"], found["n_accept"], found["granted_cents"]) == ("planned", 2, 2_500_050)
    assert (found["n_refuse"], found["n_closed"], found["unsent"]) == (2, 1, [])
    assert "2 à accepter, 25 000,50 €" in tnt("send", run_dir).plain


def test_a_dry_run_reads_the_server_and_changes_nothing(
    tnt: Run, run_dir: Path, server: DemarcheServer
) -> None:
    found = valid(tnt(*words_of(server, run_dir), "--json"))
    assert (found["status"], found["title"], found["n_done"]) == ("compared", "Équipement", 0)
    assert found["calls"] == {"annotations": 2, "to_instruction": 1, "accept": 2, "refuse": 2}
    assert (server.calls, set(server.requests)) == ([], {"readSchema", "readDemarche", "readPage"})
    assert [one.name for one in run_dir.parent.glob("*-*")] == [run_dir.name]


def test_sending_decides_each_dossier_and_journals_it(
    tnt: Run, run_dir: Path, server: DemarcheServer
) -> None:
    said = tnt(*words_of(server, run_dir, "--send", "--json"))
    found = valid(said)
    assert (said.code, found["status"], found["calls"] == found["confirmed"]) == (0, "sent", True)
    assert server.calls == CALLS
    assert states(server) == {
        99: "en_instruction", 101: "accepte", 102: "accepte", 103: "refuse", 104: "refuse", 105: "sans_suite",
    }  # fmt: skip
    assert server.dossiers[101]["annotations"][0]["value"] == 12000.5
    assert "12 000,50" in server.dossiers[101]["motivation"].replace("\u202f", " ").replace("\xa0", " ")
    assert server.dossiers[104]["motivation"] == (
        "Votre demande ne remplit pas une condition du programme, au motif « Moins de 50 habitants ». "
        "Y répondent les dossiers pour lesquels la population atteint 50. Dans votre dossier, la population est "
        "de 10."
    )
    head, *entries = journal(run_dir)
    assert (head["demarche"], head["url"]) == (DEMARCHE, server.url)
    assert [one["state"] for one in entries] == ["planned"] * 7 + ["sent", "confirmed"] * 7
    assert TOKEN not in json.dumps(journal(run_dir)) + said.out + said.err
    again = valid(tnt(*words_of(server, run_dir, "--send", "--json")))
    assert (again["status"], again["n_done"], len(server.calls)) == ("sent", 4, 7)


def test_a_dossier_decided_already_is_left_alone(tnt: Run, run_dir: Path, server: DemarcheServer) -> None:
    server.add(101, "accepte", amount=12000.5)
    server.add(103, "refuse")
    assert tnt(*words_of(server, run_dir, "--send", "--quiet")).code == 0
    assert {number for _, number in server.calls} == {102, 104}


@pytest.mark.parametrize(
    ("number", "more", "code"),
    [
        (101, {"state": "refuse"}, "decided_otherwise"), (102, None, "unknown"),
    ],
)  # fmt: skip
def test_a_dossier_that_contradicts_the_list_blocks_the_sending(
    tnt: Run, run_dir: Path, server: DemarcheServer, number: int, more: dict[str, object] | None, code: str
) -> None:
    if more is None:
        del server.dossiers[number]
    else:
        server.add(number, **{"state": "en_instruction", **more})
    said = tnt(*words_of(server, run_dir, "--send", "--json"))
    found = valid(said)
    assert (said.code, found["status"], server.calls) == (3, "blocked", [])
    assert [(one["dossier"], one["code"]) for one in found["unsent"]] == [(str(number), code)]
    assert tnt(*words_of(server, run_dir, "--send", "--skip-conflicts", "--quiet")).code == 0
    assert {one for _, one in server.calls} == {101, 102, 103, 104} - {number}


def test_an_amount_already_there_is_not_written_again(
    tnt: Run, run_dir: Path, server: DemarcheServer
) -> None:
    server.add(101, amount=12000.5)
    server.add(102, "accepte")
    assert tnt(*words_of(server, run_dir, "--send", "--quiet")).code == 0
    assert [name for name, number in server.calls if number == 101] == ["dossierAccepter"]
    assert [name for name, number in server.calls if number == 102] == ["dossierModifierAnnotations"]


def test_a_refused_call_leaves_the_others(tnt: Run, run_dir: Path, server: DemarcheServer) -> None:
    server.add(101, siret_incomplete=True)
    said = tnt(*words_of(server, run_dir, "--send", "--json"))
    found = valid(said)
    assert (said.code, found["status"]) == (1, "partial")
    assert [(one["number"], one["call"]) for one in found["refused"]] == [(101, "dossierAccepter")]
    assert states(server)[101] == "en_instruction"
    assert states(server)[104] == "refuse"
    del server.dossiers[101]["siret_incomplete"]
    assert tnt(*words_of(server, run_dir, "--send", "--quiet")).code == 0
    assert states(server)[101] == "accepte"


def test_what_somebody_takes_back_is_not_sent_again(tnt: Run, run_dir: Path, server: DemarcheServer) -> None:
    assert tnt(*words_of(server, run_dir, "--send", "--quiet")).code == 0
    server.dossiers[101]["state"] = "en_instruction"
    said = tnt(*words_of(server, run_dir, "--send", "--json"))
    assert [one["code"] for one in valid(said)["unsent"]] == ["changed_since"]
    assert (said.code, len(server.calls)) == (3, 7)


def test_a_journal_serves_one_list_and_one_server(tnt: Run, run_dir: Path, server: DemarcheServer) -> None:
    assert tnt(*words_of(server, run_dir, "--send", "--quiet")).code == 0
    file = next(run_dir.parent.glob("*-send.jsonl"))
    file.write_text(
        file.read_text(encoding="utf-8").replace('"demarche": 4321', '"demarche": 4322'), encoding="utf-8"
    )
    said = tnt(*words_of(server, run_dir, "--send", "--lang", "en"))
    assert (said.code, "journal of another sending" in said.err) == (2, True)
    file.write_text("not a journal\n", encoding="utf-8")
    assert tnt(*words_of(server, run_dir, "--send")).code == 3


def test_a_second_sending_says_so_and_stops(tnt: Run, run_dir: Path, server: DemarcheServer) -> None:
    with lock_journal(run_dir.parent / f"{run_dir.name}-send.jsonl"):
        said = tnt(*words_of(server, run_dir, "--send", "--lang", "en"))
        assert (said.code, "another sending" in said.err, server.requests) == (2, True, [])
        assert tnt(*words_of(server, run_dir, "--quiet")).code == 0
    server.add(101, "refuse")
    assert tnt(*words_of(server, run_dir, "--send", "--quiet")).code == 3
    assert [one.name for one in run_dir.parent.glob("*-*")] == [run_dir.name]


INTAKE = """\
Numéro;Intitulé;Dispositif;Montant demandé;Note
101;École;DETR;12000;9
102;Mairie;DETR;13000;8
103;Stade;;2000;4
104;Salle;DETR;;7
105;Préau;DETR;1000;
102;Mairie bis;DSIL;5000;3
106;Pont;DETR;9000;1
107;Rue;;8000;
"""
ACCEPTED = """
accept:
  - {id: "not_given/montant", count: 1, reason: Sans suite, author: Chef de bureau}
  - {id: "not_given/note", count: 1, reason: Sans suite, author: Chef de bureau}
"""


def test_what_an_intake_sets_aside_for_the_time_being_is_not_refused(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty cell of the table is no reason for an applicant, unless a planner makes it one."""
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text(INTAKE, encoding="utf-8")
    assert tnt("new", "projet", "--from", "table.csv", "--quiet").code == 0
    scenario = Path("projet/scenario.yaml")
    text = scenario.read_text(encoding="utf-8") + ACCEPTED

    def list_unsent(text: str) -> set[tuple[str, str]]:
        scenario.write_text(text, encoding="utf-8")
        shutil.rmtree("projet/runs", ignore_errors=True)
        assert tnt("run", scenario, "--quiet").code == 0
        (run,) = Path("projet/runs").glob("*-*")
        return {(one["dossier"], one["code"]) for one in valid(tnt("send", run, "--json"))["unsent"]}

    twins = {("102", "number_twice"), ("102-L7", "number")}
    aside = {(name, "provisional") for name in ("103", "104", "105", "107")}
    assert list_unsent(text) == twins | aside
    assert "id: sans-enveloppe      " in text
    own = text.replace("id: sans-enveloppe      ", "id: piece-manquante ").replace(
        "id: note", "id: sans-note"
    )
    own = own.replace("not_given/note", "not_given/sans-note")
    assert list_unsent(own) == twins | {("104", "provisional")}


def test_a_cut_last_line_is_left_out(tnt: Run, run_dir: Path, server: DemarcheServer) -> None:
    server.faults = ["ok"] * 6 + ["401"]
    assert tnt(*words_of(server, run_dir, "--send", "--quiet")).code == 1
    file = next(run_dir.parent.glob("*-send.jsonl"))
    file.write_bytes(file.read_bytes()[:-9])
    assert tnt(*words_of(server, run_dir, "--send", "--quiet")).code == 0
    assert server.calls == CALLS
    assert tnt(*words_of(server, run_dir, "--quiet")).code == 0


KILLED = """\
import os, sys
from support.typed import read_catalogue_as_typed
read_catalogue_as_typed()
from tnt_sim.exchange import journal, graphql_client
graphql_client.time.sleep = lambda _: None
from tnt_sim.cli.main import main
record, left = journal.Journal.record, [int(sys.argv[1])]
def kill(self, calls, state, why=None):
    if left[0] == 0:
        os._exit(9)
    left[0] -= 1
    record(self, calls, state, why)
journal.Journal.record = kill
main(sys.argv[2:])
"""


@pytest.mark.parametrize(
    "records", [pytest.param(k, marks=() if k in (2, 3) else pytest.mark.slow) for k in range(15)]
)
def test_a_killed_sending_is_resumed(tnt: Run, run_dir: Path, server: DemarcheServer, records: int) -> None:
    """The process ends after so many records; nothing is decided twice, and nothing is left out."""
    words = words_of(server, run_dir, "--send", "--quiet")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(records), *words],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 9, done.stderr
    assert len(server.calls) < 8
    assert tnt(*words).code == 0
    assert server.calls == CALLS


def test_what_must_not_be_sent_is_refused(tnt: Run, run_dir: Path, server: DemarcheServer) -> None:
    refusals = {
        ("--annotation", "granted"): "granted=LABEL", ("--annotation", "montant=x"): "granted=LABEL",
        ("--instructor", "nobody@example.fr"): "no instructor", ("--to", "http://example.fr"): "https only",
        ("--demarche", "1"): "does not find it", ("--to", "https://127.0.0.1/é"): "not an address",
        ("--to", "https://127.0.0.1:x/"): "not an address",
    }  # fmt: skip
    for more, why in refusals.items():
        said = tnt(*words_of(server, run_dir, *more, "--send", "--lang", "en"))
        assert (said.code in (1, 2), why in said.err) == (True, True), (more, said.err)
    assert tnt("send", run_dir, "--send").code == 2
    assert server.calls == []


def test_invented_data_are_never_sent(tnt: Run, demo: Path, server: DemarcheServer) -> None:
    assert tnt("run", "scenario.yaml", "--quiet").code == 0
    (run,) = Path("runs").glob("*-*")
    found = valid(tnt("send", run, "--json"))
    assert {one["code"] for one in found["unsent"]} == {"number"}
    said = tnt(*words_of(server, run, "--send", "--lang", "en"))
    assert (said.code, "invented" in said.err, server.requests) == (2, True, [])


def test_a_token_file_is_read_and_never_shown(
    tnt: Run, run_dir: Path, server: DemarcheServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TNT_SIM_TOKEN")
    assert "no token" in tnt(*words_of(server, run_dir), "--lang", "en").err
    Path("jeton").write_text(f"{TOKEN}\n", encoding="utf-8")
    assert tnt(*words_of(server, run_dir, "--token-file", "jeton", "--quiet")).code == 0
    Path("jeton").write_text("wrong-token\n", encoding="utf-8")
    said = tnt(*words_of(server, run_dir, "--token-file", "jeton", "--lang", "en"))
    assert (said.code, "refuses the token" in said.err, "wrong-token" in said.err) == (1, True, False)
