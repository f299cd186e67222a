"""Runs as they are written are accepted; of a run with steps, every step and the reserve list count."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.run_folders.checked import codes, copied, said
from support.run_folders.mutations import load, rehash, store
from support.run_folders.small_runs import EVERY

from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.verify import run_replay as replay
from tnt_sim.verify.run_files import build_difference_defect, read_object


@pytest.mark.parametrize("name", EVERY)
def test_a_run_as_it_was_written_is_accepted(made: dict[str, Path], name: str) -> None:
    """By the whole check and by the reading in integers alone; and it says so."""
    for report in (verify_run(made[name]), replay.verify_run(made[name])):
        assert report.defects == ()
        assert report.ok
        assert report.head.status == "verified"
        assert report.head.proof == load(made[name])["proof"]


@pytest.fixture
def steps(made: dict[str, Path], tmp_path: Path) -> Path:
    return copied(made["steps"], tmp_path)


def rewritten(run: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    file = run / "allocation.parquet"
    change(pl.read_parquet(file)).write_parquet(file)
    rehash(run)


def test_the_run_has_two_steps_and_a_reserve_list(steps: Path) -> None:
    """What the tests below stand on: both steps fund somebody, and two dossiers are listed, best value first."""
    table = pl.read_parquet(steps / "allocation.parquet")
    assert {"un", "deux"} <= set(table.filter("funded")["step"])
    listed = table.filter(pl.col("reserve_rank").is_not_null()).sort("reserve_rank")
    assert listed["reserve_rank"].to_list() == [1, 2]
    worth = {"5": Fraction(1, 200), "6": Fraction(1, 200), "2": Fraction(4, 500)}
    assert [worth.get(name) for name in listed["dossier"]] == sorted(
        (worth[name] for name in listed["dossier"]), reverse=True
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda t: t.with_columns(step=pl.col("step").replace("un", "trois")), "steps"),
        (
            lambda t: t.with_columns(step=pl.when(pl.col("step") == "un").then(None).otherwise("step")),
            "steps",
        ),
        (lambda t: t.drop("step"), "allocation"),
        (lambda t: t.with_columns(reserve_rank=pl.col("reserve_rank").cast(pl.Float64)), "allocation"),
        (lambda t: t.drop("reserve_cents"), "allocation"),
    ],
)
def test_columns_of_steps(steps: Path, change: Callable[[pl.DataFrame], pl.DataFrame], code: str) -> None:
    rewritten(steps, change)
    assert code in codes(steps)
    if code == "steps":
        assert any("étape inconnue" in line for line in said(steps))
        assert any("unknown step" in line for line in said(steps, Lang.EN))


def test_steps_that_are_not_named_are_not_confused(steps: Path) -> None:
    rewritten(steps, lambda t: t.with_columns(step=pl.col("step").replace(["un", "deux"], ["deux", "un"])))
    assert codes(steps)


def test_a_step_that_spends_more_than_it_has(steps: Path) -> None:
    """All that is funded is put into the first step, which had 700 €."""
    rewritten(steps, lambda t: t.with_columns(step=pl.when("funded").then(pl.lit("un")).otherwise("step")))
    found = verify_run(steps).defects
    assert any("dépassée" in defect.text.fr for defect in found), [defect.code for defect in found]


def test_a_reserve_list_that_spends_more_than_the_reserve(steps: Path) -> None:
    more = (
        pl.when(pl.col("reserve_rank") == 1).then(pl.col("reserve_cents") + 40000).otherwise("reserve_cents")
    )
    rewritten(steps, lambda t: t.with_columns(more.alias("reserve_cents")))
    assert "summary:steps" in codes(steps)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "x"),
        ("n_funded", 9),
        ("granted_cents", 1),
        ("objective", []),
        ("objective", 3),
        ("objective", [3]),
    ],
)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_figure_of_a_step_counts(steps: Path, number: int, key: str, value: Any) -> None:
    summary = load(steps)
    assert len(summary["steps"]) == 3
    summary["steps"][number][key] = value
    store(steps, summary)
    rehash(steps)
    found = [defect.code for defect in replay.verify_run(steps).defects]
    assert "summary:steps" in found


@pytest.mark.parametrize("told", [None, 3, [], [1, 2, 3], {}])
def test_steps_of_any_type(steps: Path, told: Any) -> None:
    store(steps, {**load(steps), "steps": told})
    rehash(steps)
    assert "summary:steps" in [defect.code for defect in replay.verify_run(steps).defects]


@pytest.mark.parametrize(
    ("key", "value"),
    [("n_funded", 99), ("allocation_sha256", "0"), ("envelopes", 3), ("rules", []), ("objective", 3),
     ("objective", [{"value": "7"}])],
)  # fmt: skip
def test_the_integers_alone_see_every_figure(run: Path, key: str, value: Any) -> None:
    store(run, {**load(run), key: value})
    rehash(run)
    assert any(defect.code.startswith(f"summary:{key}") for defect in replay.verify_run(run).defects)


def test_reasons_for_money_left_are_words_that_the_integers_pass_over(run: Path) -> None:
    summary = load(run)
    for entry in summary["envelopes"]:
        entry["unspent_reason"] = "x"
    store(run, summary)
    rehash(run)
    assert replay.verify_run(run).ok
    summary["envelopes"][0]["unspent_cents"] += 1
    store(run, summary)
    rehash(run)
    assert not replay.verify_run(run).ok


def test_a_file_that_cannot_be_read_is_said_in_both_languages(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("[1]", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_object(file)
    text = caught.value.defects[0].text
    assert "objet JSON" in text.fr
    assert "not a JSON object" in text.en
    file.write_text("{", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_object(file)
    assert "None" not in caught.value.defects[0].text.en


def test_long_values_are_cut_at_120(tmp_path: Path) -> None:
    whole, long = json.dumps("x" * 118), "y" * 400
    text = build_difference_defect("a", "x" * 118, long).text.fr
    assert whole in text
    assert "…" in text
    assert long not in text
    assert "…" not in build_difference_defect("a", "x" * 118, 3).text.fr


def test_a_run_without_a_file(run: Path) -> None:
    for name in ("certificate.json", "allocation.csv", "scenario.resolved.yaml"):
        data = (run / name).read_bytes()
        (run / name).unlink()
        assert f"file:{name}" in codes(run)
        (run / name).write_bytes(data)
    assert codes(run) == []
