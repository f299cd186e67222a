"""What `verify` says in three answers: the rules, the optimum, the first of equals; shown, claimed or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.paths import TESTS
from support.run_folders.below_optimum import BELOW, below_the_optimum
from support.run_folders.checked import copied
from support.run_folders.mutations import load, rehash, store
from support.run_folders.small_runs import forged, project, solved

from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify import run_replay as replay

DATA = TESTS / "support" / "data"


def answers(run: Path) -> tuple[str, str, str]:
    checked = verify_run(run).record
    return checked.rules, checked.optimal, checked.first


def test_a_list_below_the_optimum_is_claimed_and_never_green(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = below_the_optimum(tmp_path)
    assert load(run)["proof"] == "CROSS_CHECKED"
    assert answers(run) == ("shown", "claimed", "claimed")
    for lang, words in (
        ("fr", "Le calcul se dit optimal, et rien ne le démontre"),
        ("en", "The run says that it is optimal, and nothing shows it"),
    ):
        assert main(["verify", str(run), "--lang", lang]) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert "✔" not in said
        assert words in said
    assert main(["verify", str(run), "--require-proof", "--quiet"]) == 5


def test_explain_and_compare_say_what_is_only_claimed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, honest = below_the_optimum(tmp_path / "one"), solve(load_scenario(project(BELOW, tmp_path / "two")))
    other = write_run(honest)
    for folder, standing in ((run, "claimed"), (other, "shown")):
        assert main(["explain", str(folder), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)["verification"]
        assert (told["rules"], told["optimal"], told["first"]) == ("shown", standing, standing)
    assert main(["compare", str(run), str(other), "--no-causes", "--json"]) == 0
    sides = json.loads(capsys.readouterr().out)["sides"]
    assert [side["verification"]["optimal"] for side in sides] == ["claimed", "shown"]
    for lang, words in (
        ("fr", "affirmé par le calcul, non démontré"),
        ("en", "claimed by the run, not shown"),
    ):
        page = tmp_path / f"{lang}.html"
        asked = ["compare", str(run), str(other), "--no-causes", "--lang", lang]
        assert main(asked) == 0
        assert capsys.readouterr().out.count(words) == 1
        assert main([*asked, "--out", str(page), "--quiet"]) == 0
        assert page.read_text(encoding="utf-8").count(words) == 1


def test_a_certificate_that_replays_shows_all_three(
    made: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers(made["links"]) == ("shown", "shown", "shown")
    assert main(["verify", str(made["links"]), "--require-proof", "--as-changed", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["shown_by"] == {"rules": "inputs", "optimal": "list", "first": "list"}
    assert document["unverified"] == ["versions", "seconds", "solver.log", "method", "stopped_by"]


def test_the_check_without_certificates_shows_the_rules_alone(made: dict[str, Path]) -> None:
    checked = replay.verify_run(made["links"]).record
    assert (checked.rules, checked.optimal, checked.first) == ("shown", "claimed", "claimed")


def test_a_run_that_a_limit_stopped_claims_nothing(made: dict[str, Path]) -> None:
    assert answers(made["half"]) == ("shown", "none", "none")


def test_only_the_rank_among_equals_is_not_shown(tmp_path: Path) -> None:
    result = solved("links", tmp_path / "project")
    assert result.allocation is not None
    ties = {**result.certificate["tie_break"], "list": None}
    told = forged(result, result.allocation, certificate={**result.certificate, "tie_break": ties})
    run = write_run(told)
    assert answers(run) == ("shown", "shown", "claimed")
    assert main(["verify", str(run), "--require-proof", "--as-changed", "--quiet"]) == 7


def test_nothing_is_shown_of_a_run_that_is_false(made: dict[str, Path], tmp_path: Path) -> None:
    run = copied(made["links"], tmp_path)
    store(run, {**load(run), "n_funded": 1})
    rehash(run)
    assert answers(run) == ("none", "none", "none")
    assert main(["verify", str(run), "--require-proof", "--quiet"]) == 1


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_without_its_inputs_all_is_claimed(made: dict[str, Path], tmp_path: Path, how: str) -> None:
    run = copied(made["links"], tmp_path)
    file = run.parent.parent / "table.csv"
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes() + b"\n")
    assert answers(run) == ("claimed", "claimed", "claimed")
    assert main(["verify", str(run), "--quiet"]) == 1


@pytest.mark.parametrize("key", ["versions", "seconds", "log"])
def test_what_nothing_binds_is_labelled(
    key: str, made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forger may write them anew: wherever they are shown, they are said not to be verified."""
    run = copied(made["links"], tmp_path)
    summary = load(run)
    if key == "versions":
        summary["versions"]["highspy"] = "99.9"
    elif key == "seconds":
        summary["seconds"] = {name: value + 1 for name, value in summary["seconds"].items()}
    else:
        log = (run / "solver.log").read_text(encoding="utf-8")
        (run / "solver.log").write_text(f"optimal\n{log}", encoding="utf-8")
    store(run, summary)
    rehash(run)
    assert main(["verify", str(run)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Non vérifié, car rien ne le relie à la répartition : versions, durées" in said
    page = tmp_path / "page.html"
    assert main(["report", str(run), "--no-explain", "--out", str(page), "--quiet", "--lang", "en"]) == 0
    text = page.read_text(encoding="utf-8")
    assert "Versions (not verified)" in text
    assert "Not verified, since nothing binds it to the allocation: versions, seconds" in text


def test_the_version_of_this_code_is_bound_by_its_hash(made: dict[str, Path], tmp_path: Path) -> None:
    """Who says that this very code made the run cannot say that it was of another version."""
    run = copied(made["links"], tmp_path)
    summary = load(run)
    summary["versions"]["tnt_sim"] = "9.9.9"
    store(run, summary)
    rehash(run)
    assert "summary:versions.tnt_sim" in [defect.code for defect in verify_run(run).defects]


def of_other_code(run: Path) -> dict[str, Any]:
    """The summary of a run that says that another version of the code made it."""
    summary = load(run)
    summary["provenance"]["code_sha256"] = "0" * 64
    return summary


def test_a_folder_never_chooses_how_it_is_read(made: dict[str, Path], tmp_path: Path) -> None:
    """What another code says of a reason is not read again, and this code's is shown; figures are read as ever."""
    run = copied(made["links"], tmp_path)
    summary = of_other_code(run)
    summary["envelopes"][0]["unspent_because"] = "Autrement dit."
    store(run, summary)
    rehash(run)
    found = verify_run(run)
    assert found.ok, found.defects
    assert any("not all those of this version" in note.en for note in found.notes)
    assert open_stored(run).envelopes[0].unspent_because != "Autrement dit."
    summary["granted_cents"] += 1
    store(run, summary)
    rehash(run)
    assert answers(run) == ("none", "none", "none")
