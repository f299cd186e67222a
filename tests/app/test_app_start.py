"""What stops the page from opening: each is one sentence with what to do, and nothing is started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tnt_sim.app import widget as server
from tnt_sim.cli.main import main
from tnt_sim.i18n.message import Lang


@pytest.fixture(autouse=True)
def _nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the page was started")

    monkeypatch.setattr(server, "serve", never)


def test_no_such_scenario(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", str(file.with_name("scenari.yaml"))]) == 3
    assert "Vouliez-vous dire « scenario.yaml »" in capsys.readouterr().err


def test_the_extra_is_not_installed(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "find_spec", lambda name: None if name == "voila" else name)
    assert main(["app", str(file)]) == 2
    said = capsys.readouterr().err
    assert "voila" in said
    assert 'pip install "tnt-sim[app]"' in said
    assert main(["app", str(file), "--lang", "en"]) == 2
    assert "missing here" in capsys.readouterr().err


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


def test_voila_is_told_to_stay_at_home() -> None:
    pytest.importorskip("traitlets")
    config = server._build_config("Titre", Lang.EN, 8900, "secret")
    assert (config.Voila.ip, config.Voila.port, config.Voila.port_retries) == ("127.0.0.1", 8900, 0)
    assert config.Voila.token == "secret"
    assert config.VoilaConfiguration.resources["lang"] == "en"
    assert config.VoilaConfiguration.preheat_kernel
    assert config.VoilaConfiguration.file_allowlist == []


def test_tokens_are_not_guessed() -> None:
    assert len({server.generate_token() for _ in range(50)}) == 50
    assert len(server.generate_token()) >= 32
