"""Every example of the help is typed as it is written, in a folder that `new demo` made; each must do its work."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import xlsxwriter
from support.keys import write_key
from support.lanes import first_of, in_lanes

from tnt_sim.cli.main import main
from tnt_sim.cli.project_templates import build_dossiers_csv
from tnt_sim.cli.verbs import VERBS

WITHOUT_END = ("app",)
"""Verbs that stay until they are stopped: their own tests start them."""
OUTSIDE = ("tls://hote:8786", "https://demarche.numerique.gouv.fr/api/v2/graphql")
"""What the folder cannot hold: a cluster, and the server that `tests/cli/test_send.py` puts in its place."""
RUNS = ("runs/exemple-1a2b3c4d", "runs/exemple-5e6f7a8b")
DOSSIER = {
    "number": 12,
    "state": "en_instruction",
    "dateDepot": "2026-01-05T09:30:00+01:00",
    "champs": [{"id": "c1", "label": "Montant de l'aide demandée (en euros)", "stringValue": "1000"}],
}
FEWER = {"--draws": "6", "--sensitivity": "2"}
"""The same question with less work: draws alone would take a minute."""
EXIT = {"conflict": (0, 4)}
DEAR = (
    "tnt-sim batch lot.yaml --out lots/enveloppes",
    'tnt-sim sweep scenario.yaml --from "80 %" --to "120 %" --share pro_rata',
    'tnt-sim sweep scenario.yaml --from "1.2 M€" --to "1.5 M€" --steps 3',
    'tnt-sim sweep scenario.yaml --nested --at "1.2 M€" --at "1.3 M€" --at "1.5 M€"',
    'tnt-sim sweep scenario.yaml --envelope numerique --to "700 k€" --exact',
    "tnt-sim alternatives scenario.yaml --count 3",
)
"""Examples that take seconds, of verbs that have cheaper ones: typed with `--slow`."""


def in_every_run() -> list[str]:
    """The first example of each verb, without the dear ones."""
    first: dict[str, str] = {}
    for line in examples():
        if line not in DEAR:
            first.setdefault(line.split()[1], line)
    return [*first.values()]


def test_the_dear_examples_are_examples() -> None:
    assert set(DEAR) <= set(examples())


def examples() -> list[str]:
    """Each command line, its continued lines joined."""
    found = []
    for verb in VERBS.values():
        joined = verb.epilog.replace("\\\n", " ")
        found += [" ".join(line.split()) for line in joined.splitlines() if line.startswith("  tnt-sim ")]
    return found


def test_every_verb_has_an_example() -> None:
    assert {line.split()[1] for line in examples()} == set(VERBS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with all that the examples name."""
    root = tmp_path_factory.mktemp("examples") / "demo"
    assert main(["new", str(root), "--json"]) == 0
    layers = {
        "variante": "rules: [{id: part-communes, min: 50 %}]",
        "a": "date: 2026-03-31",
        "b": "programme: {amount: 1.3 M€}",
        "c": "rules: [{id: plafond-departement, off: true}]",
        "incertain": "uncertain: [{id: notes, column: score, plus: {normal: {sd: 1}}}]",
    }
    for name, text in layers.items():
        (root / f"{name}.yaml").write_text(f"extends: scenario.yaml\nid: {name}\n{text}\n", encoding="utf-8")
    (root / "lot.yaml").write_text(
        "base: scenario.yaml\n"
        "matrix: {programme.amount: [1.2 M€, 1.3 M€], rules.part-communes.min: [40 %, 50 %]}\n"
        'name: "{programme.amount}, {rules.part-communes.min}"\n',
        encoding="utf-8",
    )
    _tables(root)
    assert main(["new", str(root / "mon-programme"), "--from", str(root / "dossiers.xlsx"), "--json"]) == 0
    write_key(root / "cle")
    return root


@pytest.fixture(scope="module")
def runs(folder: Path) -> dict[str, str]:
    """The two runs of the help, and where they really are; what is read back from them."""
    found: dict[str, str] = {}
    for name, changes in zip(RUNS, ([], ["--set", "programme.amount=1.3 M€"]), strict=True):
        assert main(["run", str(folder / "scenario.yaml"), "--quiet", *changes]) == 0
        made = next(path for path in sorted((folder / "runs").glob("*-*")) if path.name not in found.values())
        found[name] = made.name
    first = folder / "runs" / found[RUNS[0]]
    assert main(["report", str(first), "--out", str(folder / "parametres.xlsx"), "--quiet"]) == 0
    assert (
        main(
            ["export", str(first), "--by", "department", "--out", str(folder / "classeurs-rendus"), "--quiet"]
        )
        == 0
    )
    assert (
        main(["sign", str(first), "--as", "liste-0", "--register", str(folder / "registre"), "--quiet"]) == 0
    )
    return {name: f"runs/{made}" for name, made in found.items()}


def _tables(root: Path) -> None:
    from support.form_exports import LABELS, answer, rows

    (root / "liste.csv").write_bytes(
        "Numéro de dossier;Intitulé du projet;Montant demandé\n1;École;40 000,00\n2;Mairie;30 000,00\n".encode(
            "cp1252"
        )
    )
    ended = "".join(f"commune;{100 + k},00;{102 + k % 7},00\n" for k in range(40))
    (root / "soldes.csv").write_text(f"applicant_type;Coût total;Coût réalisé\n{ended}", encoding="utf-8")
    (root / "retraits.csv").write_text("dossier;granted\nE-08;0\n", encoding="utf-8")
    (root / "quartier.pb").write_text(
        "META\nkey;value\ndescription;Quartier\nbudget;100\nvote_type;approval\ncurrency;EUR\n"
        "PROJECTS\nproject_id;cost;name\n1;60;Banc\nVOTES\nvoter_id;vote\n1;1\n",
        encoding="utf-8",
    )
    (root / "chorus.csv").write_text(
        "N° EJ;Fournisseur payé (DP);Code taxe 1;Montant payé;Libellé\n21;X;;72 000,00;E-01\n",
        encoding="utf-8",
    )
    (root / "export.json").write_text(answer(DOSSIER), encoding="utf-8")
    sheets = {
        "dossiers.xlsx": [line.split(",") for line in build_dossiers_csv().splitlines()],
        "ma-liste.xlsx": [["dossier"], ["E-08"], ["E-15"]],
        "paiements.xlsx": [["Libellé", "Paiement"], ["E-08", "41600"]],
        "dossiers_detr_2026-01-15_10-02.xlsx": [LABELS, *rows()],
    }
    for name, body in sheets.items():
        with xlsxwriter.Workbook(str(root / name), {"default_date_format": "dd/mm/yyyy"}) as book:
            sheet = book.add_worksheet("Dossiers")
            for k, cells in enumerate(body):
                sheet.write_row(k, 0, cells)


@pytest.mark.parametrize(
    "line",
    in_lanes((line for line in examples() if line.split()[1] not in WITHOUT_END), *in_every_run()),
)
def test_an_example_works(
    line: str,
    folder: Path,
    runs: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if any(word in line for word in OUTSIDE):
        pytest.skip("needs a cluster or a server")
    monkeypatch.chdir(folder)
    words = shlex.split(re.sub(r" > \S+$", "", line))[1:]
    words = [runs.get(word, word) for word in words]
    for k in range(1, len(words)):
        words[k] = FEWER.get(words[k - 1], words[k])
    words += ["--workers", "1"] if words[0] == "ensemble" else []
    if words[0] == "new":
        shutil.rmtree(folder / words[1], ignore_errors=True)
    if words[:3] == ["sign", runs[RUNS[0]], "--as"]:
        shutil.rmtree(folder / "registre")
    if words[:2] == ["verify", "registre/liste-1"]:
        shutil.rmtree(folder / "registre")
        assert main(["sign", runs[RUNS[0]], "--as", "liste-1", "--signing-key", "cle", "--quiet"]) == 0
    code = main(words)
    said = capsys.readouterr()
    assert code in EXIT.get(words[0], (0,)), said.err
    assert "Erreur" not in said.err
    if "--json" not in words:
        assert said.out.strip()
        if words[0] in (
            "run",
            "validate",
            "show",
            "verify",
            "explain",
            "sweep",
            "audit",
            "compare",
            "report",
            "export",
        ):
            assert "Ensuite : tnt-sim " in said.out or "--out" in words
        if words[0] in ("batch", "sign") and "--amend" not in words:
            assert "Ensuite : " in said.out


def test_quiet_gives_no_hint(
    folder: Path, runs: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for words in (["validate", "scenario.yaml"], ["verify", runs[RUNS[0]]], ["explain", runs[RUNS[0]]]):
        assert main([*words, "--quiet"]) == 0
        assert capsys.readouterr().out == ""


@pytest.mark.drawn
def test_a_hint_can_be_pasted(
    folder: Path, runs: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a command says comes next is a command that works."""
    monkeypatch.chdir(folder)
    tried = []
    hints = (
        ["validate", "scenario.yaml", "--set", "programme.amount=1.3 M€"],
        ["explain", runs[RUNS[0]]],
        ["inversions", runs[RUNS[0]]],
        ["core", *runs.values()],
    )
    for words in first_of(hints, 1):
        assert main(words) == 0
        hint = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Ensuite : "))
        tried.append(shlex.split(hint.removeprefix("Ensuite : "))[1:])
    for words in tried:
        assert main(words) == 0, words
        capsys.readouterr()
