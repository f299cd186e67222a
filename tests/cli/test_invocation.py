"""In which language the program answers, and how its "next" lines are written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import Run
from support.typed import as_typed

from tnt_sim.cli.invocation import Invocation, choose_language, detect_language, detect_program, read_locale

LANGUAGES = [
    # --lang, locale of the scenario, environment, language
    ("en", "fr", {"TNT_SIM_LANG": "fr", "LC_ALL": "fr_FR.UTF-8"}, "en"),
    (None, "fr", {"TNT_SIM_LANG": "en", "LC_ALL": "fr_FR.UTF-8"}, "en"),
    (None, "fr", {"LC_ALL": "en_GB.UTF-8"}, "fr"),
    (None, "en", {"LANG": "fr_FR.UTF-8"}, "en"),
    (None, None, {"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": "fr_FR", "LANG": "fr_FR"}, "en"),
    (None, None, {"LC_MESSAGES": "en_US", "LANG": "fr_FR"}, "en"),
    (None, None, {"LANG": "en"}, "en"),
    (None, None, {"LC_ALL": "", "LANG": "en_US.UTF-8"}, "en"),
    (None, None, {"LC_ALL": "C.UTF-8", "LANG": "en_US.UTF-8"}, "en"),
    (None, None, {"TNT_SIM_LANG": "de", "LANG": "en_US"}, "en"),
    (None, None, {"LC_ALL": "C.UTF-8"}, "fr"),
    (None, None, {"LANG": "de_DE.UTF-8"}, "fr"),
    (None, None, {}, "fr"),
]


@pytest.mark.parametrize(("given", "written", "environment", "language"), LANGUAGES)
def test_the_first_that_names_a_language_decides(
    given: str | None, written: str | None, environment: dict[str, str], language: str
) -> None:
    assert choose_language(given, written, environment) == language


def test_the_language_of_a_line_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, other = tmp_path / "s.yaml", tmp_path / "t.yaml"
    scenario.write_text("id: s\n", encoding="utf-8")
    other.write_text("extends: u.yaml\n", encoding="utf-8")
    (tmp_path / "u.yaml").write_text("locale: en\n", encoding="utf-8")
    assert detect_language(["run", str(scenario)]) == "fr"
    assert detect_language(["run", str(other)]) == "en"
    assert detect_language(["--lang", "en", "run", str(scenario)]) == "en"
    assert detect_language(["--lang=en", "run", str(other), "--lang", "fr"]) == "fr"
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    assert detect_language(["run", str(scenario)]) == "en"


BATCH = "base: scenario.yaml\nmatrix: {programme.amount: [1.2 M€, 1.3 M€]}\n"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_batch_answers_in_the_language_of_its_base(tnt: Run, tmp_path: Path, lang: str) -> None:
    folder = tmp_path / lang
    assert tnt("new", folder, "--lang", lang).code == 0
    (folder / "batch.yaml").write_text(BATCH, encoding="utf-8")
    said = tnt("batch", folder / "batch.yaml", "--out", tmp_path / "out", "--executor", "serial")
    assert said.code == 0
    assert ("The scenarios" in said.out, "Les scénarios" in said.plain) == (lang == "en", lang == "fr")
    (folder / "batch.yaml").write_text(BATCH + "skip: nothing\n", encoding="utf-8")
    wrong = tnt("batch", folder / "batch.yaml", "--out", tmp_path / "other")
    assert wrong.code != 0
    assert detect_language(["batch", str(folder / "batch.yaml")]) == lang


def test_the_first_scenario_of_a_batch_decides(tmp_path: Path) -> None:
    english, french, base = (tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml"))
    english.write_text("locale: en\n", encoding="utf-8")
    french.write_text("locale: fr\n", encoding="utf-8")
    base.write_text("base: 'a.yaml'\nmatrix: {}\n", encoding="utf-8")
    assert read_locale([english, french]) == "en"
    assert read_locale([french, english]) == "fr"
    assert read_locale([base, french]) == "en"


@pytest.mark.parametrize(
    "line", ["--lang en run scenario.yaml", "run scenario.yaml --lang en", "--lang=en run scenario.yaml"]
)
def test_lang_stands_before_or_after_the_verb(tnt: Run, demo: Path, line: str) -> None:
    assert demo.is_dir()
    said = tnt(*line.split())
    assert (said.code, said.err) == (0, "")
    assert "Next: tnt-sim explain " in said.out


def test_a_language_that_is_not_there(tnt: Run, demo: Path) -> None:
    assert demo.is_dir()
    for words in (("--lang", "de", "run", "scenario.yaml"), ("run", "scenario.yaml", "--lang", "de")):
        said = tnt(*words)
        assert (said.code, said.out) == (2, "")
        assert "--lang prend fr ou en, pas « de »" in said.err


@pytest.mark.parametrize("written", [True, False])
def test_the_environment_counts_where_no_locale_is_written(
    tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    scenario = demo / "scenario.yaml"
    if not written:
        scenario.write_text(scenario.read_text("utf-8").replace("locale: fr\n", ""), encoding="utf-8")
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert ("Next: " in tnt("run", "scenario.yaml").out) is not written
    (folder,) = (demo / "runs").glob("*-*")
    assert "Ensuite : " in tnt("explain", folder).plain  # the sentences in it are French
    monkeypatch.setenv("TNT_SIM_LANG", "en")
    assert "Next: " in tnt("validate", "scenario.yaml").out


STARTED = [
    ("/p/.venv/bin/tnt-sim", {}, "tnt-sim"),
    ("/p/.venv/bin/tnt-sim", {"VIRTUAL_ENV": "/p/.venv"}, "tnt-sim"),
    ("/p/.venv/bin/tnt-sim", {"UV_RUN_RECURSION_DEPTH": "1", "VIRTUAL_ENV": "/p/.venv"}, "uv run tnt-sim"),
    ("/p/.venv/bin/tnt-sim", {"UV_RUN_RECURSION_DEPTH": "1", "VIRTUAL_ENV": "/other"}, "tnt-sim"),
    ("/p/.venv/bin/tnt-sim", {"UV": "/bin/uv"}, "tnt-sim"),
    ("/p/tnt_sim/__main__.py", {}, "python -m tnt_sim"),
    (
        "/p/tnt_sim/__main__.py",
        {"UV_RUN_RECURSION_DEPTH": "1", "VIRTUAL_ENV": "/p/.venv"},
        "uv run python -m tnt_sim",
    ),
]


@pytest.mark.parametrize(("script", "environment", "program"), STARTED)
def test_how_the_program_was_started(script: str, environment: dict[str, str], program: str) -> None:
    assert detect_program(script, environment, "/p/.venv") == program


def test_a_command_keeps_the_language_that_was_given() -> None:
    assert (
        Invocation("uv run tnt-sim", "en").format_command("run s.yaml")
        == "uv run tnt-sim run s.yaml --lang en"
    )
    assert Invocation().format_command("run s.yaml") == "tnt-sim run s.yaml"


def test_the_next_lines_of_a_module_name_it(demo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tnt_sim", "validate", "scenario.yaml", "--lang", "en"],
        capture_output=True, text=True, check=True, cwd=demo,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "Next: python -m tnt_sim run scenario.yaml --lang en"


@pytest.mark.skipif(shutil.which("uv") is None, reason="wants uv")
def test_uv_says_that_it_started_the_program(demo: Path) -> None:
    """The real `uv run`, without a network: what it sets is what `detect_program` reads."""
    uv = ["uv", "run", "--no-sync", "--offline", "--project", str(Path(__file__).parents[2])]
    done = subprocess.run(
        [*uv, "tnt-sim", "validate", "scenario.yaml"],
        capture_output=True, text=True, check=True, cwd=demo, env=os.environ,
    )  # fmt: skip
    assert as_typed(done.stdout).splitlines()[-1] == "Ensuite : uv run tnt-sim run scenario.yaml"
