"""Dossiers read page by page: the same bytes however it goes, whatever changes meanwhile, and what is refused."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.clocks import StepClock
from support.demarche_server import DEMARCHE, TOKEN, DemarcheServer, GraphqlFault, build_field, serve

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import DataError, ServerError, TntError, UsageError
from tnt_sim.exchange.demarche_calls import read_dossiers
from tnt_sim.exchange.demarche_reading import (
    DOSSIERS,
    JOURNAL,
    ORIGIN,
    DossierReading,
    ReadingSource,
    build_queries,
    open_reading,
)
from tnt_sim.exchange.demarche_schema import FIELD_KINDS, READING_SCHEMA, check_reading
from tnt_sim.exchange.graphql_client import ATTEMPTS, LONGEST_CALL, GraphqlClient
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.forms.demarche_api import read_graphql

MOMENTS = (
    "2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z", "2026-02-28T10:00:00+01:00", "2026-03-01T10:00:00+01:00",
    "2026-03-02T10:00:00.250+01:00", "2026-03-02T10:00:00+01:00", "2026-01-02T10:00:00+01:00",
)  # fmt: skip
MUTATION = "type Mutation {\n  none: Int\n}\n"


@pytest.fixture
def server() -> Iterator[DemarcheServer]:
    with serve(DemarcheServer()) as one:
        for k, moment in enumerate(MOMENTS):
            one.file(100 + k, moment, requested=[12000.5, 0.07, 1e5, 3, 10, 0.1, 2.5][k])
        yield one


def read(
    server: DemarcheServer, folder: Path, *, page: int = 3, full: bool = False, deadline: Deadline = UNLIMITED
) -> DossierReading:
    client = GraphqlClient(server.url, TOKEN, deadline, interval=0, sleep=lambda _: None)
    reading = open_reading(folder, ReadingSource(server.url, DEMARCHE))
    reading.read(client, FIELD_KINDS, page=page, full=full)
    return reading


def keep(reading: DossierReading) -> None:
    """Write what was read, as the commands do."""
    (reading.folder / DOSSIERS).write_bytes(reading.render())
    (reading.folder / ORIGIN).write_bytes(reading.render_origin("2026-04-01T08:00:00Z"))
    reading.close()


def moments(entries: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    return {number: one["dateDerniereModification"] for number, one in entries.items()}


def test_the_bytes_are_the_same_whatever_the_pages_and_wherever_it_stops(
    server: DemarcheServer, tmp_path: Path
) -> None:
    expected = read(server, tmp_path, page=100).render()
    form = read_graphql(expected, "dossiers.json", "")
    assert [form.fields[0].column.text[k] for k in range(7)] == [str(100 + k) for k in range(7)]
    amounts = next(one for one in form.fields if one.label == "Montant demandé").column.text
    assert list(amounts) == ["12000.5", "0.07", "100000.0", "3", "10", "0.1", "2.5"]
    for page in (1, 2, 3, 7):
        folder = tmp_path / f"{page}"
        folder.mkdir()
        server.requests.clear()
        assert read(server, folder, page=page).render() == expected
        needed = list(server.requests)
        assert needed.count("readDossiers") == -(-7 // page)
        for stop in range(len(needed)) if page > 2 else ():
            folder = tmp_path / f"{page}-{stop}"
            folder.mkdir()
            server.requests.clear()
            server.faults[:] = ["ok"] * stop + ["401"]
            with pytest.raises(ServerError) as caught:
                read(server, folder, page=page)
            assert caught.value.code == "server.token"
            assert read(server, folder, page=page).render() == expected
            assert server.requests == needed  # each page once


def test_a_page_that_a_kill_cut_is_read_again(server: DemarcheServer, tmp_path: Path) -> None:
    expected = read(server, tmp_path, page=3).render()
    data = (tmp_path / JOURNAL).read_bytes()
    for cut in range(0, len(data), 2111):
        (tmp_path / JOURNAL).write_bytes(data[:cut])
        again = read(server, tmp_path, page=3)
        assert again.render() == expected, cut
        (tmp_path / JOURNAL).write_bytes(data[: max(cut, data.index(b"\n") + 1)])
        assert read(server, tmp_path, page=2).render() == expected, cut  # a later page follows a cut one


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_changes_during_a_reading_are_neither_lost_nor_doubled(
    server: DemarcheServer, tmp_path: Path, seed: int, in_order: bool
) -> None:
    """Against the server's own state, and against a full reading of it when nothing changes any more."""
    rng, clock = random.Random(seed), [datetime.now(UTC)]
    server.in_order = in_order
    hidden: dict[int, dict[str, Any]] = {}

    def change() -> None:
        clock[0] += timedelta(seconds=rng.choice([0, 1, 7]))
        now, numbers = clock[0].isoformat(), sorted(server.dossiers)
        what = rng.random()
        if what < 0.5 and numbers:
            server.file(rng.choice(numbers), now, requested=rng.randrange(1000))
        elif what < 0.7:
            server.file(rng.randrange(1, 900), now)
        elif what < 0.85 and numbers:
            server.delete(rng.choice(numbers), now)
        elif what < 0.95 and numbers:
            number = rng.choice(numbers)
            hidden[number] = server.dossiers[number]
            server.delete(number, now, final=False, reason="expired")
        elif hidden:
            number = rng.choice(sorted(hidden))
            server.deletions["pendingDeletedDossiers"] = [
                one for one in server.deletions["pendingDeletedDossiers"] if one["number"] != number
            ]
            if number not in server.dossiers:
                server.dossiers[number] = {**hidden.pop(number), "dateDerniereModification": now}

    for _ in range(4):
        server.before_page = lambda _: change() if rng.random() < 0.7 and in_order else None
        reading = read(server, tmp_path, page=2)
        if in_order:
            assert moments(reading.nodes) == moments(server.dossiers)
        server.before_page = lambda _: None
        if not in_order:  # what changes between two readings, in an order of the server's own
            change()
            reading = read(server, tmp_path, page=2)
        assert moments(reading.nodes) == moments(server.dossiers)
        gone = {one.number for one in reading.list_changes()[2]}
        assert gone == reading.base.keys() - server.dossiers.keys()
        keep(reading)
        clock[0] += timedelta(minutes=rng.choice([0, 30, 600]))
        for _ in range(3):
            change()
    reading = read(server, tmp_path, page=3)
    other = tmp_path / "full"
    other.mkdir()
    assert (
        reading.render()
        == read(server, other, page=100).render()
        == read(server, tmp_path, full=True).render()
    )


def test_without_the_order_of_changes_they_are_read_once_more(server: DemarcheServer, tmp_path: Path) -> None:
    """The server lists by number; a dossier changes after its page was read."""
    server.in_order = False
    later = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()

    def change(page: int) -> None:
        if page == 2:
            server.file(100, later, title="Changé")

    server.before_page = change
    reading = read(server, tmp_path, page=3)
    assert moments(reading.nodes) == moments(server.dossiers)
    assert server.requests.count("readDossiers") == 4  # three pages, and one of what changed since


def test_only_changes_are_read_again_and_deletions_are_named(server: DemarcheServer, tmp_path: Path) -> None:
    keep(read(server, tmp_path))
    server.requests.clear()
    server.file(103, "2026-03-05T10:00:00+01:00", title="Changé")
    server.file(200, "2026-03-06T10:00:00+01:00")
    server.delete(101, "2026-03-06T11:00:00+01:00")
    server.delete(105, "2026-03-06T12:00:00+01:00", final=False, reason="expired")
    server.deletions["deletedDossiers"].append(
        {"number": 7, "dateSupression": "2026-03-06T11:00:00+01:00", "reason": "user_request"}
    )  # never seen here
    reading = read(server, tmp_path, page=100)
    added, changed, deleted = reading.list_changes()
    assert (added, changed) == ([200], [103])
    assert [(one.number, one.reason, one.is_final) for one in deleted] == [
        (101, "user_request", True), (105, "expired", False),
    ]  # fmt: skip
    assert (reading.n_pages, reading.n_read) == (3, 3)  # the two, and 104 of the last hour
    keep(reading)
    assert read(server, tmp_path).list_changes() == ([], [], [])
    del server.dossiers[200]  # without a trace
    assert read(server, tmp_path).list_changes() == ([], [], [])
    assert [one.reason for one in read(server, tmp_path, full=True).list_changes()[2]] == ["not_given"]


def test_a_full_reading_that_was_interrupted_goes_on(server: DemarcheServer, tmp_path: Path) -> None:
    keep(read(server, tmp_path))
    server.faults[:] = ["ok", "ok", "401"]
    with pytest.raises(ServerError):
        read(server, tmp_path, page=2, full=True)
    server.requests.clear()
    assert len(read(server, tmp_path, page=2, full=True).nodes) == 7
    assert server.requests.count("readDossiers") == 2


def test_a_cursor_that_the_server_forgot_begins_the_list_again(
    server: DemarcheServer, tmp_path: Path
) -> None:
    server.faults[:] = ["ok", "401"]
    with pytest.raises(ServerError):
        read(server, tmp_path, page=2)
    refused: list[int] = []

    def forget(page: int) -> None:
        if not refused:
            refused.append(page)
            raise GraphqlFault("Invalid cursor", "bad_request")

    server.before_page = forget
    assert sorted(read(server, tmp_path, page=2).nodes) == list(range(100, 107))
    assert len(refused) == 1


def test_a_slow_server_ends_at_the_deadline_and_the_pages_are_kept(
    server: DemarcheServer, tmp_path: Path
) -> None:
    server.before_page = lambda page: time.sleep(0.5) if page == 3 else None
    with pytest.raises(ServerError) as caught:
        read(server, tmp_path, page=2, deadline=Deadline(0.4))
    assert caught.value.code == "server.deadline"
    server.before_page = lambda _: None
    server.requests.clear()
    assert len(read(server, tmp_path, page=2).nodes) == 7
    assert server.requests.count("readDossiers") <= 2


def test_failures_that_pass_are_tried_again(server: DemarcheServer, tmp_path: Path) -> None:
    server.faults[:] = ["429", "500", "drop", "text", "ok", "drop after"]
    assert len(read(server, tmp_path, page=2).nodes) == 7


def test_persons_are_not_kept(server: DemarcheServer, tmp_path: Path) -> None:
    data = read(server, tmp_path).render()
    assert b"maire@example.fr" not in data + (tmp_path / JOURNAL).read_bytes()
    queries = " ".join(build_queries(FIELD_KINDS).values())
    for word in (" nom ", "prenom", "email", "usager", "PersonnePhysique", "files"):
        assert word not in queries


def test_the_schema_of_the_server_is_compared_first(server: DemarcheServer) -> None:
    client = GraphqlClient(server.url, TOKEN, interval=0)
    assert check_reading(client) == FIELD_KINDS
    server.reading_text = READING_SCHEMA.replace("type EpciChamp {", "type AutreChamp {")
    kinds = check_reading(client)
    assert set(FIELD_KINDS) - set(kinds) == {"EpciChamp"}
    assert "EpciChamp" not in build_queries(kinds)["dossiers"]
    for before, after, named in (
        ("  dateDerniereModification: ISO8601DateTime!\n", "", "Dossier.dateDerniereModification"),
        ("updatedSince: ", "changedSince: ", "Demarche.dossiers(updatedSince)"),
        ("type DecimalNumberChamp {\n  value", "type DecimalNumberChamp {\n  amount", "DecimalNumberChamp.value"),
        ("  reason: String!\n", "  reason: Int!\n", "DeletedDossier.reason: Int!"),
    ):  # fmt: skip
        assert before in READING_SCHEMA
        with serve(
            DemarcheServer(reading_text=READING_SCHEMA.replace(before, after), schema_text=MUTATION)
        ) as other:
            with pytest.raises(ServerError) as caught:
                check_reading(GraphqlClient(other.url, TOKEN, interval=0))
            assert named in caught.value.text.in_(Lang.EN)
            assert "Nothing is read" in caught.value.text.in_(Lang.EN)


@pytest.mark.parametrize(
    "node", [{"dateDerniereModification": None}, {"dateDerniereModification": "hier"}, {"number": "12"},
             {"champs": None}]
)  # fmt: skip
def test_a_dossier_without_its_fields_is_refused(
    server: DemarcheServer, tmp_path: Path, node: dict[str, object]
) -> None:
    reading = open_reading(tmp_path, ReadingSource(server.url, DEMARCHE))
    ask = GraphqlClient(server.url, TOKEN, interval=0).ask

    def answer(*words: Any) -> Mapping[str, object]:
        data: Any = ask(*words)
        data["demarche"]["dossiers"]["nodes"][1].update(node)
        return data

    class Client:
        ask = staticmethod(answer)

    with pytest.raises(ServerError) as caught:
        reading.read(Client(), FIELD_KINDS)  # type: ignore[arg-type]
    assert caught.value.code == "server.answer"


def test_a_cursor_that_does_not_move_ends_the_reading(tmp_path: Path) -> None:
    class Client:
        def ask(self, *_: object) -> Mapping[str, object]:
            page = {"pageInfo": {"hasNextPage": True, "endCursor": "a"}, "nodes": []}
            return {"demarche": {"title": "", "activeRevision": None, "dossiers": page}}

    reading = open_reading(tmp_path, ReadingSource("https://example.fr", 1))
    with pytest.raises(ServerError) as caught:
        reading.read(Client(), ())  # type: ignore[arg-type]
    assert caught.value.code == "server.answer"


@pytest.mark.parametrize("cursors", ["ab", "abc", "a", "abcdefgh"])
@pytest.mark.parametrize("is_sending", [False, True])
def test_pages_without_end_end_the_reading(
    is_sending: bool, cursors: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They lead back to an earlier one, or are more than a démarche has."""
    asked = 0
    monkeypatch.setattr("tnt_sim.exchange.demarche_calls.MOST_PAGES", 5)

    class Client:
        def ask(self, *_: object) -> Mapping[str, object]:
            nonlocal asked
            asked += 1
            head = {"hasNextPage": True, "endCursor": cursors[asked % len(cursors)]}
            return {
                "demarche": {
                    "title": "",
                    "activeRevision": None,
                    "dossiers": {"pageInfo": head, "nodes": [None]},
                }
            }

    client: Any = Client()
    reading = open_reading(tmp_path, ReadingSource("https://example.fr", 1))
    with pytest.raises(ServerError, match="n'ont pas de fin"):
        list(read_dossiers(client, 1)) if is_sending else reading.read(client, ())
    assert asked == min(len(cursors), 5) + 1


def _drip(connection: socket.socket) -> None:
    """Answer a call with a head without end."""
    with connection, suppress(OSError):
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for k in range(99):
            connection.sendall(f"X-{k}: {'a' * 60_000}\r\n".encode())
        connection.recv(1)


@pytest.mark.parametrize("seconds", [None, 90.0])
def test_a_head_that_drips_ends_with_the_call(seconds: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each read of the socket is a second of a false clock: a call has 60, and all of them what is left."""
    clock = StepClock(1.0).install(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as door, ThreadPoolExecutor(1) as pool:
        calls = [pool.submit(lambda: _drip(door.accept()[0])) for _ in range(ATTEMPTS)]
        url = f"http://127.0.0.1:{door.getsockname()[1]}/graphql"
        client = GraphqlClient(url, TOKEN, Deadline(seconds), interval=0, sleep=lambda _: None)
        with pytest.raises(ServerError, match="TimeoutError" if seconds is None else "temps est écoulé"):
            client.ask("readPage", "query", {})
        longest = ATTEMPTS * LONGEST_CALL if seconds is None else seconds
        assert clock.readings <= longest + 3 * ATTEMPTS
        for _ in [one for one in calls if one.cancel() is False and not one.done()]:
            socket.create_connection(door.getsockname()).close()


@pytest.mark.parametrize("number", ["1e999999999", "-1e-999999999", "1" * 41, "0." + "1" * 41])
def test_a_number_without_bounds_is_refused_where_it_is_read(number: str) -> None:
    answer = f'{{"data": {{"decimalNumber": {number}}}}}'.encode()
    with pytest.raises(ServerError, match="trop long"):
        GraphqlClient("https://example.fr", TOKEN)._extract_data(answer)
    if "." in number or "e" in number:
        with pytest.raises(DataError):
            read_graphql(answer, "export.json", "")


def test_a_folder_belongs_to_one_procedure_of_one_server(server: DemarcheServer, tmp_path: Path) -> None:
    read(server, tmp_path)
    for source in (ReadingSource(server.url, 1), ReadingSource("https://example.fr", DEMARCHE)):
        with pytest.raises(UsageError):
            open_reading(tmp_path, source)
    keep(read(server, tmp_path))
    with pytest.raises(UsageError):
        open_reading(tmp_path, ReadingSource(server.url, 1))


def test_pages_that_follow_another_file_of_dossiers_are_dropped(
    server: DemarcheServer, tmp_path: Path
) -> None:
    keep(read(server, tmp_path))
    server.file(100, "2026-03-05T10:00:00+01:00", title="Changé")
    read(server, tmp_path)
    assert (tmp_path / JOURNAL).exists()
    (tmp_path / DOSSIERS).unlink()
    assert len(read(server, tmp_path).nodes) == 7


@pytest.mark.parametrize(
    ("name", "text"),
    [(JOURNAL, "[]\n"), (JOURNAL, "x\n"), (DOSSIERS, "{}"), (ORIGIN, "[]"),
     (DOSSIERS, '{"data": {"demarche": {"dossiers": {"nodes": [{}]}}}}')],
)  # fmt: skip
def test_a_damaged_file_is_named(server: DemarcheServer, tmp_path: Path, name: str, text: str) -> None:
    keep(read(server, tmp_path))
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        open_reading(tmp_path, ReadingSource(server.url, DEMARCHE))
    assert name in str(caught.value.defects[0].places[0])


def test_numbers_and_texts_survive(server: DemarcheServer, tmp_path: Path) -> None:
    """Also a lone half of a pair, and a line break that some readers count as a row."""
    champs = [
        build_field("IntegerNumberChamp", "Habitants", stringValue="1", value=12345678901234567890),
        build_field("TextChamp", "Texte", stringValue="a\u2028b\ud800c\x00"),
        build_field("MultipleDropDownListChamp", "Choix", stringValue="", values=["DETR", "DSIL"]),
    ]
    server.file(300, "2026-03-09T10:00:00Z", champs=champs)
    read(server, tmp_path)
    reading = read(server, tmp_path, full=True)
    (node,) = [
        one
        for one in json.loads(reading.render())["data"]["demarche"]["dossiers"]["nodes"]
        if one["number"] == 300
    ]
    assert node["champs"][0]["integerNumber"] == 12345678901234567890
    assert node["champs"][1]["stringValue"] == "a\u2028b?c\x00"
    assert node["champs"][2]["values"] == ["DETR", "DSIL"]


def test_a_disk_that_refuses_is_named(server: DemarcheServer, tmp_path: Path) -> None:
    (tmp_path / JOURNAL).mkdir()
    with pytest.raises(TntError):
        read(server, tmp_path)
