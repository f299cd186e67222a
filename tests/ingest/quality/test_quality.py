"""Each kind of finding, on the smallest table that shows it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.form_exports import imported
from support.typed import as_typed

from tnt_sim.cli.main import main
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.forms.mapping import Control, FormMapping
from tnt_sim.ingest.quality.checks import check_quality, compute_title_keys
from tnt_sim.ingest.quality.findings import KINDS, Severity
from tnt_sim.reporting.reports.quality import build_findings_table

BOURG, OYONNAX = "01053", "01283"


def found(**columns: Any) -> dict[str, list[int]]:
    """The rows of each kind of finding in a table of these columns."""
    n = len(next(iter(columns.values())))
    table = pl.DataFrame({"dossier": [str(k) for k in range(n)], **columns})
    quality = check_quality(table, variants=("category",))
    rows: dict[str, list[int]] = {}
    for code, index in quality.findings.select("code", "index").iter_rows():
        rows.setdefault(code, []).append(index)
    return rows


def test_amounts_that_cannot_be_are_found() -> None:
    rows = found(
        cost_cents=[100, 100, 100, 0, None], base_cents=[100, 50, 200, None, None],
        requested_cents=[10, 60, 10, 5, 0],
    )  # fmt: skip
    assert rows["missing"] == [4]
    assert rows["zero_amount"] == [3, 4]
    assert rows["grant_above_base"] == [1]
    assert rows["base_above_cost"] == [2]
    assert rows["grant_above_cost"] == [3]


@pytest.mark.parametrize(
    ("cost", "grant", "code"),
    [
        (100_000, 80_000, None),
        (100_000, 80_001, "rate_rounded"),
        (100_000, 80_014, "rate_rounded"),
        (100_000, 80_015, "rate_above_cap"),
        (3, 2, None),
        (2**53 - 1, 2**53 - 1, "rate_above_cap"),
        (2**53 - 1, (2**53 - 1) * 4 // 5, None),
        (2**53 - 1, (2**53 - 1) * 4 // 5 + 1, "rate_rounded"),
    ],
)
def test_the_legal_cap_is_compared_in_whole_cents(cost: int, grant: int, code: str | None) -> None:
    rows = found(cost_cents=[cost], requested_cents=[grant])
    assert [name for name in rows if name.startswith("rate")] == ([code] if code else [])
    assert (
        "rate_above_cap"
        not in check_quality(
            pl.DataFrame({"dossier": ["1"], "cost_cents": [cost], "requested_cents": [grant]}),
            rate_cap=Fraction(1),
        ).count_by_code()
    )


def test_places_that_disagree_with_the_map_are_found() -> None:
    rows = found(
        department=["01", "69", "99", ""], commune=[BOURG, BOURG, BOURG, "01999"],
        applicant_id=[BOURG, OYONNAX, "21010053000018", ""], applicant_type=["commune"] * 4,
        population=[41_000, 5, 41_000, 7],
    )  # fmt: skip
    assert rows["department_commune"] == [1, 2]
    assert rows["code_off_map"] == [2, 3]
    assert rows["population_map"] == [1]


def test_identifiers_and_the_rule_of_la_poste() -> None:
    rows = found(
        applicant_id=[
            "21010053000018",
            "21010053000019",
            "35600000000048",
            "35600000049837",
            "123456",
            "2A",
            "",
        ],
        applicant_type=["commune"] * 7,
    )
    assert rows["check_digit"] == [1]
    assert rows["code_length"] == [4]
    assert found(applicant_type=["syndicat", "commune"], applicant_id=["S-1", "01053"])[
        "applicant_off_map"
    ] == [0]


def test_dates_out_of_order_are_found() -> None:
    day = pl.Series(["2026-01-02", "2026-01-02", "2026-01-02", None]).str.to_date()
    rows = found(
        filed_at=day, start=pl.Series(["2026-02-01", "2026-01-01", "2026-02-01", None]).str.to_date(),
        end=pl.Series(["2026-03-01", "2026-03-01", "2026-01-15", None]).str.to_date(),
    )  # fmt: skip
    assert rows == {"dates_reversed": [2], "started_before": [1]}


def test_dossiers_that_resemble_each_other_are_found() -> None:
    rows = found(
        applicant_id=["A", "A", "A", "A", "B"],
        title=["Rénovation de la toiture de l'école", "rénovation TOITURE école", "Renovations toitures ecole",
               "Rénovation toiture école tranche 2", "Rénovation de la toiture de l'école"],
        requested_cents=[100, 100, 200, 100, 100],
    )  # fmt: skip
    assert rows["likely_double"] == [1]
    assert rows["similar"] == [2]


def test_titles_that_say_too_little_have_no_key() -> None:
    keys = compute_title_keys(
        pl.Series(["", "École", "travaux 2021", "Travaux à l'école", "école : travaux"])
    )
    assert keys[:2].to_list() == [None, None]
    assert keys[3] == keys[4] != keys[2]


def test_two_spellings_of_one_value_are_found() -> None:
    rows = found(
        category=["5 - Actions et services", "5 - Actions et Services", "5 - Actions  et Services", "6 - X"]
        * 2
    )
    assert rows["spelling"] == [1, 2, 5, 6]


def test_a_clean_table_has_no_finding() -> None:
    assert (
        found(cost_cents=[100], requested_cents=[50], title=["x"], department=["01"], commune=[BOURG]) == {}
    )


def test_cells_that_cannot_be_read(tmp_path: Path) -> None:
    text = (
        "dossier;cost;requested;filed_at;population\n"
        "A;dix;5;31/02/2026;12,5\nB;1.234;-5;lundi;x\nC;10,0004;4;2026-01-01;12\n;5;1;;\n"
    )
    done = imported(tmp_path, "d.csv", text)
    counts = done.quality.count_by_code()
    assert counts["unreadable"] == 6
    assert (counts["negative"], counts["missing_number"]) == (1, 1)
    assert done.table["cost_cents"].to_list() == [None, None, 1000, 500]
    assert done.table["population"].to_list() == [None, None, 12, None]
    table = build_findings_table(done.quality, done.table["dossier"], done.table["source_row"], Lang.FR)
    first = table.filter(pl.col("column") == "cost").row(0, named=True)
    assert (first["severity"], first["dossier"], first["row"]) == ("error", "A", "2")
    assert first["message"] == "« cost » : « dix » n'est pas un montant."


def test_more_than_two_decimals_are_rounded_and_said(tmp_path: Path) -> None:
    done = imported(tmp_path, "d.csv", "dossier,cost\nA,10.3333\nB,2.50\n")
    assert done.table["cost_cents"].to_list() == [1033, 250]
    assert done.quality.count_by_code()["rounded"] == 1


@pytest.mark.parametrize(
    ("duplicates", "numbers", "code", "requested"),
    [
        ("refuse", ["A", "A", "B", "A"], "duplicate_number", [1, 2, 3, 4]),
        ("number", ["A", "A-2", "B", "A-3"], "renumbered", [1, 2, 3, 4]),
        ("last", ["B", "A"], None, [3, 4]),
    ],
)
def test_numbers_that_are_taken(
    tmp_path: Path, duplicates: str, numbers: list[str], code: str | None, requested: list[int]
) -> None:
    given = {"format": "grist", "duplicates": duplicates,
             "columns": {"dossier": {"from": "n"}, "requested": {"from": "r"}}}  # fmt: skip
    done = imported(tmp_path, "d.csv", "n,r\nA,1\nA,2\nB,3\nA,4\n", FormMapping.model_validate(given))
    assert done.table["dossier"].to_list() == numbers
    assert done.table["requested_cents"].to_list() == [100 * n for n in requested]
    assert done.quality.count_by_code().get(code or "", 0) == (2 if code else 0)
    if duplicates == "number":
        assert done.table["project"].to_list() == ["A", "A", "B", "A"]
    if code:
        assert done.quality.findings.filter(pl.col("code") == code)["expected"].to_list() == ["2", "2"]


def test_numbers_that_are_taken_twice_over(tmp_path: Path) -> None:
    given = {"format": "grist", "duplicates": "number", "columns": {"dossier": {"from": "n"}}}
    done = imported(tmp_path, "d.csv", "n,r\nA,1\nA,2\nA-2,3\n", FormMapping.model_validate(given))
    assert done.table["dossier"].to_list() == ["A", "A/2", "A-2"]


def test_totals_that_differ_from_the_announced_are_found(tmp_path: Path) -> None:
    text = "dossier,requested\nA,1\nB,2.5\n"
    assert (
        imported(tmp_path, "d.csv", text, control=Control(rows=2, requested="3,50 €")).quality.count_by_code()
        == {}
    )
    done = imported(tmp_path, "d.csv", text, control=Control(rows=3, requested="4 €"))
    assert done.quality.count_by_code() == {"control_rows": 1, "control_total": 1}
    foot = imported(tmp_path, "d.csv", text + "Total,3.5\n")
    assert (foot.table.height, foot.excluded, foot.quality.count_by_code()) == (2, {"Total": 1}, {})
    wrong = imported(tmp_path, "d.csv", text + "TOTAL,99\n")
    assert wrong.quality.count_by_code() == {"control_total": 1}


def test_every_kind_has_its_words() -> None:
    for code, kind in KINDS.items():
        for text in (kind.title, kind.text, kind.hint):
            assert text.fr
            assert text.en
            assert text.fr != text.en, code
    assert {kind.severity for kind in KINDS.values()} == set(Severity)


def test_formulas_cannot_hide_in_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text('dossier,title,cost\n"=1+1","@SUM(A1)",x\nB,ok,=2\n', encoding="utf-8")
    assert main(["import", str(tmp_path / "d.csv"), "--out", str(tmp_path / "o"), "--quiet"]) == 0
    for name in ("dossiers.csv", "quality.csv"):
        for line in (tmp_path / "o" / name).read_text(encoding="utf-8").splitlines():
            assert not any(cell.strip('"')[:1] in "=+@" for cell in line.split(",") if cell.strip('"'))


def test_strict_ends_with_3_and_still_writes(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("dossier,cost\nA,x\n", encoding="utf-8")
    words = ["import", str(tmp_path / "d.csv"), "--out", str(tmp_path / "o"), "--quiet"]
    assert main(words) == 0
    assert main([*words, "--strict"]) == 3
    assert (
        (tmp_path / "o" / "quality.csv")
        .read_text(encoding="utf-8")
        .startswith("severity,code,dossier,row,cell")
    )


def test_the_page_and_validate_tell_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "dossier,title,cost,requested,applicant_id\n" + "".join(
        f"D-{k},Projet numéro {k} de la commune,100,{85 + k},{BOURG}\n" for k in range(3)
    )
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    out = tmp_path / "o"
    assert main(["import", str(tmp_path / "d.csv"), "--out", str(out)]) == 0
    said = capsys.readouterr()
    page = as_typed(said.out)
    assert said.err.startswith("Lecture de ")
    assert "taux au-dessus du plafond légal : D-0, D-1, D-2" in page
    assert "Ensuite : tnt-sim new ma-programmation --from" in page
    assert main(["new", str(tmp_path / "p"), "--from", str(out / "dossiers.csv")]) == 0
    capsys.readouterr()
    assert main(["validate", str(tmp_path / "p" / "scenario.yaml"), "--json"]) == 0
    quality = json.loads(capsys.readouterr().out)["quality"]
    assert [(kind["code"], kind["n"]) for kind in quality["kinds"]] == [("rate_above_cap", 3)]
    assert main(["import", str(tmp_path / "d.csv"), "--out", str(out), "--lang", "en"]) == 0
    assert "rate above the legal cap" in capsys.readouterr().out
