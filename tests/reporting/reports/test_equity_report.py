"""Sentences and tables of the equity of a list: with one class, without figures, with a register."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tnt_sim.analysis.equity.list_equity import ListEquity, compute_equity
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.report_tree import write_words
from tnt_sim.reporting.reports.equity import (
    build_class_columns,
    build_index_columns,
    build_split_columns,
    describe_heads,
    describe_indices,
    describe_size_heads,
    describe_success,
    describe_total,
    describe_unknown,
    label_class,
    list_remarks,
)
from tnt_sim.scenario.spec import ScenarioSpec

SCHEMA = {
    "dossier": pl.String, "applicant_id": pl.String, "applicant_type": pl.String, "department": pl.String,
    "population": pl.Int64, "requested_cents": pl.Int64, "committed_cents": pl.Int64, "granted_cents": pl.Int64,
}  # fmt: skip
ROWS = [
    ("A", "1", "commune", "01", 500, 100_000, 40_000, 160_000),
    ("B", "2", "commune", "01", 1_500, 500_000, None, 480_000),
    ("C", "3", "commune", "974", 10_000, 2_000_000, None, 1_100_000),
    ("D", "3", "commune", "974", None, 900_000, None, 0),
    ("E", "4", "autre", "974", None, 300_000, None, 300_000),
]


def build_equity(rows: list[tuple[Any, ...]], **keys: Any) -> ListEquity:
    tree = {
        "schema_version": "1", "id": "petit", "programme": {"id": "p", "amount": "60 k€"},
        "dossiers": [{"file": "d.csv"}], "objective": [{"maximise": {"dossiers": "1"}}],
    }  # fmt: skip
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    table = table.with_columns(eligible=True, funded=pl.col("granted_cents") > 0)
    return compute_equity(table, ScenarioSpec.model_validate({**tree, **keys}))


def write(text: Any, lang: Lang = Lang.FR) -> str:
    return write_words(text, lang).replace("\u202f", " ").replace("\xa0", " ")


def test_what_a_control_body_reads() -> None:
    equity = build_equity(ROWS)
    assert write(describe_heads(equity, "commune")) == (
        "Les communes de moins de 2 000 habitants reçoivent 3,20 € par habitant, les autres 1,10 €."
    )
    assert write(describe_success(equity, "commune")) == (
        "Demandes financées des communes de moins de 2 000 habitants : 100 % (2 sur 2) ; "
        "des autres : 50 % (1 sur 2)."
    )
    assert write(describe_heads(equity, "overseas"), Lang.EN) == (
        "Applicants of mainland France and Corsica receive €3.20 per inhabitant, those overseas €1.10."
    )
    assert write(describe_success(equity, "overseas"), Lang.EN) == (
        "Applications of mainland France and Corsica that are funded: 100% (2 of 2); overseas: 66.7% (2 of 3)."
    )
    assert write(describe_total(equity)) == (
        "Déposées : 5 demandes, dont 5 éligibles (100 %) et 4 financées (80 %). "
        "Montant accordé : 20 400 € sur 38 000 € demandés (53,7 %)."
    )
    assert write(describe_size_heads(equity)) == (
        "Par habitant, 3,20 € là où le demandeur a moins de 1 000 habitants, "
        "1,10 € là où il en a de 10 000 à moins de 50 000"
    )
    assert write(describe_unknown(equity), Lang.EN).startswith("1 application has no known inhabitants")
    assert describe_unknown(equity) in list_remarks(equity)


@pytest.mark.parametrize("lang", Lang)
def test_nothing_is_said_of_what_is_not_there(lang: Lang) -> None:
    alone = build_equity(ROWS[:1])
    assert describe_heads(alone, "commune") is None
    assert describe_success(alone, "overseas") is None
    assert describe_heads(alone, "size") is None
    assert describe_size_heads(alone) is None
    assert describe_unknown(alone) is None
    assert "Gini" not in write(describe_indices(alone), lang)
    unpaid = build_equity([(*row[:-1], 0) for row in ROWS])
    assert describe_size_heads(unpaid) is None
    unstated = build_equity([(*row[:5], None, *row[6:]) for row in ROWS])
    assert "€" not in write(describe_total(unstated), lang)
    assert set(build_class_columns(unstated.classes)[7].values) == {None}


def test_the_register_stands_beside_the_list() -> None:
    plain, signed = build_equity(ROWS), build_equity(ROWS, committed_from="registre/")
    assert "signé" not in write(describe_indices(plain))
    index = signed.find_index("applicant")
    assert index is not None
    assert index.before_gini is not None
    assert f"{float(index.before_gini):.3f}".replace(".", ",") in write(describe_indices(signed))
    columns = build_class_columns(signed.list_classes("commune"))
    assert len(columns) == len(build_class_columns(plain.classes)) + 1
    names = [write(label_class(entry)) for entry in signed.list_classes("commune")]
    assert dict(zip(names, columns[-1].values, strict=True)) == {
        "communes de moins de 2 000 habitants": 20,
        "communes de 2 000 habitants et plus": 0,
        "autres demandeurs, ou population inconnue": None,
    }
    assert len(build_index_columns(signed)) == len(build_index_columns(plain)) + 2


def test_the_shares_between_classes_are_those_of_the_index() -> None:
    equity = build_equity(ROWS)
    index = equity.find_index("applicant")
    assert index is not None
    shares = build_split_columns(equity)[-1].values
    assert [float(share or 0) for share in shares if not isinstance(share, str)] == [
        pytest.approx(float(split.between / index.theil), abs=0.001) for split in equity.splits
    ]
