"""What is sent to a server, and what a fault at any call leaves: nothing is decided twice, nothing is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pytest
from support.demarche_server import DEMARCHE, INSTRUCTOR, TOKEN, DemarcheServer, serve

from tnt_sim.errors import DataError, UsageError
from tnt_sim.exchange import journal as journal_module
from tnt_sim.exchange.demarche_calls import Call, Operation, read_dossiers
from tnt_sim.exchange.graphql_client import GraphqlClient
from tnt_sim.exchange.journal import JournalHead, lock_journal, open_journal
from tnt_sim.exchange.sending import SendingOutcome, send_calls
from tnt_sim.exchange.sending_plan import (
    PendingCalls,
    SendingTarget,
    compare_with_server,
    compute_amount,
    count_operations,
    list_plan_conflicts,
)
from tnt_sim.i18n.message import Lang, Text

TARGET = SendingTarget(instructor=INSTRUCTOR, annotations={"granted": "Montant accordé"})
CALLS = [
    ("dossierModifierAnnotations", 101), ("dossierAccepter", 101), ("dossierModifierAnnotations", 102),
    ("dossierAccepter", 102), ("dossierRefuser", 103), ("dossierPasserEnInstruction", 104),
    ("dossierRefuser", 104),
]  # fmt: skip
PLAN = pl.DataFrame(
    [
        ("101", 101, "funded", 1_200_050, 2_400_100, "Accordé"),
        ("102", 102, "funded", 1_300_000, 2_600_000, "Accordé"),
        ("103", 103, "refused", 0, 4_000_000, "Enveloppe épuisée"),
        ("104", 104, "refused", 0, 200_000, "Trop petit"),
        ("105", 105, "closed", 0, 900_000, ""), ("106", 106, "waiting", 0, 900_000, "Liste de réserve"),
        ("107", 107, "committed", 900_000, 900_000, ""),
    ],
    schema=["dossier", "number", "decision", "granted_cents", "base_cents", "motivation"],
    orient="row",
).with_columns(provisional=pl.lit(None, pl.String))  # fmt: skip


PENDING = Call(Operation.REFUSE, 1, {})


@pytest.fixture(scope="module")
def serving() -> Iterator[DemarcheServer]:
    with serve(DemarcheServer()) as one:
        yield one


@pytest.fixture
def server(serving: DemarcheServer) -> DemarcheServer:
    for entries in (serving.dossiers, serving.faults, serving.calls, serving.requests):
        entries.clear()
    for number in (99, 101, 102, 103, 105, 106, 107):
        serving.add(number)
    serving.add(104, "en_construction")
    return serving


def send(server: DemarcheServer, folder: Path, faults: tuple[str, ...] = ()) -> SendingOutcome:
    """Read the server, then send what is left; the faults meet the calls after that."""
    client = GraphqlClient(server.url, TOKEN, interval=0, sleep=lambda _: None)
    head = JournalHead(run="liste", allocation_sha256="0" * 64, url=server.url, demarche=DEMARCHE)
    journal = open_journal(folder / "journal.jsonl", head)
    pending = compare(server, journal.confirmed)
    assert pending.conflicts == []
    server.faults[:] = faults
    outcome = send_calls(client, pending.calls, journal)
    server.faults.clear()
    return outcome


def compare(server: DemarcheServer, confirmed: set[tuple[int, str]] = frozenset()) -> PendingCalls:  # type: ignore[assignment]
    client = GraphqlClient(server.url, TOKEN, interval=0, sleep=lambda _: None)
    return compare_with_server(
        PLAN, {one.number: one for one in read_dossiers(client, DEMARCHE)}, TARGET, confirmed
    )


@pytest.mark.parametrize("fault", ["drop", "drop after", "500", "429", "text"])
@pytest.mark.parametrize("at", range(7))
def test_a_passing_fault_decides_nothing_twice(
    server: DemarcheServer, tmp_path: Path, fault: str, at: int
) -> None:
    outcome = send(server, tmp_path, ("ok",) * at + (fault,))
    assert (outcome.failed, outcome.stopped_by, server.calls) == ([], None, CALLS)
    assert [(call.operation.value, call.number) for call in outcome.confirmed] == CALLS
    assert sorted(server.notified[-5:]) == [101, 102, 103, 104, 104]


@pytest.mark.parametrize("fault", ["401", "500", "drop"])
@pytest.mark.parametrize("at", range(7))
def test_a_sending_that_stops_is_resumed(server: DemarcheServer, tmp_path: Path, fault: str, at: int) -> None:
    outcome = send(server, tmp_path, ("ok",) * at + (fault,) * 40)
    assert outcome.stopped_by is not None
    assert server.calls == CALLS[:at]
    assert send(server, tmp_path).stopped_by is None
    assert server.calls == CALLS


@pytest.mark.parametrize("at", range(7))
def test_a_call_that_took_effect_unseen_is_not_repeated(
    server: DemarcheServer, tmp_path: Path, at: int
) -> None:
    """The connection ends after the call took effect, and then the server is gone."""
    outcome = send(server, tmp_path, ("ok",) * at + ("drop after",) + ("drop",) * 40)
    assert outcome.stopped_by is not None
    assert server.calls == CALLS[: at + 1]
    send(server, tmp_path)
    assert server.calls == CALLS


@pytest.mark.parametrize(
    ("number", "more", "code"),
    [
        (101, {"state": "refuse"}, "decided_otherwise"), (103, {"state": "accepte"}, "decided_otherwise"),
        (103, {"state": "sans_suite"}, "decided_otherwise"), (102, {"archived": True}, "archived"),
        (101, {"state": "accepte", "amount": 11000.0}, "other_amount"), (102, {"annotations": []}, "annotation"),
        (102, None, "unknown"), (101, {"amount": 11000.0}, "other_amount"), (101, {"amount": 0}, "other_amount"),
        (103, {"state": "en_attente\x1b[2J"}, "unknown_state"), (101, {"state": "EN_COURS"}, "unknown_state"),
    ],
)  # fmt: skip
def test_each_contradiction_is_named_and_left_out(
    server: DemarcheServer, number: int, more: dict[str, object] | None, code: str
) -> None:
    if more is None:
        del server.dossiers[number]
    else:
        server.add(number, **{"state": "en_instruction", **more})
    pending = compare(server)
    assert [(one.dossier, one.code) for one in pending.conflicts] == [(str(number), code)]
    assert pending.conflicts[0].text.in_(Lang.FR).isprintable()
    assert {call.number for several in pending.calls for call in several} == {101, 102, 103, 104} - {number}


def test_only_what_differs_is_left_to_send(server: DemarcheServer) -> None:
    server.add(101, amount=12000.5)
    server.add(102, "accepte")
    server.add(103, "refuse")
    pending = compare(server)
    found = [(call.operation.value, call.number) for several in pending.calls for call in several]
    assert found == [("dossierAccepter", 101), ("dossierModifierAnnotations", 102), *CALLS[5:]]
    assert (pending.n_done, pending.conflicts) == (1, [])
    assert count_operations(pending.calls)[Operation.REFUSE] == 1


def test_a_confirmed_call_is_never_sent_again(server: DemarcheServer) -> None:
    pending = compare(server, {(101, "dossierAccepter")})
    assert [(one.dossier, one.code) for one in pending.conflicts] == [("101", "changed_since")]


def test_a_list_that_fits_no_procedure_says_why() -> None:
    plan = pl.DataFrame(
        {
            "dossier": ["E-1", "7", "007", "8", "E-2"], "number": [None, 7, 7, 8, None],
            "decision": ["funded", "funded", "refused", "refused", "waiting"],
            "motivation": ["", "", "Trop tard", " ", ""], "provisional": [None] * 5,
        }
    )  # fmt: skip
    found = {(one.dossier, one.code) for one in list_plan_conflicts(plan)}
    assert found == {("E-1", "number"), ("7", "number_twice"), ("007", "number_twice"), ("8", "no_reason")}


@pytest.mark.parametrize("decision", ["funded", "refused", "waiting", "committed", "closed"])
@pytest.mark.parametrize("twin", ["101", "DS-0101", "101-L4", "101-L4-L4", "DS-101-L12"])
def test_a_number_of_two_lines_is_not_sent_whatever_the_other_line_is(decision: str, twin: str) -> None:
    plan = pl.DataFrame(
        {
            "dossier": ["0101", twin, "102", "L4"], "number": [101, None if "L" in twin else 101, 102, None],
            "decision": ["refused", decision, "refused", "waiting"], "motivation": ["Trop tard"] * 4,
            "provisional": pl.Series([None] * 4, dtype=pl.String),
        }
    )  # fmt: skip
    found = {one.dossier: one.code for one in list_plan_conflicts(plan)}
    assert found.pop("0101") == "number_twice"
    is_sent = decision in ("funded", "refused")
    assert found == ({twin: "number" if "L" in twin else "number_twice"} if is_sent else {})


def test_two_amounts_go_to_two_annotations(server: DemarcheServer) -> None:
    """A label and an id may name the same annotation."""
    id_of_label = server.dossiers[101]["annotations"][0]["id"]
    target = SendingTarget(
        instructor=INSTRUCTOR, annotations={"granted": "Montant accordé", "base": id_of_label}
    )
    client = GraphqlClient(server.url, TOKEN, interval=0)
    dossiers = {one.number: one for one in read_dossiers(client, DEMARCHE)}
    pending = compare_with_server(PLAN.filter(pl.col("number") == 101), dossiers, target)
    assert [(one.dossier, one.code) for one in pending.conflicts] == [("101", "annotation")]
    assert pending.calls == []


def test_what_somebody_else_decided_meanwhile_is_confirmed(server: DemarcheServer, tmp_path: Path) -> None:
    client = GraphqlClient(server.url, TOKEN, interval=0)
    head = JournalHead(run="liste", allocation_sha256="0" * 64, url=server.url, demarche=DEMARCHE)
    journal = open_journal(tmp_path / "journal.jsonl", head)
    pending = compare(server)
    server.dossiers[101]["state"], server.dossiers[103]["state"] = "accepte", "refuse"
    server.dossiers[104]["state"] = "sans_suite"
    outcome = send_calls(client, pending.calls, journal)
    assert [(one.number, one.operation) for one in outcome.failed] == [(104, "dossierRefuser")]
    assert {(101, "dossierAccepter"), (103, "dossierRefuser")} < journal.confirmed


def test_what_is_confirmed_stays_so_in_a_journal(tmp_path: Path) -> None:
    head = JournalHead(run="liste", allocation_sha256="0" * 64, url="https://host", demarche=1)
    journal = open_journal(tmp_path / "journal.jsonl", head)
    for state in ("planned", "sent", "confirmed", "sent", "failed", "planned"):
        journal.record([PENDING], state)
    for one in (journal, open_journal(tmp_path / "journal.jsonl", head)):
        assert one.confirmed == {(1, "dossierRefuser")}


def test_a_journal_serves_one_process_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "journal.jsonl"
    head = JournalHead(run="liste", allocation_sha256="0" * 64, url="https://host", demarche=1)
    with lock_journal(file):
        with pytest.raises(UsageError) as caught, lock_journal(file):
            pass
        assert "another sending" in caught.value.text.in_(Lang.EN)
        assert file.exists()
    assert not file.exists()
    lock, removed = journal_module._lock, []

    def lock_late(stream: BinaryIO, path: Path, busy: Text | None) -> None:
        """The sending before ends between the opening and the lock."""
        if not removed:
            removed.append(path.unlink())
        lock(stream, path, busy)

    monkeypatch.setattr(journal_module, "_lock", lock_late)
    with lock_journal(file):
        open_journal(file, head).record([PENDING], "sent")
        with pytest.raises(UsageError), lock_journal(file):
            pass
    assert open_journal(file, head).states == {(1, "dossierRefuser"): "sent"}
    with pytest.raises(UsageError), lock_journal(tmp_path / "none" / "journal.jsonl"):
        pass


@pytest.mark.parametrize(
    ("what", "granted", "base", "value"),
    [
        ("granted", 1, None, "0.01"), ("base", 1, 250, "2.50"), ("rate", 1, 3, "33.33"), ("rate", 1, 8, "12.50"),
        ("rate", 200_05, 1000_00, "20.01"), ("rate", 1, 0, None), ("rate", 1, None, None), ("base", 1, None, None),
    ],
)  # fmt: skip
def test_amounts_are_exact_and_rates_rounded_half_up(
    what: str, granted: int, base: int | None, value: str | None
) -> None:
    assert compute_amount(what, granted, base) == (None if value is None else Decimal(value))


def test_a_journal_tells_each_state_and_serves_one_sending(server: DemarcheServer, tmp_path: Path) -> None:
    send(server, tmp_path)
    file = tmp_path / "journal.jsonl"
    head, *entries = [json.loads(row) for row in file.read_text(encoding="utf-8").splitlines()]
    assert (head["demarche"], head["url"]) == (DEMARCHE, server.url)
    assert [one["state"] for one in entries] == ["planned"] * 7 + ["sent", "confirmed"] * 7
    assert "Trop petit" not in file.read_text(encoding="utf-8")
    other = JournalHead(run="liste", allocation_sha256="1" * 64, url=server.url, demarche=DEMARCHE)
    with pytest.raises(UsageError):
        open_journal(file, other)
    file.write_text("not a journal\n", encoding="utf-8")
    with pytest.raises(DataError):
        open_journal(file, other)


def test_a_journal_cut_anywhere_is_read_or_refused(server: DemarcheServer, tmp_path: Path) -> None:
    """A kill cuts the last line; what is left is the states before it."""
    send(server, tmp_path)
    file = tmp_path / "journal.jsonl"
    whole = file.read_bytes()
    head = JournalHead(run="liste", allocation_sha256="0" * 64, url=server.url, demarche=DEMARCHE)
    states = open_journal(file, head).states
    first = whole.index(b"\n")
    for cut in range(first + 1, len(whole), 7):
        file.write_bytes(whole[:cut])
        found = open_journal(file, head)
        assert set(found.states) <= set(states)
        assert found.confirmed <= {key for key, state in states.items() if state == "confirmed"}
        found.record([PENDING], "planned")
        after = open_journal(file, head).states
        assert after.pop((1, "dossierRefuser")) == "planned"
        assert set(after) <= set(states)
    file.write_bytes(b"")
    open_journal(file, head).record([PENDING], "sent")
    assert open_journal(file, head).states == {(1, "dossierRefuser"): "sent"}
