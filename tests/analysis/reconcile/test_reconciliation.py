"""Reading an export, and lists of decisions and lines that add up."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from tnt_sim.analysis.reconcile import payment_assignment, reconciliation
from tnt_sim.analysis.reconcile.reconciliation import (
    Reconciliation,
    compute_name_points,
    find_named_dossiers,
    reconcile_lines,
)
from tnt_sim.analysis.reconcile.run_reconciliation import AccountingLines, read_accounting_lines
from tnt_sim.deadline import Deadline
from tnt_sim.errors import DataError

SIRET = {"A": "21010001600015", "B": "21010002400011", "C": "20000001700019"}


def table(*rows: tuple[str, str, str, int]) -> pl.DataFrame:
    """Funded applications: dossier, applicant, identifier, cents; 0 cents is a refusal."""
    return pl.DataFrame(
        rows, schema=["dossier", "applicant", "applicant_id", "granted_cents"], orient="row"
    ).with_columns(
        (pl.col("granted_cents") > 0).alias("funded"), pl.lit(None, dtype=pl.Int64).alias("committed_cents")
    )


def lines(*rows: tuple[str, str, str, str, int]) -> pl.DataFrame:
    """Lines: commitment, supplier's number, supplier, label, cents."""
    frame = pl.DataFrame(rows, schema=["number", "supplier_id", "supplier", "label", "cents"], orient="row")
    return frame.with_row_index("line", 2).with_columns(
        pl.col("line").cast(pl.Int64), pl.lit("").alias("reference"), pl.lit("").alias("day")
    )


def lists(found: Reconciliation) -> tuple[dict[str, str], dict[int, str]]:
    return (
        dict(found.decisions.select("dossier", "list").iter_rows()),
        dict(found.lines.select("line", "list").iter_rows()),
    )


def test_a_number_in_the_label_decides_and_payments_add_up() -> None:
    found = reconcile_lines(
        table(("101", "Ain", SIRET["A"], 1_200_050), ("102", "Bourg", SIRET["A"], 1_200_050)),
        lines(
            ("", SIRET["A"], "AIN", "DS-102 acompte", 360_000),
            ("", SIRET["A"], "AIN", "Dossier n° 00102 solde", 840_050),
            ("", SIRET["A"], "AIN", "subvention", 1_200_050),
        ),
    )
    assert lists(found) == ({"101": "matched", "102": "matched"}, {2: "matched", 3: "matched", 4: "matched"})
    assert found.lines["dossier"].to_list() == ["102", "102", "101"]
    assert found.decisions["evidence"].to_list() == ["siret", "number"]


def test_a_payment_twice_shows_as_another_amount() -> None:
    found = reconcile_lines(
        table(("25123456", "Ain", "", 500_001)),
        lines(("", "", "X", "25123456", 500_001), ("", "", "X", "ds 25123456", 500_001)),
    )
    assert found.decisions.select("list", "difference_cents").row(0) == ("other_amount", 500_001)


def test_a_correction_of_the_same_commitment_counts() -> None:
    found = reconcile_lines(
        table(("101", "Ain", SIRET["A"], 1_000_000)),
        lines(("EJ1", SIRET["A"], "AIN", "", 1_200_000), ("EJ1", SIRET["A"], "AIN", "réduction", -200_000)),
    )
    assert lists(found) == ({"101": "matched"}, {2: "matched", 3: "matched"})


def test_equal_grants_of_one_supplier_are_in_doubt() -> None:
    found = reconcile_lines(
        table(
            ("101", "Ain", SIRET["A"], 500_000),
            ("102", "Ain", SIRET["A"], 500_000),
            ("103", "Bourg", SIRET["B"], 7),
        ),
        lines(
            ("", SIRET["A"], "AIN", "a", 500_000),
            ("", SIRET["A"], "AIN", "b", 500_000),
            ("", "", "Ville de BOURG", "", 7),
        ),
    )
    assert lists(found) == (
        {"101": "doubtful", "102": "doubtful", "103": "matched"},
        {2: "doubtful", 3: "doubtful", 4: "matched"},
    )
    assert set(found.lines["why"].to_list()) == {"tie", None}
    assert found.decisions["evidence"].to_list()[2] == "name"


def test_contradictions_are_in_doubt_and_refused_dossiers_are_named() -> None:
    found = reconcile_lines(
        table(("101", "Ain", SIRET["A"], 500), ("102", "Bourg", SIRET["B"], 700), ("103", "C", SIRET["C"], 900),
              ("104", "D", "", 0)),
        lines(
            ("", SIRET["B"], "BOURG", "DS 101", 500),
            ("", "", "", "DS-102 et DS-103", 1_600),
            ("", "", "D", "dossier 104", 300),
        ),
    )  # fmt: skip
    assert lists(found) == (
        {"101": "doubtful", "102": "doubtful", "103": "doubtful"},
        {2: "doubtful", 3: "doubtful", 4: "without_decision"},
    )
    assert found.decisions["why"].to_list() == ["supplier", "two_numbers", "two_numbers"]
    assert found.lines["names"].to_list() == [None, None, "104"]


def test_the_same_name_with_another_siren_is_no_match() -> None:
    found = reconcile_lines(
        table(("101", "Saint-Martin", SIRET["A"], 500)), lines(("", SIRET["B"], "SAINT MARTIN", "", 500))
    )
    assert lists(found) == ({"101": "without_line"}, {2: "without_decision"})


def test_more_pairs_than_are_looked_at_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "MOST_PAIRS", 3)
    found = reconcile_lines(
        table(("101", "Ain", SIRET["A"], 500), ("102", "Ain", SIRET["A"], 600)),
        lines(("", SIRET["A"], "AIN", "", 500), ("", SIRET["A"], "AIN", "", 600)),
    )
    assert set(found.decisions["why"].to_list()) == set(found.lines["why"].to_list()) == {"undecided"}


@pytest.mark.parametrize("seed", range(6))
def test_every_decision_and_line_is_in_one_list_and_sums_agree(seed: int) -> None:
    draw = random.Random(seed)
    suppliers = [(f"Commune {k}", draw.choice([f"2101{k:05d}00011", ""])) for k in range(12)]
    for _ in range(8):
        grants = [
            (str(100_000 + k), *draw.choice(suppliers), draw.choice([0, 5, 5, 7, 12])) for k in range(15)
        ]
        paid = []
        for _ in range(18):
            number, name, siret, cents = draw.choice(grants)
            label = draw.choice(["", f"DS-{number}", f"DS-{number} et {draw.choice(grants)[0]}"])
            paid.append(
                (
                    draw.choice(["", "E1", "E2"]),
                    draw.choice([siret, ""]),
                    name,
                    label,
                    cents + draw.choice([0, 0, 1, -12]),
                )
            )
        decided, given = table(*grants), lines(*paid)
        found = reconcile_lines(decided, given)
        assert sorted(found.decisions["dossier"]) == sorted(decided.filter("funded")["dossier"])
        assert found.lines.select("line", "cents").equals(given.select("line", "cents"))
        assert found.decisions["list"].null_count() + found.lines["list"].null_count() == 0
        by_dossier = dict(found.lines.group_by("dossier").agg(pl.col("cents").sum()).iter_rows())
        own = dict(found.decisions.select("dossier", "list").iter_rows())
        for dossier, name, granted, total, difference in found.decisions.select(
            "dossier", "list", "granted_cents", "lines_cents", "difference_cents"
        ).iter_rows():
            assert total == by_dossier.get(dossier, 0) == granted + difference
            assert name == "doubtful" or (name == "matched") == (difference == 0)
        for dossier, name in found.lines.select("dossier", "list").iter_rows():
            assert name in ("without_decision", "doubtful") if dossier is None else name == own[dossier]


def test_numbers_of_dossiers_are_read_as_people_write_them() -> None:
    labels = ["Subvention DS-0101", "DS n° 101", "facture 101", "E-03.", "PROJET e-03", "25123456/2026",
              "demande:25123456", "1251234567", "DS-E-03"]  # fmt: skip
    frame = lines(*(("", "", "", label, 1) for label in labels))
    named = find_named_dossiers(frame, pl.DataFrame({"dossier": ["101", "E-03", "25123456"]}))
    assert dict(named.iter_rows()) == {
        2: "101", 3: "101", 5: "E-03", 6: "E-03", 7: "25123456", 8: "25123456", 10: "E-03",
    }  # fmt: skip


def test_names_differ_by_their_words() -> None:
    assert compute_name_points("a b", "a b") == 0
    assert (compute_name_points("a b", "a"), compute_name_points("a", "b"), compute_name_points("", "")) == (
        7,
        20,
        20,
    )


CHORUS = """\
N° EJ;Fournisseur payé (DP);Code taxe 1;Montant payé;Date de dernière opération sur la DP;Libellé
2101;COMMUNE DE X;21010001600015;1 234,56;31/03/2026;DS-101
2102;#;#;200,00-;31/03/2026;correction
Résultat global;;;1 034,56;;
2103;COMMUNE DE Y;;;;annulé
"""


def test_headers_of_chorus_are_known_and_totals_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "chorus.csv"
    path.write_text(CHORUS, encoding="utf-8")
    found = read_accounting_lines(path)
    assert found.lines.select("line", "number", "supplier", "supplier_id", "cents", "label").rows() == [
        (2, "2101", "COMMUNE DE X", "21010001600015", 123_456, "DS-101"),
        (3, "2102", "", "", -20_000, "correction"),
    ]
    assert found.set_aside.select("line", "cents", "why").rows() == [
        (4, 103_456, "total"),
        (5, None, "no_amount"),
    ]
    assert found.headers["day"] == "Date de dernière opération sur la DP"


HEAD = "N° EJ;Fournisseur;SIRET;Montant payé;Libellé\n"


def read(tmp_path: Path, rows: str, head: str = HEAD) -> AccountingLines:
    path = tmp_path / "chorus.csv"
    path.write_text(head + rows, encoding="utf-8")
    return read_accounting_lines(path)


def test_a_line_whose_text_begins_with_total_stays_a_line(tmp_path: Path) -> None:
    found = read(tmp_path, f"5;SOMME NUMERIQUE;;1;a\n6;MER;{SIRET['A']};2;Total aide\n;MER;;2;Total\n;;;4;\n")
    assert found.lines["line"].to_list() == [2, 3, 4, 5]
    assert found.set_aside.height == 0


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            "1;A;;3;\nSous-total;;;3;\n2;A;;4;\n3;A;;5;\n;;;9;Sous total :\nTotal général;;;12;\n",
            ["total"] * 3,
        ),
        ("Total;;;7;\n1;A;;3;\n2;A;;4;\n", ["total"]),
        ("1;A;;3;\n2;A;;4;\n;;;7;\n", ["total"]),
        ("1;A;;3;\n2;A;;4;\nTotal;;;9;\n", ["other_total"]),
        ("1;A;;3;\n2;A;;4;\n;;;9;\n", []),
    ],
)
def test_totals_are_sums_of_lines(tmp_path: Path, rows: str, why: list[str]) -> None:
    assert read(tmp_path, rows).set_aside["why"].to_list() == why


def test_postal_codes_are_no_amounts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Montant mandaté"):
        read(tmp_path, "VALS;01000;12000\n", "Fournisseur;CP;Montant mandaté\n")


def test_cells_without_a_value_and_accounting_signs(tmp_path: Path) -> None:
    found = read(tmp_path, "Non affecté;A;NON AFFECTÉ(E);(1 000,00);a\n0;A;-;- €;b\n4;A;;(3 €);c\n")
    assert found.lines.select("number", "supplier_id", "cents").rows() == [
        ("", "", -100_000),
        ("", "", 0),
        ("4", "", -300),
    ]


def test_lines_without_a_commitment_are_not_one_payment(tmp_path: Path) -> None:
    given = read(tmp_path, f"Non affecté;A;{SIRET['A']};100;a\nNon affecté;A;{SIRET['A']};6;b\n")
    found = reconcile_lines(table(("101", "A", SIRET["A"], 10_000)), given.lines)
    assert lists(found) == ({"101": "matched"}, {2: "matched", 3: "without_decision"})


def test_a_month_or_a_road_in_a_label_is_in_doubt_with_the_exact_decision() -> None:
    found = reconcile_lines(
        table(("105", "Mer", SIRET["A"], 10_000), ("2026-03", "Bois", "", 13_000), ("D906", "Pré", "", 5_000),
              ("2026-01", "Vals", SIRET["B"], 12_000)),
        lines(
            ("", SIRET["A"], "MER", "solde 2026-03", 10_000),
            ("", "", "COMMUNE DE VALS", "travaux route D906", 12_000),
        ),
    )  # fmt: skip
    assert set(found.decisions["list"]) == set(found.lines["list"]) == {"doubtful"}
    assert found.decisions["why"].to_list() == ["same_supplier", "supplier", "supplier", "same_supplier"]


def test_a_number_of_another_siren_leaves_the_exact_decision_in_doubt() -> None:
    found = reconcile_lines(
        table(("101", "Ain", SIRET["A"], 500), ("102", "Bourg", SIRET["B"], 700), ("103", "Bourg", SIRET["B"], 0),
              ("104", "Bourg", SIRET["B"], 900)),
        lines(
            ("", SIRET["B"], "BOURG", "DS 101", 700),
            ("", SIRET["B"], "BOURG", "DS 103", 900),
        ),
    )  # fmt: skip
    assert set(found.decisions["list"]) == set(found.lines["list"]) == {"doubtful"}


@pytest.mark.parametrize(
    ("supplier", "label", "expected"),
    [
        ("AIN", "DS-101", "other_amount"),
        ("X", "DS-101", "doubtful"),
        ("X", "DS-101 à 5 €", "doubtful"),
    ],
)
def test_a_number_alone_needs_a_second_look(supplier: str, label: str, expected: str) -> None:
    found = reconcile_lines(table(("101", "Ain", "", 500)), lines(("", "", supplier, label, 300)))
    assert lists(found) == ({"101": expected}, {2: expected})


def test_a_line_in_doubt_leaves_the_decisions_of_its_supplier_in_doubt() -> None:
    found = reconcile_lines(
        table(("104", "Numérique", SIRET["A"], 600), ("105", "Bois", "", 1_300)),
        lines(("", "", "BOIS", "DS-104", 1_299), ("", "", "BOIS", "", 150)),
    )
    assert lists(found) == ({"104": "doubtful", "105": "doubtful"}, {2: "doubtful", 3: "doubtful"})


def test_dates_and_longer_numbers_are_no_marked_numbers() -> None:
    labels = ["demande 12/03/2026", "DS n°12 345 678", "dossier 12-2026", "dossier 12/a", "DS 12. 3e acompte"]
    frame = lines(*(("", "", "", label, 1) for label in labels))
    assert find_named_dossiers(frame, pl.DataFrame({"dossier": ["12"]}))["line"].to_list() == [5, 6]


def test_all_payments_of_the_supplier_of_one_decision_are_summed() -> None:
    paid = [1000, 1100, 1200, 1300, 1400, 1500, 2500]
    found = reconcile_lines(
        table(("105", "Mer", SIRET["A"], 10_000)), lines(*(("", SIRET["A"], "MER", "", one) for one in paid))
    )
    assert lists(found) == ({"105": "matched"}, dict.fromkeys(range(2, 9), "matched"))


def test_instalments_that_do_not_sum_up_are_in_doubt() -> None:
    found = reconcile_lines(
        table(("105", "Mer", SIRET["A"], 10_000), ("106", "Ain", SIRET["B"], 8)),
        lines(("", SIRET["A"], "MER", "acompte 1", 3_000), ("", SIRET["A"], "MER", "acompte 2", 4_000),
              ("", SIRET["B"], "AIN", "", 7)),
    )  # fmt: skip
    assert lists(found) == (
        {"105": "doubtful", "106": "other_amount"},
        {2: "doubtful", 3: "doubtful", 4: "other_amount"},
    )
    assert found.lines["why"].to_list() == ["same_supplier", "same_supplier", None]


def test_time_and_number_of_choices_are_two_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = table(("101", "Ain", SIRET["A"], 500), ("102", "Ain", SIRET["A"], 600))
    given = lines(*(("", SIRET["A"], "AIN", "", 7 * k + 1) for k in range(1, 13)))
    late = reconcile_lines(decided, given, Deadline(0.0))
    assert (late.stopped, set(late.decisions["why"])) == (True, {"time"})
    monkeypatch.setattr(payment_assignment, "MOST_NODES", 3)
    crowded = reconcile_lines(decided, given)
    assert (crowded.stopped, set(crowded.decisions["why"])) == (False, {"undecided"})


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("N° EJ;Libellé\n1;a\n", "--column amount"),
        ("Montant;EJ\n1;2\n", "--column supplier_id"),
        ("Montant;Libellé\nabc;x\n", "abc"),
    ],
)
def test_what_cannot_be_read_is_said_with_what_to_type(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "chorus.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_accounting_lines(path)
    assert word in str(caught.value)
