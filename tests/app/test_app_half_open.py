"""Connections that send half a request: they end after ten seconds, and take no place from others."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tnt_sim.app import server
from tnt_sim.cli.projects.uploaded_project import build_starting
from tnt_sim.i18n.message import Lang

PATIENCE = 30


@pytest.fixture
def planner(tmp_path: Path) -> Iterator[server.PlannerServer]:
    with server.PlannerServer(0, "token", None, build_starting(tmp_path, Lang.EN), Lang.EN) as planner:
        thread = threading.Thread(target=planner.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield planner
        finally:
            planner.shutdown()
            thread.join()


def open_half(planner: server.PlannerServer) -> socket.socket:
    """Open a connection, and send a byte of a request."""
    door = socket.create_connection(("127.0.0.1", planner.server_port), PATIENCE)
    door.sendall(b"G")
    return door


def is_answered(planner: server.PlannerServer) -> bool:
    """Ask for the entry, as a browser would."""
    asked = http.client.HTTPConnection("127.0.0.1", planner.server_port, timeout=PATIENCE)
    asked.request("GET", "/?token=token")
    with asked.getresponse() as found:
        status = found.status
    asked.close()
    return status == 200


def test_as_many_half_open_connections_as_there_may_be_keep_nobody_out(
    planner: server.PlannerServer,
) -> None:
    with ExitStack() as stack:
        doors = [stack.enter_context(open_half(planner)) for _ in range(server.MOST_CONNECTIONS)]
        assert is_answered(planner)
        assert doors[0].recv(1) == b"", "the oldest made place"
        doors[-1].settimeout(0.05)
        with pytest.raises(TimeoutError):
            doors[-1].recv(1)


def test_a_head_has_ten_seconds_however_its_bytes_come(
    planner: server.PlannerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(server, "monotonic", lambda: now[0])
    with open_half(planner) as door:
        while not planner._waiting:  # its place in the queue of the system is no time of its own
            time.sleep(0.01)
        for second in range(1, server.HEAD_SECONDS):
            now[0] = float(second)
            door.sendall(b"E")
        now[0] = float(server.HEAD_SECONDS)
        assert door.recv(1) == b""
    assert is_answered(planner)


def test_a_browser_may_be_silent_for_longer_between_two_requests(
    planner: server.PlannerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(server, "monotonic", lambda: now[0])
    asked = http.client.HTTPConnection("127.0.0.1", planner.server_port, timeout=PATIENCE)
    for moment in (0.0, server.SILENT_SECONDS - 1.0):
        now[0] = moment
        planner.service_actions()
        asked.request("GET", "/?token=token")
        with asked.getresponse() as found:
            assert found.read()
    asked.close()
