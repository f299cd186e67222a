"""Every reader of a run folder reads its rules again first: a folder that was changed is refused by each."""

from __future__ import annotations

import csv
import inspect
import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from support.lanes import Lane, in_lanes
from support.paths import TESTS
from support.run_folders.below_optimum import below_the_optimum
from support.run_folders.checked import copied
from support.run_folders.mutations import ALWAYS, load, rehash, store
from support.run_folders.readers import ACTS, READERS
from support.run_folders.small_runs import run_of

import tnt_sim as tnt
from tnt_sim.cli.main import main
from tnt_sim.cli.verbs import VERBS, load_verb
from tnt_sim.engine.run_folder.replay import check_run
from tnt_sim.errors import TntError
from tnt_sim.reporting.export.formats import FORMATS
from tnt_sim.verify.verification import Standing

DATA = TESTS / "support" / "data" / "projects"
MUTATIONS = tuple({mutation.__name__: mutation for mutation in ALWAYS}.values())


ONE_OF_EACH_KIND = (
    "verify", "explain", "inversions", "core", "compare", "audit", "sign", "export arrete", "export csv",
    "report .html",
)  # fmt: skip
"""Each verb, an act and a table: the readers of other formats go through the same door."""
NEED_INPUTS = {"verify", "explain", "inversions", "compare", "sign"}
OF_INPUTS = {"input_file"}
"""Mutations of the inputs alone: the run may be right, and nobody can say so."""


def takes_a_run(verb: Callable[..., int]) -> bool:
    for part in inspect.get_annotations(verb, eval_str=True).values():
        for about in getattr(part, "__metadata__", ()):
            said = f"{about.metavar} {about.help}" if isinstance(about, typer.models.ParameterInfo) else ""
            if re.search("RUN_DIR|run folder|folder of a run", said):
                return True
    return False


def test_every_verb_that_takes_a_run_folder_is_among_the_readers() -> None:
    assert {name for name in VERBS if takes_a_run(load_verb(name))} == {name.split()[0] for name in READERS}


@pytest.fixture(scope="module")
def honest(made: dict[str, Path]) -> Path:
    return made["links"]


@pytest.fixture(scope="module")
def corrupted(honest: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run folder for each mutation, with every hash made to fit."""
    found: dict[str, Path] = {}
    folder = tmp_path_factory.mktemp("corrupted")
    for mutation in MUTATIONS:
        for seed in range(20):
            run = copied(honest, folder / f"{mutation.__name__}-{seed}")
            before = {file.name: file.read_bytes() for file in run.iterdir()}
            if mutation(run, random.Random(seed)) is None:
                continue
            if (run / "summary.json").is_file():
                try:
                    rehash(run)
                except (ValueError, KeyError, TypeError):
                    continue
            same = {file.name: file.read_bytes() for file in run.iterdir()} == before
            if mutation.__name__ not in OF_INPUTS and are_inputs_gone(run):
                continue  # it changed where the inputs are said to be
            if not same or mutation.__name__ in OF_INPUTS:
                found[mutation.__name__] = run
                break
    assert set(found) == {mutation.__name__ for mutation in MUTATIONS}
    return found


def are_inputs_gone(run: Path) -> bool:
    try:
        return check_run(run).verification.rules.standing is Standing.CLAIMED
    except TntError:
        return False


def written(out: Path) -> list[Path]:
    return sorted(file for file in out.rglob("*") if file.is_file())


@pytest.mark.drawn
@pytest.mark.parametrize("reader", READERS)
def test_a_changed_folder_is_refused(
    reader: str, corrupted: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = READERS[reader]
    # each reader meets every sixth mutation, or every other one, another one first than its neighbour's
    step = 2 if Lane.slow else 6
    met = list(corrupted.items())[list(READERS).index(reader) % step :: step]
    for name, run in met:
        out = tmp_path / name
        out.mkdir()
        if reader == "audit" and not (run / "summary.json").is_file():
            continue
        try:
            words = scenario(run, out)
        except (ValueError, KeyError, TypeError, StopIteration, AttributeError):
            continue  # the scenario that audit is asked about cannot be told from this summary
        code = main([*words, "--lang", "en"])
        said = capsys.readouterr()
        assert "unexpected failure" not in said.err, (name, said.err)
        if name in OF_INPUTS and reader not in NEED_INPUTS | ACTS and code == 0:
            assert re.search("ot verified|pas vérifiée", said.out + said.err), (name, said)
            continue
        assert code != 0, (name, said.out)
        assert written(out) == [], name


@pytest.mark.parametrize(
    "mutation", [mutation.__name__ for mutation in MUTATIONS if mutation.__name__ not in OF_INPUTS]
)
def test_a_notebook_refuses_it_too(mutation: str, corrupted: dict[str, Path]) -> None:
    with pytest.raises(TntError):
        tnt.open_run(corrupted[mutation])


@pytest.fixture(scope="module")
def hiding(honest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder that carries its own project inside, every hash made to fit."""
    run = copied(honest, tmp_path_factory.mktemp("hiding"))
    summary = load(run)
    for entry in summary["inputs"]:
        place = run / ".p" / entry["path"]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(run.parent.parent / entry["path"], place)
    store(run, {**summary, "project": ".p"})
    rehash(run)
    return run


@pytest.mark.parametrize("reader", in_lanes(READERS, *ONE_OF_EACH_KIND))
def test_a_project_hidden_in_the_folder_is_refused(
    reader: str, hiding: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*READERS[reader](hiding, tmp_path), "--lang", "en"]) != 0
    assert re.search(r"inside the run folder[^\n]*\(project-place\)", capsys.readouterr().err)
    assert written(tmp_path) == []


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and beside it, in `away`, a run of it."""
    folder = tmp_path_factory.mktemp("elsewhere") / "whole"
    shutil.copytree(DATA / "demo", folder / "demo")
    made = folder / "demo" / "scenario.yaml"
    assert main(["run", str(made), "--out", str(folder / "away"), "--quiet"]) == 0
    return folder


@pytest.mark.parametrize("reader", in_lanes(READERS, *ONE_OF_EACH_KIND))
def test_a_project_elsewhere_is_named_for_an_act(
    reader: str, elsewhere: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that was written with `--out` is read where it lies; an act is drawn up once its project is named."""
    shutil.copytree(elsewhere, tmp_path, dirs_exist_ok=True)
    made = tmp_path / "demo" / "scenario.yaml"
    (run,) = (tmp_path / "away").glob("*-*")
    words = READERS[reader](run, tmp_path)
    if reader == "audit":
        words[1] = str(made)
    strict = reader in {"sign"} | ACTS
    assert (main([*words, "--lang", "en"]) == 0) is not strict
    assert ("project-place" in capsys.readouterr().err) is strict
    if strict:
        main([*words, "--lang", "en", "--project", str(tmp_path / "demo")])
        assert "project-place" not in capsys.readouterr().err


def forged_award(run: Path) -> None:
    """E-03 gets 1,234,567 €, and every hash fits."""
    table = pl.read_parquet(run / "allocation.parquet")
    mine = pl.col("dossier") == "E-03"
    table = table.with_columns(
        pl.when(mine).then(123456700).otherwise("granted_cents").alias("granted_cents"),
        pl.when(mine).then(True).otherwise("funded").alias("funded"),
    )
    table.write_parquet(run / "allocation.parquet")
    rehash(run)


@pytest.mark.parametrize("reader", in_lanes(READERS, *ONE_OF_EACH_KIND))
def test_an_award_of_a_million_is_refused_with_its_rule(
    reader: str, elsewhere: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(elsewhere / "demo", tmp_path / "demo")
    shutil.copytree(elsewhere / "away", tmp_path / "demo" / "runs")
    (run,) = (tmp_path / "demo" / "runs").glob("*-*")
    forged_award(run)
    out = tmp_path / "out"
    out.mkdir()
    assert main([*READERS[reader](run, out), "--lang", "en"]) in (1, 3)
    assert "E-03" in capsys.readouterr().err
    assert written(out) == []


# ---- inputs that are gone


@pytest.fixture
def gone(honest: Path, tmp_path: Path) -> Path:
    run = copied(honest, tmp_path)
    (run.parent.parent / "table.csv").unlink()
    return run


@pytest.mark.parametrize("reader", sorted(NEED_INPUTS | ACTS))
def test_without_inputs_acts_are_refused(reader: str, gone: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    more = ["--unproven"] if reader in (ACTS | {"sign"}) - {"send"} else []
    assert main([*READERS[reader](gone, out), *more]) != 0
    assert written(out) == []


@pytest.mark.parametrize("name", [n for n, known in FORMATS.items() if not known.is_act and n != "xlsx"])
def test_without_inputs_a_table_says_that_it_is_not_verified(name: str, gone: Path, tmp_path: Path) -> None:
    file = tmp_path / f"x{FORMATS[name].suffixes[0]}"
    assert main(["export", str(gone), "--format", name, "--out", str(file), "--quiet"]) == 0
    if name == "parquet":
        assert set(pl.read_parquet(file)["Mention"]) == {
            "Non vérifié : les données du calcul ne sont plus là, ou ont changé."
        }
    else:
        assert "on vérifié" in file.read_text(encoding="utf-8-sig")


def test_without_inputs_a_page_says_that_it_is_not_verified(gone: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert main(["report", str(gone), "--out", str(page), "--quiet"]) == 0
    assert "NON VÉRIFIÉ" in page.read_text(encoding="utf-8")
    card = tnt.open_run(gone)._repr_html_()
    assert "NON VÉRIFIÉ" in card
    assert "✔" not in card


def test_without_inputs_the_core_says_that_it_is_not_verified(
    gone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["core", str(gone), str(gone), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {run["verification"]["rules"] for run in document["runs"]} == {"claimed"}
    assert main(["core", str(gone), str(gone)]) == 0
    assert "(non vérifié)" in capsys.readouterr().out


# ---- acts want the optimum shown here


@pytest.mark.parametrize("reader", sorted(ACTS | {"sign"}))
def test_acts_want_the_optimum_shown(reader: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = below_the_optimum(tmp_path / "project")
    assert load(run)["publishable"] is True
    out = tmp_path / "out"
    out.mkdir()
    assert main([*READERS[reader](run, out), "--lang", "en"]) == 2
    assert "nothing shows here that its allocation is the best" in capsys.readouterr().err
    assert main([*READERS[reader](run, out), "--solve", "--lang", "en"]) == 1
    assert "gives a better allocation: 8 instead of 5" in capsys.readouterr().err
    assert written(out) == []


def test_an_act_without_a_proof_says_so(tmp_path: Path) -> None:
    run = below_the_optimum(tmp_path / "project")
    for name in ("arrete", "publipostage", "demarche", "chorus"):
        file = tmp_path / f"{name}.csv"
        assert main(["export", str(run), "--format", name, "--unproven", "--out", str(file), "--quiet"]) == 0
        rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
        said = "Établi sans preuve : rien ne démontre que cette répartition est la meilleure."
        assert {row["Mention"] for row in rows} == {said}
    assert main(["sign", str(run), "--as", "un", "--unproven", "--quiet"]) == 0
    signature = run.parents[1] / "registre" / "un" / "signature.json"
    checked = json.loads(signature.read_text(encoding="utf-8"))["checked"]
    assert (checked["rules"], checked["optimal"], checked["first"]) == ("shown", "claimed", "claimed")


def test_an_act_that_is_proven_has_no_mention(tmp_path: Path) -> None:
    file, run = tmp_path / "arrete.csv", run_of("money", tmp_path)
    assert main(["export", str(run), "--format", "arrete", "--out", str(file), "--quiet"]) == 0
    assert "Mention" not in file.read_text(encoding="utf-8-sig")


# ---- asking the solvers again


def honest_by_solvers(folder: Path) -> Path:
    """The right list, its certificate taken away: the run says that two solvers agree."""
    run = run_of("links", folder)
    certificate = json.loads((run / "certificate.json").read_text(encoding="utf-8"))
    certificate |= {
        "proofs": [None, None], "cross_check": {**certificate["cross_check"], "verdict": "agrees"},
        "tie_break": {**certificate["tie_break"], "least_granted": None, "list": None},
    }  # fmt: skip
    (run / "certificate.json").write_text(
        json.dumps(certificate, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    summary = load(run)
    goals = [{**goal, "proof": "CROSS_CHECKED"} for goal in summary["objective"]]
    ties: dict[str, Any] = {"least_granted": None, "list": None}
    words = {"proof": "CROSS_CHECKED", "objective": goals, "canonical_proof": ties}
    store(run, {**summary, **words, "proof_rows": {"read": 0, "unread": 0}})
    rehash(run)
    return run


def test_solving_again_shows_by_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = honest_by_solvers(tmp_path)
    assert main(["verify", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["optimal"] == "claimed"
    assert main(["verify", str(run), "--solve", "--json", "--require-proof", "--as-changed"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["optimal"], document["first"]) == ("shown", "shown")
    assert document["shown_by"]["optimal"] == document["shown_by"]["first"] == "solved_again_proof"
    assert main(["sign", str(run), "--as", "un", "--solve", "--quiet"]) == 0


def test_solving_again_with_two_solvers_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine finds no certificate, two solvers that agree show the optimum, and not the rank."""
    pytest.importorskip("ortools")
    from tnt_sim.cli.commands.verify import determine_exit_code
    from tnt_sim.engine import optimise as decision
    from tnt_sim.engine.run_folder.run_access import Solving, verify_stored

    run = honest_by_solvers(tmp_path)
    monkeypatch.setattr(decision._Optimisation, "_prove_stages", lambda *_: [])
    monkeypatch.setattr(decision._Optimisation, "_solve_by_kernel", lambda *_: None)
    found = verify_stored(run, solving=Solving(60))
    assert found.ok, found.defects
    if found.optimal.means is None:
        pytest.skip("no second solver is installed here")
    assert found.optimal.means.value == "solved_again_two_solvers"
    assert found.first.standing.value == "claimed"
    assert determine_exit_code(found, require_proof=True) == 7


def test_a_time_limit_goes_with_solving_again(honest: Path) -> None:
    assert main(["verify", str(honest), "--time-limit", "5 s"]) == 2
