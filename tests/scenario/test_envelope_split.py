"""Splits: every form computed by hand, bounds on the change from the year before, and errors."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn

from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.envelope_split import apportion_by_remainders, fill
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

NB, NNB = "\u00a0", "\u202f"
TABLE = """dossier,envelope,department,requested,score
1,p,01,600,10
2,p,02,500,9
3,p,02,300,8
"""
HEAD = "schema_version: 1\nid: petit\ndossiers: [{file: table.csv}]\nobjective: [{maximise: {score: 1}}]\n"


def scenario(
    folder: Path, split: str, amount: str = "1 000 €", more: str = "", table: str = TABLE, **files: str
) -> Any:
    (folder / "table.csv").write_text(table, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    text = f"{HEAD}{more}programme: {{id: p, amount: {amount}, split: {split}}}\n"
    (folder / "petit.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "petit.yaml")


def parts(asked: Any) -> dict[str, int | None]:
    tree = compile_problem(asked).case.tree
    return {name.partition("/")[2]: tree.written_cents[k] for k, name in enumerate(tree.ids) if "/" in name}


def test_the_same_for_each(tmp_path: Path) -> None:
    assert parts(scenario(tmp_path, "{by: department, each: 500 €}")) == {"01": 50000, "02": 50000}
    listed = "{by: department, groups: [03, 02, 01], each: 300 €}"
    assert parts(scenario(tmp_path, listed)) == {"01": 30000, "02": 30000, "03": 30000}


def test_a_split_changes_the_answer(tmp_path: Path) -> None:
    """Together 1 and 3 (900 €, 18), or 2 and 3 (17); with 500 € each only 2."""
    split = scenario(tmp_path, "{by: department, each: 500 €}")
    result = solve(split, cross_check="never")
    assert result.dossiers.filter(result.dossiers["funded"])["dossier"].to_list() == ["2"]


def test_the_map_gives_groups_and_inhabitants(tmp_path: Path) -> None:
    """1,000,000 € : 30 % in equal parts of 101, 70 % by inhabitants."""
    from tnt_sim.domain.territory import load_territory

    more = "territory: {year: 2021}\n"
    every = parts(scenario(tmp_path, "{by: department, groups: map, each: 1 €}", more=more))
    assert len(every) == 101
    assert set(every.values()) == {100}
    split = "{by: department, groups: map, key: population, fixed: 30 %}"
    found = parts(scenario(tmp_path, split, "1 M€", more))
    assert sum(cents or 0 for cents in found.values()) == 100_000_000
    people = load_territory(2021).get_population("department")
    total = sum(people[group] for group in found)
    for group, cents in found.items():
        exact = 100_000_000 * (Fraction(3, 10) / 101 + Fraction(7, 10) * Fraction(people[group], total))
        assert exact - 1 < (cents or 0) < exact + 1


def test_a_key_of_the_table(tmp_path: Path) -> None:
    """The sums asked are 600 and 800: 3/7 and 4/7 of 1,000 €."""
    assert parts(scenario(tmp_path, "{by: department, key: requested}")) == {"01": 42857, "02": 57143}


def test_weights_with_a_fixed_part(tmp_path: Path) -> None:
    """0.5/2 + 0.5·1/4 = 3/8 and 5/8."""
    table = "group,weight\n01,1\n02,3\n"
    assert parts(scenario(tmp_path, "{by: department, table: w.csv}", w=table)) == {"01": 25000, "02": 75000}
    fixed = scenario(tmp_path, "{by: department, table: w.csv, fixed: 50 %}", w=table)
    assert parts(fixed) == {"01": 37500, "02": 62500}


def test_not_far_from_the_year_before(tmp_path: Path) -> None:
    """Weights say 250 and 750; before it was 400 and 500 and 10 % may change: 360…440 and 450…550."""
    files = {"w": "group,weight\n01,1\n02,3\n", "old": "group,amount\n01,400\n02,500\n"}
    split = "{by: department, table: w.csv, previous: old.csv, change: 10 %}"
    # the sum is kept: 900 € give 02 its most, 550 €, and 01 the rest, 360 € at least
    assert parts(scenario(tmp_path, split, "910 €", **files)) == {"01": 36000, "02": 55000}
    assert parts(scenario(tmp_path, split, "950 €", **files)) == {"01": 40000, "02": 55000}
    with pytest.raises(ScenarioError) as caught:
        compile_problem(scenario(tmp_path, split, "1 000 €", **files))
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [
        f"split petit.yaml:5:102 — 1{NNB}000{NB}€ ne peuvent pas être répartis : `change` impose au plus "
        f"990{NB}€. "
        "Élargissez `change`, ou changez le montant."
    ]


ERRORS = {
    "two ways": (
        "{by: department, each: 1 €, key: requested}",
        "split petit.yaml:5:44 — une répartition demande `each`, `key` ou `table`, l'un des trois (ici : "
        "each, key). Écrivez par exemple `split: {by: department, key: population}`.",
    ),
    "no way": (
        "{by: department}",
        "split petit.yaml:5:44 — une répartition demande `each`, `key` ou `table`, l'un des trois (ici : "
        "aucun). Écrivez par exemple `split: {by: department, key: population}`.",
    ),
    "envelopes of its own": (
        "{by: department, each: 1 €}, envelopes: [{id: a}]",
        "split petit.yaml:5:44 — une enveloppe répartie par `split` ne peut pas avoir "
        "aussi ses propres `envelopes`. "
        "Gardez l'un des deux.",
    ),
    "a group twice": (
        "{by: department, groups: [01, 02, 01], each: 1 €}",
        "split petit.yaml:5:69 — `groups` nomme deux fois : 01. Gardez chaque groupe une seule fois.",
    ),
    "a map that is not there": (
        "{by: department, groups: map, each: 1 €}",
        "split petit.yaml:5:69 — cela demande une carte, et le scénario n'en nomme pas. Ajoutez "
        "`territory: {year: 2021}`.",
    ),
    "a key that is no number": (
        "{by: department, key: scores}",
        "split petit.yaml:5:66 — « scores » n'est pas une colonne de nombres. Vouliez-vous dire « score » ?",
    ),
    "half of a bound": (
        "{by: department, key: requested, change: 5 %}",
        "split petit.yaml:5:44 — `previous` et `change` vont ensemble : l'année d'avant, et de combien un montant "
        "peut bouger. Écrivez les deux, par exemple `previous: 2025.csv, change: 10 %`, ou aucun.",
    ),
    "fixed with the same for each": (
        "{by: department, each: 1 €, fixed: 5 %}",
        "split petit.yaml:5:79 — `fixed` est une part d'au plus 100 %, avec `key` ou des poids. Écrivez "
        "par exemple `fixed: 30 %`, ou retirez-le.",
    ),
    "an unknown column": (
        "{by: departement, each: 1 €}",
        "split petit.yaml:5:49 — la colonne « departement » n'existe pas. Vouliez-vous dire « department » ?",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_splits(name: str, tmp_path: Path) -> None:
    split, expected = ERRORS[name]
    with pytest.raises(ScenarioError) as caught:
        compile_problem(scenario(tmp_path, split))
    assert expected in [defect.line(Lang.FR) for defect in caught.value.defects]
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)


def test_two_envelopes_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE.replace(",p,", ",a,"), encoding="utf-8")
    tree = (
        "programme: {id: p, amount: 9 €, envelopes: [{id: a, split: {by: department, "
        "each: 1 €}}, {id: a/01}]}\n"
    )
    (tmp_path / "petit.yaml").write_text(HEAD + tree, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        compile_problem(load_scenario(tmp_path / "petit.yaml"))
    assert "deux enveloppes s'appellent « a/01 »." in [defect.text.fr for defect in caught.value.defects]


@drawn(150)
@given(st.data())
def test_fill_is_proportional_within_its_bounds(data: st.DataObject) -> None:
    """The sum is kept, bounds hold, and amounts strictly inside them are in proportion to the weights."""
    n = data.draw(st.integers(1, 5))
    exact = [Fraction(data.draw(st.integers(0, 60)), data.draw(st.integers(1, 3))) for _ in range(n)]
    low = [data.draw(st.integers(0, 20)) for _ in range(n)]
    high = [data.draw(st.one_of(st.none(), st.integers(bottom, bottom + 30))) for bottom in low]
    most = sum(high, 0) if None not in high else sum(low) + 200  # type: ignore[arg-type]
    total = data.draw(st.integers(sum(low), most))
    amounts = fill(exact, low, high, total)
    assert sum(amounts) == total
    cents = apportion_by_remainders(amounts, total, [str(k) for k in range(n)])
    assert sum(cents) == total
    for bottom, top, amount, whole in zip(low, high, amounts, cents, strict=True):
        assert bottom <= amount
        assert bottom <= whole
        assert top is None or (amount <= top and whole <= top)
    inside = [
        (amount, value)
        for amount, value, bottom, top in zip(amounts, exact, low, high, strict=True)
        if bottom < amount and (top is None or amount < top) and value > 0
    ]
    if all(value > 0 for value in exact):
        assert len({amount / value for amount, value in inside}) <= 1
