"""The shipped examples: each is listed as what it is, and runs in the folder to which it is copied."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path

import pytest
from support.command_line import Run
from support.paths import ROOT

from tnt_sim.cli.projects.shipped_examples import ExampleKind, find_examples_folder, list_examples, read_files
from tnt_sim.scenario.scenario import is_synthetic

SCENARIOS = ROOT / "scenarios"


def test_every_file_of_the_folder_is_listed_as_what_it_is(tnt: Run) -> None:
    listed = tnt("examples", "--json").document["examples"]
    shipped = {path.name for kind in ("*.yaml", "*.xlsx") for path in SCENARIOS.glob(kind)}
    assert {one["file"] for one in listed} == shipped
    kinds = {one["name"]: (one["kind"], one["synthetic"]) for one in listed}
    assert kinds["tnt-2021"] == ("scenario", True)
    assert kinds["lot-objectifs"] == ("batch", True)
    assert kinds["premier-soir"] == ("table", False)
    assert [name for name, (__, marked) in kinds.items() if not marked] == ["detr-dsil-2019", "premier-soir"]


@pytest.mark.parametrize("name", ["tnt-2021", "motifs", "detr-dsil-2019", "enveloppe-98", "lot-objectifs"])
def test_a_mark_in_the_list_is_that_of_the_scenario(name: str) -> None:
    from tnt_sim.scenario.load import load_scenario

    example = next(one for one in list_examples(SCENARIOS) if one.name == name)
    file = example.base if example.kind is ExampleKind.BATCH else example.file
    assert is_synthetic(load_scenario(SCENARIOS / file)) is example.synthetic


def test_a_copy_is_whole_and_runs_alone(tnt: Run, tmp_path: Path) -> None:
    place = tmp_path / "ici"
    said = tnt("examples", "motifs", "fonds-territoires-94.yaml", "--out", place, "--lang", "fr")
    assert said.code == 0
    assert f"tnt-sim run {place}/motifs.yaml" in said.plain
    written = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert written == {
        "tnt-sim.toml", "motifs.yaml", "fonds-territoires-94.yaml", "fonds-territoires.yaml", "data/README.md",
        "data/LISEZMOI.md", "data/motifs.csv", "data/tnt-2021-dossiers.csv",
    }  # fmt: skip
    original = tnt("run", SCENARIOS / "motifs.yaml", "--out", tmp_path / "a", "--json").document
    copy = tnt("run", place / "motifs.yaml", "--out", tmp_path / "b", "--json").document
    assert copy["allocation_sha256"] == original["allocation_sha256"]


def test_a_batch_and_the_workbook_say_their_own_next_command(tnt: Run, tmp_path: Path) -> None:
    assert (
        f"tnt-sim batch {tmp_path}/lot-enveloppes.yaml"
        in tnt("examples", "lot-enveloppes", "--out", tmp_path).plain
    )
    assert (tmp_path / "tnt-2021.yaml").is_file()
    assert (
        f"tnt-sim new mine --from {tmp_path}/premier-soir.xlsx"
        in tnt("examples", "premier-soir", "--out", tmp_path).plain
    )


def test_what_is_there_and_differs_is_never_replaced(tnt: Run, tmp_path: Path) -> None:
    assert tnt("examples", "motifs", "--out", tmp_path).code == 0
    assert tnt("examples", "motifs", "--out", tmp_path).code == 0, "the same again"
    (tmp_path / "motifs.yaml").write_text("id: mine\n", encoding="utf-8")
    (tmp_path / "data" / "README.md").write_text("", encoding="utf-8")
    said = tnt("examples", "motifs", "tnt-2021", "--out", tmp_path, "--lang", "en")
    assert said.code == 2
    assert "motifs.yaml" in said.err
    assert "data/README.md" in said.err
    assert not (tmp_path / "tnt-2021.yaml").exists()


def test_an_unknown_name_has_the_nearest(tnt: Run) -> None:
    said = tnt("examples", "tnt-2012", "--lang", "en")
    assert said.code == 2
    assert 'Did you mean "tnt-2021"?' in said.err


def test_an_installation_without_examples_says_so(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tnt_sim.cli.projects.shipped_examples.EXAMPLES", tmp_path / "tnt_sim" / "examples")
    said = tnt("examples", "--lang", "en")
    assert said.code == 2
    assert "holds no examples" in said.err


@pytest.mark.slow
def test_each_example_has_all_its_files() -> None:
    folder = find_examples_folder()
    for example in list_examples(folder):
        assert {example.file, "data/README.md", "data/LISEZMOI.md"} <= set(read_files(folder, example))


def test_the_workbook_of_the_first_evening_is_built_from_the_real_projects() -> None:
    spec = importlib.util.spec_from_file_location("first_evening", SCENARIOS / "build" / "first_evening.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    built, kept = module.build(), (SCENARIOS / "premier-soir.xlsx").read_bytes()
    assert hashlib.sha256(built).hexdigest() == hashlib.sha256(kept).hexdigest()


@pytest.mark.parametrize(
    ("lang", "title", "report"),
    [
        ("fr", "Dossiers de premier-soir.xlsx", "rapport.html"),
        ("en", "Applications of premier-soir.xlsx", "report.html"),
    ],
)
def test_the_first_evening_goes_as_its_page_says(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str, title: str, report: str
) -> None:
    """Each line of the page is printed in this order, or in the scenario; « … » stands for lines left out."""
    monkeypatch.chdir(tmp_path)
    page = (ROOT / f"docs/{lang}/tutorials/first-evening.md").read_text(encoding="utf-8")
    reviewed = [f'title: "{title}"', "amount: 3.2 M€", "- {maximise: {dossiers: 1}}"]
    assert all(line in page for line in reviewed)
    blocks = re.findall(r"```text\n(.*?)```", page, re.S)
    printed: list[str] = []
    n_compared = 0
    for block in blocks:
        lines = block.splitlines()
        if not block.startswith("tnt-sim "):
            rest = iter(printed)
            for line in (
                " ".join(one.replace("’", "'").split()) for one in lines if one.strip() not in ("", "…")
            ):
                assert any(shown.startswith(line) for shown in rest), line
                n_compared += 1
            continue
        for line in lines:
            words = [word for word in line.split()[1:] if word not in ("--lang", lang)]
            said = tnt(*words, "--lang", lang)
            assert said.code == 0, said.err
            printed = [
                " ".join(shown.replace(f" --lang {lang}", "").split()) for shown in said.plain.splitlines()
            ]
            scenario = tmp_path / "mine" / "scenario.yaml"
            if line.split()[1] == "new":
                text = scenario.read_text(encoding="utf-8")
                assert all(line in text for line in reviewed)
                scenario.write_text(text.replace("amount: 3.2 M€", "amount: 1.5 M€"), encoding="utf-8")
    assert n_compared > 20
    assert (tmp_path / report).is_file()
