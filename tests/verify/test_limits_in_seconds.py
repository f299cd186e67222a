"""Reading a run folder ends: each file within its seconds, and the replay of its certificate within its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from support.clocks import StepClock
from support.lanes import seeds

from tnt_sim import deadline
from tnt_sim.certify.proof_checker import Checker
from tnt_sim.cli.main import main
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.errors import DataError
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify import proofs
from tnt_sim.verify import run_files as documents
from tnt_sim.verify.run_files import READ_SECONDS, RUN_FILES, read_object


@pytest.fixture
def demo_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["new", str(tmp_path / "demo")]) == 0
    assert main(["run", str(tmp_path / "demo" / "scenario.yaml"), "--quiet"]) == 0
    capsys.readouterr()
    (run,) = (tmp_path / "demo" / "runs").glob("*-*")
    return run


@pytest.mark.parametrize("lang", seeds(["fr", "en"], 1))
@pytest.mark.parametrize("name", [*RUN_FILES, "dossiers.csv"])
def test_a_file_that_takes_too_long_is_refused_by_name(
    name: str, lang: str, demo_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disk far away, that hands out a file's bytes after the limit."""
    now, chunks = [0.0], documents._read_chunks

    def slowly(file: Path) -> Iterator[bytes]:
        for chunk in chunks(file):
            now[0] += READ_SECONDS + 1 if file.name == name else 0.001
            yield chunk

    monkeypatch.setattr(deadline, "monotonic", lambda: now[0])
    monkeypatch.setattr(documents, "_read_chunks", slowly)
    assert main(["verify", str(demo_run), "--lang", lang]) == 3
    said = capsys.readouterr()
    seconds = {"fr": "sa lecture a pris plus de 120 s", "en": "reading it took more than 120 s"}[lang]
    assert name in said.err
    assert seconds in said.err
    assert "✔" not in said.out


def test_a_document_of_many_objects_ends_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps({"proofs": [{} for _ in range(1_000)]}), encoding="utf-8")
    assert len(read_object(file)["proofs"]) == 1_000
    clock = StepClock(tick=1.0).install(monkeypatch)
    with pytest.raises(DataError, match="120 s"):
        read_object(file)
    assert clock.readings_after(READ_SECONDS) <= 5


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_certificate_that_no_time_replays_is_a_claim(
    lang: str, demo_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was not replayed is neither shown nor false, and no act is drawn from it."""
    monkeypatch.setattr(proofs, "REPLAY_SECONDS", 0.0)
    assert main(["verify", str(demo_run), "--json", "--lang", lang]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["rules"], told["optimal"], told["first"]) == (
        "verified",
        "shown",
        "claimed",
        "claimed",
    )
    words = {"fr": "Le certificat n'a pas pu être relu en 0 s", "en": "could not be replayed within 0 s"}
    assert any(words[lang] in note for note in told["notes"])
    assert main(["verify", str(demo_run), "--require-proof", "--quiet"]) == 5
    assert main(["sign", str(demo_run), "--as", "liste-1"]) != 0


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("verb", ["explain", "inversions", "report"])
def test_questions_on_a_run_replay_its_certificate_within_their_own_limit(
    verb: str, lang: str, demo_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the limit cut is said once, and only then."""
    words = {"fr": "Le certificat n'a pas pu être relu", "en": "The certificate could not be replayed"}[lang]
    more = (
        ["--out", str(demo_run.parent / f"{lang}.xlsx"), "--no-explain", "--force"]
        if verb == "report"
        else []
    )
    command = [verb, str(demo_run), *more, "--lang", lang]
    assert main(command) == 0
    assert words not in capsys.readouterr().err
    StepClock().install(monkeypatch)
    assert main([*command, "--time-limit", "0.001"]) == 0
    assert " ".join(capsys.readouterr().err.split()).count(words) == 1


def test_the_replay_looks_at_its_deadline(demo_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and proofs are left after few looks at the clock once it has run out."""
    problem = compile_problem(load_scenario(demo_run.parent.parent / "scenario.yaml"))
    certificate = read_object(demo_run / "certificate.json")
    summary = read_object(demo_run / "summary.json")
    values = [Fraction(goal["value"]) for goal in summary["objective"]]
    whole = StepClock()
    assert all(Checker.of(problem, Deadline(1e6, whole)).check_stages(values, certificate["proofs"]))
    assert whole.readings > 3
    for limit in range(1, whole.readings):
        clock = StepClock()
        with pytest.raises(DeadlineExpired):
            Checker.of(problem, Deadline(limit * clock.tick, clock)).check_stages(
                values, certificate["proofs"]
            )
        assert clock.readings <= limit + 2
