"""The register of decisions: what is signed stays, the next scenario starts from it, money is freed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tnt_sim.cli.main import main
from tnt_sim.errors import DataError
from tnt_sim.scenario.decision_register import read_entries

TABLE = """\
dossier,title,envelope,cost,requested,score,state
A,Un,p,100,100,9,en_instruction
B,Deux,p,100,100,8,en_instruction
C,Trois,p,100,100,7,en_instruction
D,"Quatre, et demi",p,60,60,6.5,en_instruction
E,Cinq,p,40.50,40.50,1,en_instruction
"""
SCENARIO = """\
schema_version: 1
id: list
date: 2026-03-31
programme: {id: p, amount: AMOUNT}
dossiers: [{file: table.csv}]
grants: [{mode: all_or_nothing}]
objective: [{maximise: {score: 1}}]
"""
Said = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def tnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """A command with `--json`: its code, its document, its errors; the project is the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("tnt-sim.toml").touch()
    Path("table.csv").write_text(TABLE, encoding="utf-8")

    def said(*words: str | Path) -> tuple[int, dict[str, Any], str]:
        code = main([*(str(word) for word in words), "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return said


def write(amount: str, *more: str) -> None:
    Path("s.yaml").write_text(
        SCENARIO.replace("AMOUNT", amount) + "".join(f"{line}\n" for line in more), "utf-8"
    )


def run(tnt: Said, amount: str, *more: str) -> dict[str, Any]:
    write(amount, *more)
    code, document, err = tnt("run", "s.yaml")
    assert (code, err) == (0, "")
    return document


def signed(tnt: Said, run_dir: str, name: str) -> dict[str, Any]:
    code, document, err = tnt("sign", run_dir, "--as", name)
    assert (code, err) == (0, "")
    found: dict[str, Any] = document["signature"]
    return found


def funded(document: dict[str, Any]) -> dict[str, int]:
    table = pl.read_parquet(Path(document["run_dir"]) / "allocation.parquet").filter("funded")
    return dict(table.select("dossier", "granted_cents").iter_rows())


@pytest.mark.claim("Scenario.committed_from")
def test_two_lists_an_amendment_and_a_third(tnt: Said) -> None:
    one = run(tnt, "200 €")
    assert funded(one) == {"A": 10_000, "B": 10_000}
    first = signed(tnt, one["run_dir"], "liste-1")
    assert (first["number"], first["previous"], first["allocation_sha256"]) == (
        1,
        None,
        one["allocation_sha256"],
    )
    # a better dossier than B would not take its place: what is signed stays
    table = TABLE.replace("C,Trois,p,100,100,7", "C,Trois,p,100,100,90")
    Path("table.csv").write_text(table, encoding="utf-8")
    two = run(tnt, "300 €", "committed_from: registre/")
    assert funded(two) == {"A": 10_000, "B": 10_000, "C": 10_000}
    assert two["envelopes"][0]["committed_cents"] == 20_000
    second = signed(tnt, two["run_dir"], "liste-2")
    assert (second["number"], second["previous"]["id"], second["n_dossiers"]) == (2, "liste-1", 3)
    # B withdraws, A costs less: 120 € are free, and D and E come in; B is no candidate again
    Path("retraits.csv").write_text(
        "dossier;granted;motif\nB;0;retrait\nA;79,50;moins cher\n", encoding="utf-8"
    )
    code, document, _ = tnt("sign", "--amend", "retraits.csv", "--as", "avenant-1")
    assert code == 0
    assert (document["signature"]["freed_cents"], document["signature"]["n_dossiers"]) == (12_050, 2)
    three = run(tnt, "300 €", "committed_from: registre/")
    assert funded(three) == {"A": 7_950, "C": 10_000, "D": 6_000, "E": 4_050}
    told = pl.read_parquet(Path(three["run_dir"]) / "allocation.parquet")
    assert told.filter(pl.col("dossier") == "B")["reason_code"].item() == "state"
    signed(tnt, three["run_dir"], "liste-3")
    assert [entry.id for entry in read_entries(Path("registre"))] == [
        "liste-1",
        "liste-2",
        "avenant-1",
        "liste-3",
    ]
    # every run can still be checked after more was signed, and so can the frozen ones
    for folder in (two["run_dir"], three["run_dir"], "registre/liste-2", "registre/liste-3"):
        assert tnt("verify", folder)[0] == 0, folder
    held = Path("registre/liste-3/engagements.csv").read_text(encoding="utf-8")
    assert held == "dossier,granted\nA,79.50\nB,0.00\nC,100.00\nD,60.00\nE,40.50\n"


def test_compare_speaks_against_the_last_signed_list(tnt: Said) -> None:
    signed(tnt, run(tnt, "200 €")["run_dir"], "liste-1")
    other = run(tnt, "300 €", "committed_from: registre/")
    code, document, _ = tnt("compare", "registre", other["run_dir"], "--no-causes")
    assert code == 0
    assert "liste-1" in json.dumps(document)
    assert [one["dossier"] for one in document["changes"] if one.get("dossier")] == ["C"]


def test_a_signed_dossier_that_the_table_closes_is_free_again(tnt: Said) -> None:
    signed(tnt, run(tnt, "200 €")["run_dir"], "liste-1")
    Path("table.csv").write_text(
        TABLE.replace("B,Deux,p,100,100,8,en_instruction", "B,Deux,p,100,100,8,sans_suite"), "utf-8"
    )
    write("200 €", "committed_from: registre/")
    code, document, _ = tnt("run", "s.yaml")
    assert code == 0
    assert funded(document) == {"A": 10_000, "C": 10_000}
    assert any("100" in text and "libérés" in text for text in document["warnings"])
    assert signed(tnt, document["run_dir"], "liste-2")["n_dossiers"] == 2
    assert "B,0.00" in Path("registre/liste-2/engagements.csv").read_text(encoding="utf-8")


def test_the_scenario_is_the_same_wherever_the_register_is_named(tnt: Said) -> None:
    signed(tnt, run(tnt, "200 €")["run_dir"], "liste-1")
    by_register = run(tnt, "300 €", "committed_from: registre/")
    by_entry = run(tnt, "300 €", "committed_from: registre/liste-1")
    assert by_register["scenario_sha256"] == by_entry["scenario_sha256"]
    assert by_register["scenario_sha256"] != run(tnt, "300 €")["scenario_sha256"]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            TABLE.replace("B,Deux", "Z,Deux"),
            "s.yaml:8:17 — 1 dossier signé n'est pas dans la table : B",
        ),
        (
            TABLE.replace("score,state", "score,committed,state")
            .replace(",8,en", ",8,90,en")
            .replace(",9,en", ",9,,en")
            .replace(",7,en", ",7,,en")
            .replace(",6.5,en", ",6.5,,en")
            .replace(",1,en", ",1,,en"),
            "« committed » de la table n'est pas le montant signé : B (90\xa0€ ≠ 100\xa0€)",
        ),
    ],
)
def test_tables_that_contradict_the_register(tnt: Said, table: str, told: str) -> None:
    signed(tnt, run(tnt, "200 €")["run_dir"], "liste-1")
    Path("table.csv").write_text(table, encoding="utf-8")
    write("200 €", "committed_from: registre/")
    code, _, err = tnt("run", "s.yaml")
    assert code == 3
    assert told in err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dossier;granted\nZ;0\n", "a.csv [Z] — ce dossier n'est pas engagé."),
        ("dossier;granted\nA;100\n", "100\xa0€ n'est pas moins que les 100\xa0€ signés."),
        ("dossier;granted\nA;-1\n", "a.csv [A]"),
        ("dossier;granted\nA;1\nA;2\n", "a.csv:3 [A] — ce dossier est nommé deux fois. Gardez une ligne."),
        ("dossier;granted\nA;peu\n", "a.csv:2 [A] — le montant n'est pas lu"),
        ("dossier;montant\nA;1\n", "a.csv:1 — il manque la colonne granted."),
    ],
)
def test_amendments_that_cannot_be(tnt: Said, text: str, told: str) -> None:
    signed(tnt, run(tnt, "200 €")["run_dir"], "liste-1")
    Path("a.csv").write_text(text, encoding="utf-8")
    code, _, err = tnt("sign", "--amend", "a.csv", "--as", "avenant-1")
    assert (code, told in err) == (3, True), err
    assert not Path("registre/avenant-1").exists()


def test_what_is_not_signed(tnt: Said) -> None:
    one = run(tnt, "200 €")
    assert tnt("sign", "--amend", "table.csv", "--as", "a")[0] == 2
    signed(tnt, one["run_dir"], "liste-1")
    for words, told in (
        ((one["run_dir"], "--as", "liste-1"), "déjà signé"),
        ((one["run_dir"], "--as", "../x"), "des lettres"),
        (("--as", "x"), "pas les deux"),
    ):
        code, _, err = tnt("sign", *words)
        assert (code, told in err) == (2, True), err
    Path("table.csv").write_text(TABLE.replace("A,Un,p,100,100,9", "A,Un,p,100,100,1"), encoding="utf-8")
    other = run(tnt, "200 €")
    code, _, err = tnt("sign", other["run_dir"], "--as", "liste-2")
    assert (code, "ne garde pas tel quel ce qui est signé : A" in err) == (2, True)
    code, _, err = tnt("sign", one["run_dir"], "--as", "liste-2", "--project", ".")
    assert (code, "a changé depuis le calcul" in err) == (1, True)
    kept = Path("runs/inputs") / hashlib.sha256(TABLE.encode()).hexdigest()
    kept.write_text(TABLE.replace("100,9", "100,8"), encoding="utf-8")
    code, _, err = tnt("sign", one["run_dir"], "--as", "liste-2")
    assert (code, "la copie conservée" in err) == (1, True), err
    kept.unlink()
    code, _, err = tnt("sign", one["run_dir"], "--as", "liste-2")
    assert (code, "a changé depuis le calcul" in err) == (1, True)
    assert [entry.id for entry in read_entries(Path("registre"))] == ["liste-1"]
    kept.write_text(TABLE, encoding="utf-8")
    code, _, err = tnt("sign", one["run_dir"], "--as", "liste-2", "--register", "autre")
    assert (code, "« table.csv » a changé depuis" in err) == (0, True), err
    assert Path("autre/liste-2/inputs/table.csv").read_text(encoding="utf-8") == TABLE


def test_a_run_is_signed_once(tnt: Said) -> None:
    one = run(tnt, "200 €")
    signed(tnt, one["run_dir"], "liste-1")
    for lang, told in (("fr", "déjà signé, sous le nom « liste-1 »"), ("en", 'signed already, as "liste-1"')):
        code, _, err = tnt("sign", one["run_dir"], "--as", "liste-2", "--lang", lang)
        assert (code, told in " ".join(err.split())) == (2, True), err
    two = run(tnt, "300 €", "committed_from: registre/")
    signed(tnt, two["run_dir"], "liste-2")
    assert [entry.id for entry in read_entries(Path("registre"))] == ["liste-1", "liste-2"]


def test_an_unproven_run_is_signed_only_when_its_author_says_so(
    tnt: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from tnt_sim.engine.stored_run import StoredRun
    from tnt_sim.verify.verification import CLAIMED

    one = run(tnt, "200 €")
    shown = StoredRun.checked.fget
    assert shown is not None
    claimed = property(lambda self: replace(shown(self), optimal=CLAIMED))
    monkeypatch.setattr(StoredRun, "checked", claimed)
    code, _, err = tnt("sign", one["run_dir"], "--as", "liste-1")
    assert (code, "rien ne démontre ici" in err) == (2, True)
    assert tnt("sign", one["run_dir"], "--as", "liste-1", "--unproven")[0] == 0


def test_a_register_that_was_changed_is_refused(tnt: Said) -> None:
    signed(tnt, run(tnt, "200 €")["run_dir"], "liste-1")
    signed(tnt, run(tnt, "300 €", "committed_from: registre/")["run_dir"], "liste-2")
    shutil.copytree("registre", "kept")
    held = Path("registre/liste-1/engagements.csv")
    held.write_text(held.read_text(encoding="utf-8").replace("100.00", "99.00", 1), encoding="utf-8")
    code, _, err = tnt("run", "s.yaml")
    assert code == 3
    assert (
        "registre/liste-1/engagements.csv — « engagements.csv » n'est plus le fichier qui a été signé" in err
    )
    shutil.rmtree("registre")
    shutil.copytree("kept", "registre")
    shutil.rmtree("registre/liste-1")
    with pytest.raises(DataError, match="la chaîne du registre est rompue"):
        read_entries(Path("registre"))
    Path("registre/liste-2/signature.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="pas une signature"):
        read_entries(Path("registre"))


def test_a_signed_list_can_be_read_again_whatever_changes_after(tnt: Said) -> None:
    signed(tnt, run(tnt, "200 €")["run_dir"], "liste-1")
    two = run(tnt, "300 €", "committed_from: registre/")
    signed(tnt, two["run_dir"], "liste-2")
    write("1 €")
    Path("table.csv").write_text("dossier\n", encoding="utf-8")
    shutil.rmtree("runs")
    for name in ("liste-1", "liste-2"):
        code, document, err = tnt("verify", f"registre/{name}")
        assert (code, document["status"], err) == (0, "verified", "")
    shutil.move("registre", "elsewhere")
    assert tnt("verify", "elsewhere/liste-2")[0] == 0
    kept = Path("elsewhere/liste-2/inputs/table.csv")
    kept.write_text(kept.read_text(encoding="utf-8") + "F,Six,p,1,1,1,en_instruction\n", encoding="utf-8")
    assert tnt("verify", "elsewhere/liste-2")[0] == 1
