"""A table given in the page: its review, its doubts, its amount, and a project in a folder of its own."""

from __future__ import annotations

import html
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.offices import build_offices
from support.table_files import xlsx

from tnt_sim.app.server import PlannerServer
from tnt_sim.app.start.start_page import MOST_TABLE_BYTES, StartPage, StartReply
from tnt_sim.app.start.uploaded_table import Starting, choose_folder, normalise_file_name
from tnt_sim.cli.main import main
from tnt_sim.cli.projects.uploaded_project import build_starting
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario

HEAD = ["Numéro", "Intitulé", "Montant demandé", "Note /20"]
ROWS = [HEAD, ["D1", "École", 1200.5, 12], ["D2", "Mairie", 900, 15], ["D3", "Gymnase", 400, 9]]
OFFICES = {office.name: office for office in build_offices()}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "bureau"
    folder.mkdir()
    return folder


@pytest.fixture
def start(base: Path) -> StartPage:
    return StartPage(build_starting(base, Lang.FR), lambda file: f"/{file.name}", lambda: False, Lang.FR)


def give(start: StartPage, name: str, data: bytes) -> StartReply:
    return start.receive_file(name, data)


def list_files(base: Path) -> set[str]:
    return {file.relative_to(base).as_posix() for file in base.rglob("*") if file.is_file()}


def test_a_workbook_becomes_a_project_that_runs(start: StartPage, base: Path) -> None:
    data = xlsx(ROWS)
    reply = give(start, "Dépôts 2026.xlsx", data)
    assert "3 dossiers lus" in reply.sentence
    assert "2\u202f500,50" in reply.sentence
    assert list_files(base) == set()
    told = start.receive_amount({"key": reply.key, "amount": "2 000,50 €"})
    assert told.address == "/scenario.yaml"
    folder = base / "depots-2026"
    assert list_files(base) == {
        f"depots-2026/{name}"
        for name in ("README.md", "data/dossiers.csv", "intake.yaml", "original/Dépôts 2026.xlsx",
                     "relecture.html", "scenario.yaml", "tnt-sim.toml")
    }  # fmt: skip
    scenario = load_scenario(folder / "scenario.yaml")
    assert scenario.spec.programme.amount == 200_050
    assert scenario.portfolio.table["requested_cents"].to_list() == [120_050, 90_000, 40_000]
    assert (folder / "original" / "Dépôts 2026.xlsx").read_bytes() == data
    assert main(["run", str(folder / "scenario.yaml")]) == 0
    assert main(["refresh", str(folder)]) == 0


def test_nothing_is_overwritten(start: StartPage, base: Path) -> None:
    for k in range(3):
        reply = give(start, "dépôts.xlsx", xlsx(ROWS))
        (base / "depots-2").mkdir(exist_ok=True)
        assert start.receive_amount({"key": reply.key, "amount": f"{k + 1} k€"}).address
    assert {one.name for one in base.iterdir()} == {"depots", "depots-2", "depots-3", "depots-4"}
    assert list((base / "depots-2").iterdir()) == []


def test_a_folder_that_appears_meanwhile_keeps_its_files(start: StartPage, base: Path) -> None:
    reply = give(start, "depots.xlsx", xlsx(ROWS))
    (base / "depots").mkdir()
    (base / "depots" / "scenario.yaml").write_text("mien", encoding="utf-8")
    told = start.receive_amount({"key": reply.key, "amount": "1 k€"})
    assert told.kind == "bad"
    assert list_files(base) == {"depots/scenario.yaml"}
    assert (base / "depots" / "scenario.yaml").read_text(encoding="utf-8") == "mien"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("livre.xlsx", b"bonjour", "donnez-lui le suffixe .csv"),
        ("livre.xlsx", b"", "le classeur est abîmé"),
        ("vide.csv", b"", "Une ligne doit porter les en-têtes"),
        ("sans.csv", "Numéro;Intitulé;Montant demandé\n".encode(), "aucune ligne ne ressemble"),
        ("macros.xlsm", xlsx(ROWS), "peut contenir des macros"),
        ("nul.csv", "Numéro;Montant demandé\n1;2\n".encode("utf-16-le"), "octet nul"),
        ("vieux.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xls"),
        ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "image.png"),
    ],
)
def test_a_broken_file_is_refused_in_the_words_of_the_intake(
    start: StartPage, base: Path, name: str, data: bytes, words: str
) -> None:
    reply = give(start, name, data)
    assert reply.kind == "bad"
    assert words in html.unescape(reply.defects)
    assert (reply.key, reply.html) == ("", "")
    assert "--" not in reply.defects
    assert list_files(base) == set()


def test_markup_in_a_table_stays_text(start: StartPage) -> None:
    evil = "<img src=x onerror=alert(1)>"
    rows = [[*HEAD[:3], evil], ["D1", evil, 5, "a"], ["D2", "b", 6, "b"], ["D3", "c", 7, "c"]]
    reply = give(start, f"{evil}.xlsx", xlsx(rows))
    assert reply.kind == "good"
    assert "<img" not in reply.html


def test_what_the_planner_says_is_read_and_kept(start: StartPage, base: Path) -> None:
    """A state of the office's own gets its meaning, and another column is the amount."""
    rows = [["Numéro", "Intitulé", "Aide A", "Aide B", "Statut"], ["1", "a", 5000, 7, "Attente pièces"],
            ["2", "b", 60, 5, "En instruction"], ["3", "c", 70, 3, "Accepté"]]  # fmt: skip
    reply = give(start, "avis.xlsx", xlsx(rows))
    stated = {"columns": {"requested": "Aide B"}, "values": {"state": {"Attente pièces": "en_construction"}}}
    again = start.receive_answers({"key": reply.key, "answers": stated})
    assert "15,00\u00a0€" in again.sentence or "15\u00a0€" in again.sentence, again.sentence
    assert start.receive_amount({"key": reply.key, "amount": "1 k€"}).address
    table = load_scenario(base / "avis" / "scenario.yaml").portfolio.table
    assert table["requested_cents"].to_list() == [700, 500, 300]
    assert table["state"].to_list()[0] == "en_construction"


def test_another_sheet_and_line_of_headers(start: StartPage) -> None:
    reply = give(start, "feuilles.xlsx", OFFICES["one sheet for each arrondissement"].write())
    names = list(OFFICES["one sheet for each arrondissement"].sheets)
    assert all(name in reply.html for name in names)
    other = start.receive_answers({"key": reply.key, "answers": {"sheet": names[-1]}})
    assert f"<option selected>{names[-1]}</option>" in other.html
    wrong = start.receive_answers({"key": reply.key, "answers": {"header_row": 4000}})
    assert wrong.kind == "bad"


@pytest.mark.parametrize(
    "stated", [{"sheet": 3}, {"path": "/etc/passwd"}, [1], {"values": {"state": "x"}}, "x"]
)
def test_answers_without_sense_change_nothing(start: StartPage, stated: object) -> None:
    reply = give(start, "depots.xlsx", xlsx(ROWS))
    assert start.receive_answers({"key": reply.key, "answers": stated}).kind == "bad"
    assert start.receive_amount({"key": reply.key, "amount": "1 k€"}).address


@pytest.mark.parametrize("amount", ["", "0", "-3 k€", "beaucoup", None, ["3"], "1e400"])
def test_an_amount_that_is_none_writes_nothing(start: StartPage, base: Path, amount: object) -> None:
    reply = give(start, "depots.xlsx", xlsx(ROWS))
    told = start.receive_amount({"key": reply.key, "amount": amount})
    assert told.kind == "bad"
    assert "3 M€" in told.defects.replace("\u00a0", " ")
    assert list_files(base) == set()


def test_only_a_few_tables_wait(start: StartPage) -> None:
    keys = [give(start, f"{k}.xlsx", xlsx(ROWS)).key for k in range(6)]
    assert start.receive_answers({"key": keys[0]}).kind == "bad"
    assert start.receive_answers({"key": keys[-1]}).kind == "good"


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\x.csv", "x.csv"),
        ("/tmp/a/b.xlsx", "b.xlsx"),
        ("", "table"),
        ("...", "table"),
        ("nul.csv", "_nul.csv"),
        ("a\nb\x00c.csv", "a_b_c.csv"),
        ("x" * 300 + ".xlsx", "x" * 80 + ".xlsx"),
    ],
)
def test_a_name_never_leads_elsewhere(name: str, clean: str) -> None:
    assert normalise_file_name(name) == clean


def test_a_folder_has_a_plain_name(base: Path) -> None:
    assert choose_folder(base, "Été ; rm -rf.csv").name == "ete-rm-rf"
    assert choose_folder(base, "日本.csv").name == "table"


@dataclass
class Door:
    server: PlannerServer
    cookie: str

    def post(self, verb: str, body: bytes, **headers: str) -> tuple[int, str]:
        host = f"127.0.0.1:{self.server.server_port}"
        names = {"Host": host, "Origin": f"http://{host}", "Cookie": self.cookie}
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("POST", f"/start/{verb}", body, {**names, **headers})
        with connection.getresponse() as response:
            told = response.status, response.read().decode()
        connection.close()
        return told


@pytest.fixture
def door(base: Path) -> Iterator[Door]:
    starting: Starting = build_starting(base, Lang.FR)
    with PlannerServer(0, "secret", None, starting, Lang.FR) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Door(server, server.guard.build_cookie().split(";")[0])
        server.shutdown()
        thread.join()


def test_a_table_comes_in_by_the_rules_of_the_page_only(door: Door, base: Path) -> None:
    data = xlsx(ROWS)
    assert door.post("table", data, Cookie="x=y")[0] == 403
    assert door.post("table", data, Origin="http://evil.example")[0] == 403
    assert door.post("table", data, Host="evil.example")[0] == 403
    assert door.post("table", b"", **{"Content-Length": str(MOST_TABLE_BYTES + 1)})[0] == 413
    assert door.post("other", data)[0] == 404
    assert door.post("open", b"no json")[0] == 400
    status, text = door.post("table", data, **{"X-File-Name": "..%2F..%2Fd%C3%A9p%C3%B4ts.xlsx"})
    assert status == 200
    reply = json.loads(text)
    status, text = door.post("open", json.dumps({"key": reply["key"], "amount": "1 k€"}).encode())
    address = json.loads(text)["address"]
    assert address.startswith("/scenarios/")
    assert [one.name for one in base.iterdir()] == ["depots"]
    assert door.server.pages[address].scenario.spec.programme.amount == 100_000
