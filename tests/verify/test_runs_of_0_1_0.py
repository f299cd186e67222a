"""Run folders and the register of version 0.1.0 are read by every verb, and nothing of them is rewritten."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.lanes import in_lanes
from support.paths import TESTS
from support.run_folders.mutations import load, rehash, store
from support.run_folders.readers import ACTS, READERS

from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.explanation_file import FILES
from tnt_sim.engine.run_folder.replay import check_run
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.reporting.export.formats import FORMATS

DATA = TESTS / "support" / "data" / "runs-0.1.0"
PLACES = {
    "demo": "demo/runs/exemple-dd1c5bd3",
    "register": "demo/registre/liste-1",
    "steps": "steps/runs/exemple-tranches-0b4db0a8",
    "motifs": "motifs/runs/motifs-9a801f3f",
    "crosschecked": "crosschecked/runs/exemple-deux-solveurs-26b06fd2",
}
ALLOWED = {
    ("", "export scdl"): (0, 3),  # invented applicants have no SIRET
    ("", "inversions"): (0, 2),  # not every scenario has a rank
    ("steps", "audit"): (2,),  # it looks at one decision
}
"""Exit codes other than 0, for reasons of their own."""
GIVEN = {"scdl": ["--info", "nomAttribuant=Ville", "--info", "idAttribuant=17690001900015"]}


def place(name: str, folder: Path) -> Path:
    project = PLACES[name].split("/")[0]
    shutil.copytree(DATA / project, folder / project)
    return folder / PLACES[name]


def bytes_of(run: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}


@pytest.mark.parametrize("name", in_lanes(PLACES, "demo"))
def test_every_verb_reads_them(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = place(name, tmp_path)
    before = bytes_of(run)
    out = tmp_path / "out"
    out.mkdir()
    for reader, call in READERS.items():
        words = call(run, out)
        if reader == "audit":
            words[1] = str(tmp_path / PLACES[name].split("/")[0] / "scenario.yaml")
        words += GIVEN.get(reader.removeprefix("export "), [])
        if name == "crosschecked" and reader in ACTS | {"sign"}:
            assert main([*words, "--quiet"]) == 2, reader
            assert "rien ne démontre ici" in capsys.readouterr().err
            words.append("--solve" if reader == "send" else "--unproven")
        code = main([*words, "--quiet"])
        said = capsys.readouterr().err
        allowed = ALLOWED.get((name, reader), ALLOWED.get(("", reader), (0,)))
        assert code in allowed, (reader, said)
        assert "panne inattendue" not in said, (reader, said)
    own = {name: content for name, content in bytes_of(run).items() if name not in FILES}
    assert own == before  # `explain` and `report` keep an explanation beside them


def test_their_reasons_may_be_in_other_words(tmp_path: Path) -> None:
    """A sentence that this version would not write is no false document, and this version's is what leaves."""
    run = place("demo", tmp_path)
    summary = load(run)
    told = open_stored(run).envelopes[0].unspent_because
    summary["envelopes"][0]["unspent_because"] = "Autrement dit."
    store(run, summary)
    rehash(run)
    found = check_run(run).verification
    assert found.ok, found.defects
    assert any("not all those of this version" in note.en for note in found.notes)
    assert open_stored(run).envelopes[0].unspent_because == told


def test_a_certificate_that_no_longer_replays_is_a_claim(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = place("demo", tmp_path)
    certificate = json.loads((run / "certificate.json").read_text(encoding="utf-8"))
    certificate["proofs"] = [None] * len(certificate["proofs"])
    (run / "certificate.json").write_text(json.dumps(certificate), encoding="utf-8")
    rehash(run)
    found = check_run(run).verification
    assert found.ok, found.defects
    assert (found.rules.standing.value, found.optimal.standing.value) == ("shown", "claimed")
    assert main(["verify", str(run)]) == 0
    shown = capsys.readouterr()
    assert "✔" not in shown.out
    assert "ne prouve pas" in shown.err
    assert set(FORMATS) >= {name.removeprefix("export ") for name in ACTS - {"send"}}
