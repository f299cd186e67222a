"""What a planner types by mistake, or before it is built, is answered with what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tnt_sim.cli.main import main
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.portfolio_reader import read_dossiers

TABLE = "N° de dossier;Montant demandé;Avis du préfet\nA;10;bon\nB;20;réservé\n"


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_the_version_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = say(capsys, "--version")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"tnt-sim \d+\.\d+\.\d+\S*\n", out)


VERBS = (
    "sweep",
    "explain",
    "conflict",
    "audit",
    "alternatives",
    "compare",
    "ensemble",
    "batch",
    "app",
    "sign",
)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_of_the_contract_is_never_unknown(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    code, _, err = say(capsys, verb, "x")
    assert code != 1
    assert f"la commande « {verb} » n'existe pas" not in err
    assert code == 0 or err.startswith(("Erreur : ", "Lecture "))


def test_a_misspelt_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Vouliez-vous dire « validate » ?" in say(capsys, "valdate")[2]
    code, _, err = say(capsys, "zzz", "--lang", "en")
    assert (code, "Known names: " in err) == (2, True)


@pytest.fixture
def demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert say(capsys, "new", str(tmp_path / "demo"))[0] == 0
    return tmp_path / "demo/scenario.yaml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[en_instruction, accepte]", "[en_instruct, accepte]",
         "« en_instruct » n'est pas une valeur de « state ». Vouliez-vous dire « en_instruction » ?"),
        ("applicant_type: commune}\n    min", "applicant_type: {not: comune}}\n    min",
         "« comune » n'est pas une valeur de « applicant_type ». Vouliez-vous dire « commune » ?"),
        ("locale: fr", "locale: fr\ntimezone: Europe/Pari",
         "« Europe/Pari » n'est pas un fuseau horaire connu. Écrivez par exemple Europe/Paris."),
        ("dossiers.csv", "dossiers.csv\n    read: {header_row: 0}", "0 : au moins 1 attendu."),
        ("dossiers.csv", "dossiers.csv\n    red: {}", "clé inconnue « red » dans « dossiers[1] »."),
    ],
)  # fmt: skip
def test_values_are_named_with_the_nearest(
    demo: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    text = demo.read_text(encoding="utf-8")
    assert old in text
    demo.write_text(text.replace(old, new), encoding="utf-8")
    code, _, err = say(capsys, "validate", str(demo))
    assert code == 3
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("option", ["header_row: 2", "hidden_rows: keep", "duplicates: last", "decimal: '.'"])
def test_what_the_readers_advise_is_a_key(
    demo: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """Each `read: {…}` of a message can be written in a scenario."""
    table = demo.parent / "data/dossiers.csv"
    if option.startswith("header_row"):
        table.write_text("Liste\n" + table.read_text(encoding="utf-8"), encoding="utf-8")
    text = demo.read_text(encoding="utf-8")
    demo.write_text(text.replace("dossiers.csv", f"dossiers.csv\n    read: {{{option}}}"), encoding="utf-8")
    assert say(capsys, "validate", str(demo))[::2] == (0, "")


def test_new_lists_what_it_leaves_out_and_reads_as_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(b"Liste\n" + TABLE.encode("cp1252"))
    flags = ["--from", str(table), "--encoding", "cp1252", "--header-row", "2"]
    code, out, _ = say(capsys, "new", str(tmp_path / "a"), *flags)
    out = " ".join(out.split())
    assert (code, "Avis du préfet" in out, "En-têtes à la ligne 2" in out) == (0, True, True)
    written = (tmp_path / "a/intake.yaml").read_text(encoding="utf-8")
    assert 'header_row: 2\nencoding: "cp1252"\n' in written
    assert say(capsys, "validate", str(tmp_path / "a/scenario.yaml"))[0] == 0
    document = json.loads(say(capsys, "new", str(tmp_path / "b"), *flags, "--json")[1])
    assert document["left_out"] == ["Avis du préfet"]
    code, out, _ = say(capsys, "new", str(tmp_path / "d"), "--from", str(table))
    assert (code, "En-têtes à la ligne 2 ; encodage cp1252" in " ".join(out.split())) == (0, True)
    code, _, err = say(capsys, "new", str(tmp_path / "c"), "--sheet", "x")
    assert (code, "vont avec --from" in err) == (2, True)


TOTALS = {
    "TOTAL;;30": True,
    "Total général;;": True,
    "Sous-total :;;12": True,
    ";;30": True,
    "Total axe 1;;30": True,
    "TOTAL-ENERGIES;;31": False,
    "C;;30": False,
}


@pytest.mark.parametrize("row", TOTALS)
def test_a_total_is_no_dossier(tmp_path: Path, row: str) -> None:
    path = tmp_path / "d.csv"
    path.write_text(f"dossier;title;requested\nA;a;10\nB;b;20\n{row}\n", encoding="utf-8")
    if not TOTALS[row]:
        assert len(read_dossiers(path, shown_as="d.csv")) == 3
        return
    with pytest.raises(DataError) as caught:
        read_dossiers(path, shown_as="d.csv")
    (found,) = caught.value.defects
    assert (found.code, found.places[0].row) == ("total_row", 4)
    assert found.line(Lang.FR).endswith("Supprimez-la du tableau.")


def test_many_cells_of_one_value_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    rows = "".join(f"D{k};{'n.c.' if k % 2 else k};{'' if k < 990 else 'x'}\n" for k in range(1000))
    path.write_text("dossier;requested;state\n" + rows, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_dossiers(path, shown_as="d.csv")
    lines = [defect.line(Lang.FR) for defect in caught.value.defects]
    assert len(lines) == 2
    assert "« n.c. » n'est pas lu comme un montant" in lines[0]
    assert "500 cellules : lignes 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, …" in lines[0]
    assert "10 cellules : lignes 992, 993, 994, 995, 996, 997, 998, 999, 1000, 1001." in lines[1]
