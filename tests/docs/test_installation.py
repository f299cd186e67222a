"""The README's two commands bring all that the run and the tests need; what is not here is said by name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.paths import ROOT
from support.programs import WANT, wanting

from tnt_sim.analysis.shared.executors import executor
from tnt_sim.cli.commands import doctor
from tnt_sim.cli.main import main
from tnt_sim.errors import UsageError
from tnt_sim.installation import SUPPORTED_PYTHONS, format_install_command
from tnt_sim.reporting.charts.theme import import_altair

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_group_dev_holds_every_extra() -> None:
    dev = {line for line in PROJECT["dependency-groups"]["dev"] if isinstance(line, str)}
    for extra, lines in PROJECT["project"]["optional-dependencies"].items():
        assert set(lines) <= dev, extra


def test_the_lock_pins_what_is_named() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9.-]+)==.*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^\w", text, re.MULTILINE)), "a package without its hash"
    groups = [line for group in PROJECT["dependency-groups"].values() for line in group]
    named = [*PROJECT["project"]["dependencies"], *groups]
    names = {re.split(r"[<>=]", line)[0].replace(".", "-") for line in named if isinstance(line, str)}
    assert names <= {name.replace(".", "-") for name in pinned}


@pytest.mark.parametrize("name", ["README.md", "README.fr.md"])
def test_the_two_commands_stand_in_the_readme(name: str) -> None:
    """`.ci/fresh` reads them in README.md and runs them as they are."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert len([one for one in lines if one.startswith("pip install uv && uv run tnt-sim run ")]) == 1
    assert lines.count("uv run pytest") == 1


def absent(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """An import of the package fails as if it were not installed."""
    monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def _in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the clone, as `uv run` has it."""
    monkeypatch.setattr(sys, "prefix", str(ROOT / ".venv"))
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("_in_the_clone")
def test_without_altair_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    absent(monkeypatch, "altair")
    with pytest.raises(UsageError, match="uv sync --extra charts"):
        import_altair()


@pytest.mark.usefixtures("_in_the_clone")
def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    absent(monkeypatch, "distributed")
    with pytest.raises(UsageError, match="uv sync --extra dask"):
        executor("dask", 1)


@pytest.mark.usefixtures("_in_the_clone")
def test_without_weasyprint_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    absent(monkeypatch, "weasyprint")
    assert main(["new", str(tmp_path / "demo")]) == 0
    assert main(["run", str(tmp_path / "demo/scenario.yaml"), "--out", str(tmp_path / "run")]) == 0
    (run,) = (tmp_path / "run").glob("*-*")
    assert main(["report", str(run), "--out", str(tmp_path / "r.pdf")]) == 2
    assert "uv sync --extra pdf" in capsys.readouterr().err
    assert not (tmp_path / "r.pdf").exists()
    assert not (run / "explanation.json").exists(), "no minute goes into reasons that nothing will print"


def test_the_command_that_installs_is_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone has its extras; elsewhere the packages are named, as tnt_sim itself is in no registry."""
    python = (tmp_path / "bin" / "python").as_posix()
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(ROOT / ".venv"))
    assert format_install_command("pdf", "weasyprint") == f"uv sync --project {ROOT.as_posix()} --extra pdf"
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr("tnt_sim.installation.find_spec", lambda name: None)
    packages = ("altair", "vl-convert-python")
    shown = format_install_command("charts", *packages)
    assert shown == f"uv pip install --python {python} altair vl-convert-python"
    monkeypatch.setattr("tnt_sim.installation.find_spec", lambda name: name)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    shown = format_install_command("charts", *packages)
    assert shown == f"pip --python {python} install altair vl-convert-python"
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert format_install_command("charts", *packages) == "python -m pip install altair vl-convert-python"


@pytest.mark.parametrize(("version", "supported"), [((3, 11), False), ((3, 12), True), ((3, 15), False)])
def test_the_doctor_says_which_versions_of_python_are_supported(
    version: tuple[int, int], supported: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    _id, works, text = doctor._check_python()
    assert works is supported
    assert "3.12 to 3.14 are supported" in text.en
    told = {line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"] if " :: 3." in line}
    first, last = SUPPORTED_PYTHONS
    assert told == {f"3.{minor}" for minor in range(first[1], last[1] + 1)}


def test_what_was_wanting_is_one_line() -> None:
    reasons = [WANT + "GLPK", f"Skipped: {WANT}Chromium", WANT + "GLPK", "takes minutes: run with --slow"]
    assert (
        wanting(reasons) == "skipped for want of Chromium (1), GLPK (2); takes minutes: run with --slow (1)"
    )
    assert wanting([]) == ""


@pytest.mark.slow
def test_a_run_without_programs_skips_and_says_so(tmp_path: Path) -> None:
    """Solvers hidden by the PATH, tests shared out to a worker: nothing fails, and the skipped tests are named."""
    ids = tmp_path / "skipped"
    words = [
        "-n",
        "1",
        "-k",
        "cbc or glpk",
        "--skipped-to",
        str(ids),
        "tests/solve/backends/test_pulp_options.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=ROOT, env={**os.environ, "PATH": str(tmp_path), "PYTEST_ADDOPTS": ""}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    told, closing = done.stdout.splitlines()[-2:]
    assert told == "skipped for want of CBC (2), GLPK (2)"
    assert "4 skipped" in closing
    skipped = ids.read_text(encoding="utf-8").splitlines()
    assert len(skipped) == 4
    assert {one.split("::")[0] for one in skipped} == {"tests/solve/backends/test_pulp_options.py"}
