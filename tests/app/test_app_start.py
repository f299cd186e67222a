"""What stops the page from opening: each is one sentence with what to do, and nothing is started."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tnt_sim.app import server
from tnt_sim.cli.main import main


@pytest.fixture(autouse=True)
def _nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the page was started")

    monkeypatch.setattr(server, "serve", never)


def test_no_such_scenario(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", str(file.with_name("scenari.yaml"))]) == 3
    assert "Vouliez-vous dire « scenario.yaml »" in capsys.readouterr().err


def test_the_port_is_taken(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        port = door.getsockname()[1]
        assert main(["app", str(file), "--port", str(port)]) == 2
    assert f"le port {port} est déjà pris" in capsys.readouterr().err


def test_a_pabulib_file_is_refused_by_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", str(tmp_path / "x.pb")]) == 2
    assert "Pabulib" in capsys.readouterr().err


def test_without_a_port_the_first_free_one() -> None:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", server.FIRST_PORT))
            door.listen()
        except OSError:
            pytest.skip("the first port is taken by somebody else")
        assert server.select_port(None) != server.FIRST_PORT


def test_the_page_needs_no_package_beyond_the_base() -> None:
    """In a process of its own: no extra is imported by the server and its page."""
    code = (
        "import sys, tnt_sim.app.server;"
        "print(*sorted({'voila', 'anywidget', 'tornado', 'traitlets', 'altair'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_tokens_are_not_guessed() -> None:
    assert len({server.generate_token() for _ in range(50)}) == 50
    assert len(server.generate_token()) >= 32
