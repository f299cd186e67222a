"""Options of envelopes: each changes the answer as computed by hand, and agrees with an oracle of its own.

The oracle asks a linear program, one row per sentence of the contract, whether money can flow so that an
allocation holds, and how little has to move; it shares no code with the engine.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from support import draws
from support.rule_worlds import Award, World, best, dossiers, few, options, quick, score, write

from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.envelopes.tree_reading import PathReading, read_sums, sum_by_node
from tnt_sim.scenario.amount_increase import Raising
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

NB, NNB = "\u00a0", "\u202f"
TABLE = """dossier,envelope,cost,requested,score
1,a,1000,600,10
2,a,1000,500,9
3,b,2000,800,8
4,b,900,400,7
"""


def scenario_of(folder: Path, programme: str, table: str = TABLE, more: str = "") -> Any:
    (folder / "table.csv").write_text(table, encoding="utf-8")
    head = (
        "schema_version: 1\nid: petit\ndossiers: [{file: table.csv}]\nobjective: [{maximise: {score: 1}}]\n"
    )
    (folder / "petit.yaml").write_text(head + more + "programme:\n" + programme, encoding="utf-8")
    return load_scenario(folder / "petit.yaml")


def run(folder: Path, programme: str, table: str = TABLE, more: str = "") -> ResultData:
    result = solve(scenario_of(folder, programme, table, more), cross_check="never")
    assert result.status is Status.OPTIMAL
    return result


def funded(result: ResultData) -> list[str]:
    return result.dossiers.filter(result.dossiers["funded"])["dossier"].to_list()


def entry(result: ResultData, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(e for e in result.document["envelopes"] if e["id"] == name)
    return found


PLAIN = "  {id: p, amount: 1 500 €, envelopes: [{id: a, amount: 900 €%s}, {id: b, amount: 600 €%s}]%s}\n"


def test_without_options_each_envelope_stays_alone(tmp_path: Path) -> None:
    assert funded(run(tmp_path, PLAIN % ("", "", ""))) == ["1", "4"]


def test_min_use_changes_the_answer(tmp_path: Path) -> None:
    """80 % of 900 € is 720 €: dossier 1 alone uses 600 €, and 2 does not fit beside it: nothing holds."""
    result = solve(scenario_of(tmp_path, PLAIN % (", min_use: 80 %", "", "")), cross_check="never")
    assert result.status is Status.INFEASIBLE
    table = TABLE.replace("2,a,1000,500,9", "2,a,1000,800,1")
    assert funded(run(tmp_path, PLAIN % (", min_use: 80 %", "", ""), table)) == ["2", "4"]
    assert funded(run(tmp_path, PLAIN % ("", "", ""), table)) == ["1", "4"]


def test_numbers_of_dossiers(tmp_path: Path) -> None:
    wide = "  {id: p, amount: 3 000 €, envelopes: [{id: a, amount: 1 100 €%s}, {id: b, amount: 1 200 €%s}]}\n"
    assert funded(run(tmp_path, wide % ("", ""))) == ["1", "2", "3", "4"]
    result = run(tmp_path, wide % (", max_dossiers: 1", ""))
    assert funded(result) == ["1", "3", "4"]
    reason = dict(zip(result.dossiers["dossier"], result.dossiers["reason"], strict=True))
    assert reason["2"] == "Le financer ferait rompre la règle « a.max_dossiers »."
    tight = PLAIN % (", min_dossiers: 2", "", "")
    table = TABLE.replace("1,a,1000,600,10", "1,a,1000,600,10\n5,a,1000,300,1\n6,a,1000,500,1")
    assert funded(run(tmp_path, PLAIN % ("", "", ""), table)) == ["1", "4", "5"]
    assert funded(run(tmp_path, PLAIN % (", min_dossiers: 1, max_dossiers: 1", "", ""), table)) == ["1", "4"]
    assert funded(run(tmp_path, tight, table)) == ["1", "4", "5"]


def test_overprogram_is_shown_as_risk(tmp_path: Path) -> None:
    """a may commit 5 % of 580 € more: 609 €, so that dossier 1 fits; 20 € are beyond its amount."""
    tree = (
        "  {id: p, amount: 1 500 €, envelopes: [{id: a, amount: 580 €, ring_fenced: "
        "true%s}, {id: b, amount: 600 €}]}\n"
    )
    assert funded(run(tmp_path, tree % "")) == ["2", "3"]
    result = run(tmp_path, tree % ", overprogram: 5 %")
    assert funded(result) == ["1", "3"]
    a = entry(result, "a")
    assert (a["amount_cents"], a["granted_cents"], a["unspent_cents"]) == (58000, 60000, 0)
    assert a["overprogrammed_cents"] == 2000


def test_pro_rata_gives_free_money_by_amount(tmp_path: Path) -> None:
    """600 € beyond the children's 900 €: 400 € to a (600 €) and 200 € to b (300 €)."""
    tree = (
        "  {id: p, amount: 1 500 €, unassigned: %s, envelopes: [{id: a, amount: 600 €}, "
        "{id: b, amount: 300 €}]}\n"
    )
    assert funded(run(tmp_path, tree % "pro_rata")) == ["1", "4"]
    assert funded(run(tmp_path, tree % "free")) == ["1", "2", "4"]
    result = run(tmp_path, tree % "pro_rata")
    assert entry(result, "a")["effective_cents"] == 100000
    assert entry(result, "b")["effective_cents"] == 50000
    assert entry(result, "a")["amount_cents"] == 60000


def test_unassigned_to_one_child(tmp_path: Path) -> None:
    tree = (
        "  {id: p, amount: 1 500 €, unassigned: {to: b}, envelopes: [{id: a, amount: 600 "
        "€}, {id: b, amount: 300 €}]}\n"
    )
    result = run(tmp_path, tree)
    assert funded(result) == ["1", "3"]
    assert (entry(result, "a")["effective_cents"], entry(result, "b")["effective_cents"]) == (60000, 90000)


def test_transfers_move_the_least(tmp_path: Path) -> None:
    """b has 600 €; dossier 3 wants 800 €. a may give 20 % of 900 € = 180 €: not enough; 25 % = 225 € is."""
    tree = (
        "  {id: p, amount: 1 500 €, envelopes: [{id: a, amount: 900 €, "
        "transfers: {to: [b], out_max: %s}}, {id: b, amount: 600 €, transfers: {to: [], in_max: %s}}]}\n"
    )
    table = TABLE.replace("800,8", "800,20").replace("600,10", "700,10").replace("500,9", "650,9")
    assert funded(run(tmp_path, tree % ("20 %", "100 %"), table)) == ["1", "4"]
    assert funded(run(tmp_path, tree % ("25 %", "30 %"), table)) == ["1", "4"]
    result = run(tmp_path, tree % ("25 %", "100 %"), table)
    assert funded(result) == ["1", "3"] or funded(result) == ["2", "3"]
    a, b = entry(result, "a"), entry(result, "b")
    assert (a["transferred_out_cents"], a["transferred_in_cents"], a["effective_cents"]) == (20000, 0, 70000)
    assert (b["transferred_out_cents"], b["transferred_in_cents"], b["effective_cents"]) == (0, 20000, 80000)


def test_unassigned_money_goes_before_transfers(tmp_path: Path) -> None:
    """150 € are unassigned, so only 50 € of the 200 € that b lacks come from a."""
    tree = (
        "  {id: p, amount: 1 650 €, envelopes: [{id: a, amount: 900 €, transfers: {to: "
        "[b]}}, {id: b, amount: 600 €}]}\n"
    )
    table = TABLE.replace("800,8", "800,20")
    result = run(tmp_path, tree, table)
    assert funded(result) == ["1", "3"]
    assert entry(result, "a")["transferred_out_cents"] == 5000
    assert entry(result, "b")["effective_cents"] == 80000


def test_ties_of_transfers_go_by_id(tmp_path: Path) -> None:
    """a and b both could help c with 100 €: a comes first."""
    tree = (
        "  {id: p, amount: 900 €, envelopes: [{id: b, amount: 300 €, transfers: {to: [c]}}, "
        "{id: a, amount: 300 €, transfers: {to: [c]}}, {id: c, amount: 300 €}]}\n"
    )
    table = "dossier,envelope,cost,requested,score\n1,c,900,400,1\n"
    result = run(tmp_path, tree, table)
    assert [entry(result, name)["transferred_out_cents"] for name in "abc"] == [10000, 0, 0]


ERRORS = {
    "min_use above demand": (
        PLAIN % ("", ", min_use: 100 %", ""),
        TABLE.replace("3,b,2000,800,8\n", ""),
        f"min-use petit.yaml:6:96 — l'enveloppe « b » doit employer au moins 600{NB}€, "
        f"mais ses dossiers éligibles "
        f"ne peuvent recevoir que 400{NB}€. Abaissez `min_use`, ou le montant.",
    ),
    "min_use above what the reserve leaves": (
        PLAIN % (", ring_fenced: true, min_use: 95 %, reserve: 10 %", "", ""),
        TABLE,
        f"min-use petit.yaml:6:91 — l'enveloppe « a » doit employer au moins 855{NB}€, mais ne peut accorder que "
        f"810{NB}€, réserve déduite. Abaissez `min_use` ou `reserve`.",
    ),
    "more dossiers than there are": (
        PLAIN % (", min_dossiers: 3", "", ""),
        TABLE,
        "min-dossiers petit.yaml:6:77 — l'enveloppe « a » doit financer au moins 3 dossiers, mais n'en a que 2 "
        "éligibles. Abaissez `min_dossiers`.",
    ),
    "at least more than at most": (
        PLAIN % (", min_dossiers: 2, max_dossiers: 1", "", ""),
        TABLE,
        "min-dossiers petit.yaml:6:77 — l'enveloppe « a » doit financer au moins 2 dossiers et au plus 1 "
        ": c'est impossible.",
    ),
    "a transfer to a stranger": (
        PLAIN % (", transfers: {to: [bb]}", "", ""),
        TABLE,
        "transfers petit.yaml:6:80 — « bb » n'est pas une enveloppe sœur de « a ». Vouliez-vous dire « b » ?",
    ),
    "a transfer into a ring fence": (
        PLAIN % (", transfers: {to: [b]}", ", ring_fenced: true", ""),
        TABLE,
        "transfers petit.yaml:6:80 — « b » est cantonnée, ou n'a pas de montant : rien n'y entre. Nommez "
        "une autre enveloppe, ou donnez à celle-ci un montant sans `ring_fenced`.",
    ),
    "a transfer out of a ring fence": (
        PLAIN % (", ring_fenced: true, transfers: {to: [b]}", "", ""),
        TABLE,
        "transfers petit.yaml:6:93 — « a » est cantonnée : rien n'en sort. Retirez `transfers`, ou `ring_fenced`.",
    ),
    "unassigned to a stranger": (
        PLAIN % ("", "", ", unassigned: {to: bb}"),
        TABLE,
        "unassigned-to petit.yaml:6:106 — « bb » n'est pas une enveloppe de « p ». Vouliez-vous dire « b » ?",
    ),
    "pro rata with dossiers of its own": (
        PLAIN % ("", "", ", unassigned: pro_rata"),
        TABLE.replace("4,b", "4,p"),
        "pro-rata petit.yaml:6:101 — « p » partage au prorata, mais 1 dossier la "
        "nomme directement, ou nomme une "
        "enveloppe sans montant : ce qui reste à partager en dépendrait. Donnez à ces "
        "dossiers une enveloppe et "
        "un montant, ou écrivez `unassigned: free`.",
    ),
    "a reserve without an amount": (
        "  {id: p, amount: 1 500 €, envelopes: [{id: a, reserve: 10 %}, {id: b, amount: 600 €}]}\n",
        TABLE,
        "envelope-option petit.yaml:6:57 — `reserve` est une part du montant, et « a » n'a pas de `amount`.",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_contradictions_are_told(name: str, tmp_path: Path) -> None:
    programme, table, expected = ERRORS[name]
    with pytest.raises(ScenarioError) as caught:
        solve(scenario_of(tmp_path, programme, table), cross_check="never")
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [expected]
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)


# ---- an oracle: is there a flow of money under which an allocation holds?


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A tree of two levels with every option, and a few dossiers."""
    rate = st.sampled_from([None, None, Fraction("12.5"), Fraction("33.3"), Fraction(50)])
    total = draw(st.sampled_from([1000, 2500, 4000]))
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    children: list[dict[str, Any]] = []
    left = total
    for name in names:
        amount = left * draw(st.integers(0, 70)) // 100
        left -= amount
        child: dict[str, Any] = {"id": name, "amount": amount, "ring_fenced": draw(st.integers(0, 5)) == 0}
        for option in ("min_use", "reserve", "overprogram"):
            child[option] = draw(rate) if draw(st.integers(0, 3)) == 0 else None
        for option in ("min_dossiers", "max_dossiers"):
            child[option] = draw(st.integers(0, 2)) if draw(st.integers(0, 5)) == 0 else None
        if draw(st.integers(0, 3)) == 0:
            inner = {"id": f"{name}1", "amount": amount * draw(st.integers(0, 100)) // 100}
            child["children"] = [inner]
        children.append(child)
    open_ = [child["id"] for child in children if not child["ring_fenced"]]
    for child in children:
        others = [name for name in open_ if name != child["id"]]
        if child["id"] in open_ and others and draw(st.booleans()):
            child["to"] = draw(st.lists(st.sampled_from(others), unique=True, min_size=1))
            child["out_max"], child["in_max"] = draw(rate), draw(rate)
    policy = draw(st.sampled_from(["free", "free", "own", "to"]))
    root = {"id": "p", "amount": total, "children": children, "unassigned": policy, "ring_fenced": False}
    for option in ("reserve", "overprogram"):
        root[option] = draw(rate) if draw(st.integers(0, 3)) == 0 else None
    root["target"] = draw(st.sampled_from(open_)) if policy == "to" and open_ else None
    if policy == "to" and not open_:
        root["unassigned"] = "own"
    every = [root, *children, *(inner for child in children for inner in child.get("children", ()))]
    rows = draw(dossiers(6, envelope=st.sampled_from([node["id"] for node in every])))
    return {"amount": 10**9, "root": root, "dossiers": rows}


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for child in node.get("children", ()) for below in nodes(child))]


def cap(node: dict[str, Any]) -> int:
    """What a node may grant by itself, in cents."""
    amount = int(node["amount"])
    reserve = -(-amount * (node.get("reserve") or 0) // 100)
    return amount - reserve + amount * (node.get("overprogram") or 0) // 100


def apart(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The outermost ring-fenced envelopes under a node: what they leave goes to nobody else."""
    children = node.get("children", ())
    return [f for child in children for f in ([child] if child.get("ring_fenced") else apart(child))]


def oracle(world: World, award: Award) -> int | None:
    """The least that must move between siblings, or None when no flow makes the allocation hold.

    For each choice of which parents hand their unassigned money out, a linear program over e (given by the parent)
    and m (given to a sibling); its matrix is a network's, so that its corners are whole.
    """
    if not _counts_hold(world["root"], world, award):
        return None
    parents = [node for node in nodes(world["root"]) if node.get("children")]
    found = [_moved(world, award, dict(zip((n["id"] for n in parents), choice, strict=True)))
             for choice in product((False, True), repeat=len(parents))]  # fmt: skip
    known = [value for value in found if value is not None]
    return min(known) if known else None


def _granted(node: dict[str, Any], world: World, award: Award) -> int:
    under = {below["id"] for below in nodes(node)}
    return sum(
        cents for d in world["dossiers"] if (cents := award.get(d["id"], 0)) and d["envelope"] in under
    )


def _counts_hold(root: dict[str, Any], world: World, award: Award) -> bool:
    for node in nodes(root):
        under = {below["id"] for below in nodes(node)}
        n = sum(d["id"] in award for d in world["dossiers"] if d["envelope"] in under)
        if n < (node.get("min_dossiers") or 0) or (
            node.get("max_dossiers") is not None and n > node["max_dossiers"]
        ):
            return False
        if 100 * _granted(node, world, award) < (node.get("min_use") or 0) * node["amount"]:
            return False
    return True


def _moved(world: World, award: Award, shares: dict[str, bool]) -> int | None:
    columns: list[tuple[str, ...]] = []
    for node in nodes(world["root"]):
        for child in node.get("children", ()):
            columns.append(("e", child["id"]))
            columns += [("m", child["id"], other) for other in child.get("to", ())]
    rows: list[tuple[dict[tuple[str, ...], int], float]] = []
    upper = [np.inf] * len(columns)

    def more(node: dict[str, Any], sign: int) -> dict[tuple[str, ...], int]:
        found: dict[tuple[str, ...], int] = {}
        for column in columns:
            if column == ("e", node["id"]) or (column[0] == "m" and column[2] == node["id"]):
                found[column] = sign
            elif column[0] == "m" and column[1] == node["id"]:
                found[column] = -sign
        return found

    for node in nodes(world["root"]):
        rows.append((more(node, -1), cap(node) - _granted(node, world, award)))
        fences = apart(node)
        if fences:
            outside = _granted(node, world, award) - sum(_granted(f, world, award) for f in fences)
            reserve = -(-node["amount"] * (node.get("reserve") or 0) // 100)
            rows.append((more(node, -1), cap(node) + reserve - sum(f["amount"] for f in fences) - outside))
        out = {c: 1 for c in columns if c[0] == "m" and c[1] == node["id"]}
        into = {c: 1 for c in columns if c[0] == "m" and c[2] == node["id"]}
        for entries, limit in ((out, node.get("out_max")), (into, node.get("in_max"))):
            if entries and limit is not None:
                rows.append((entries, node["amount"] * limit // 100))
        children = node.get("children", ())
        if not children:
            continue
        free = cap(node) - sum(child["amount"] for child in children)
        for child in children:
            policy = node.get("unassigned", "free")
            may = policy == "free" or (policy == "to" and node["target"] == child["id"])
            if child.get("ring_fenced") or not may or not shares[node["id"]]:
                upper[columns.index(("e", child["id"]))] = 0
        if shares[node["id"]]:
            own = sum(award.get(d["id"], 0) for d in world["dossiers"] if d["envelope"] == node["id"])
            entries = more(node, -1) | {("e", child["id"]): 1 for child in children}
            rows.append((entries, free - own))
    if not columns:
        return 0 if all(bound >= 0 for _, bound in rows) else None
    matrix = np.zeros((len(rows), len(columns)))
    for k, (entries, _) in enumerate(rows):
        for column, value in entries.items():
            matrix[k, columns.index(column)] = value
    cost = np.array([1.0 if column[0] == "m" else 0.0 for column in columns])
    solved = milp(
        cost,
        constraints=LinearConstraint(matrix, -np.inf, [bound for _, bound in rows]),
        bounds=Bounds(0, upper),
    )
    return round(solved.fun) if solved.status == 0 else None


def programme(node: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": node["id"],
        "amount": f"{node['amount'] // 100}.{node['amount'] % 100:02d}",
    }
    for option in ("min_use", "reserve", "overprogram"):
        if node.get(option) is not None:
            found[option] = f"{draws.text(node[option])} %"
    for option in ("min_dossiers", "max_dossiers"):
        if node.get(option) is not None:
            found[option] = node[option]
    if node.get("ring_fenced"):
        found["ring_fenced"] = True
    if node.get("unassigned") == "to":
        found["unassigned"] = {"to": node["target"]}
    elif node.get("unassigned"):
        found["unassigned"] = node["unassigned"]
    if "to" in node or node.get("in_max") is not None:
        moves = {
            key: f"{draws.text(node[key])} %" for key in ("out_max", "in_max") if node.get(key) is not None
        }
        found["transfers"] = {"to": node.get("to", []), **moves}
    if node.get("children"):
        found["envelopes"] = [programme(child) for child in node["children"]]
    return found


def allocations(world: World) -> list[Award]:
    rows = world["dossiers"]
    return [
        {d["id"]: cents for d, cents in zip(rows, choice, strict=True) if cents is not None}
        for choice in product(*(options(d) for d in rows))
    ]


REFUSALS = {"committed-exceeds", "min-use", "min-dossiers", "max-dossiers"}


@quick
@given(worlds())
def test_rows_reading_and_oracle_agree(world: World) -> None:
    with tempfile.TemporaryDirectory() as name:
        scenario = write(world, Path(name), ["envelope"], programme=programme(world["root"]))
        try:
            problem = compile_problem(scenario)
        except ScenarioError as error:
            assert {defect.code for defect in error.defects} <= REFUSALS  # noqa: PT017
            return
    form = formulate(problem)
    recovery = form.recovery
    ids = problem.case.table["dossier"].to_list()
    every = allocations(world)
    for award in every[:: max(1, len(every) // 10)]:
        allocation = Allocation(
            np.array([one in award for one in ids]),
            np.array([award.get(one, 0) for one in ids], dtype=np.int64),
        )
        moved = oracle(world, award)
        reading = read_allocation(problem, allocation)
        broken = list_broken_rules(problem, allocation, reading)
        assert (moved is not None) == (not broken), (award, moved, broken)
        assert all(defect.code.startswith("envelope:") for defect in broken)
        if moved is not None and all(not child.get("children") for child in world["root"]["children"]):
            assert sum(reading.envelopes.in_cents) == sum(reading.envelopes.out_cents) == moved
        x = allocation.funded[recovery.candidate].astype(np.int64)
        at = recovery.amount_rows
        steps = (allocation.granted_cents[at] - recovery.least_cents[at]) // recovery.unit_cents[at]
        fixed = np.concatenate([x, np.where(allocation.funded[at], steps, 0)])
        lower, upper = form.model.col_lower.copy(), form.model.col_upper.copy()
        lower[: len(fixed)] = upper[: len(fixed)] = fixed
        found = solve_integral(form.model.with_bounds(lower, upper), get_backend("highs"))
        assert (found.values is not None) == (moved is not None), award


@quick
@given(worlds(), st.integers(0, 60_000), st.integers(0, 40_000))
def test_one_more_grant_is_read_along_its_path(world: World, cents: int, more: int) -> None:
    """Reading the path of one grant in a raised tree says what a reading of the whole tree says."""
    with tempfile.TemporaryDirectory() as name:
        try:
            problem = compile_problem(
                write(world, Path(name), ["envelope"], programme=programme(world["root"]))
            )
        except ScenarioError as error:
            assert {defect.code for defect in error.defects} <= REFUSALS  # noqa: PT017
            return
    case, every = problem.case, allocations(world)
    raising = Raising.of(case, problem.scenario.spec.programme)
    tree, ids = raising.undivided, case.table["dossier"].to_list()
    if not raising.divides:
        assert (tree.amount_cents, tree.options) == (case.tree.amount_cents, case.tree.options)
    for award in every[:: max(1, len(every) // 5)]:
        own = sum_by_node(tree, case.node, np.array([award.get(one, 0) for one in ids], dtype=np.int64))
        reading = PathReading.of(tree, own)
        assert (reading is not None) == read_sums(tree, own).holds
        if reading is None or raising.divides:
            continue
        for node in range(tree.n_nodes):
            raised = raising.build_tree(dict.fromkeys(tree.list_ancestors(node), more))
            added = [total + cents * (place == node) for place, total in enumerate(own)]
            assert reading.can_pay(raised, node, cents) == read_sums(raised, added).holds, (award, node)


@pytest.mark.parametrize(("cents", "fits"), [(10_00, True), (10_01, False)])
def test_one_more_grant_asks_beside_what_children_gain(tmp_path: Path, cents: int, fits: bool) -> None:
    """Of 100 €, 30 are free and a takes 20: 10 are left to the programme itself, though b spends nothing."""
    programme = "  {id: p, amount: 100 €, envelopes: [{id: a, amount: 40 €}, {id: b, amount: 30 €}]}\n"
    tree = compile_problem(
        scenario_of(tmp_path, programme, "dossier,envelope,requested,score\n1,a,60,1\n")
    ).case.tree
    reading = PathReading.of(tree, [0, 60_00, 0])
    assert reading is not None
    assert reading.can_pay(tree, 0, cents) is read_sums(tree, [cents, 60_00, 0]).holds is fits


@few
@given(worlds())
def test_engine_equals_enumeration(world: World) -> None:
    with tempfile.TemporaryDirectory() as name:
        for node in nodes(world["root"]):
            node["reserve"] = None
        try:
            scenario = write(world, Path(name), ["envelope"], programme=programme(world["root"]))
            result = solve(scenario)
        except ScenarioError as error:
            assert {defect.code for defect in error.defects} <= REFUSALS  # noqa: PT017
            assert all(oracle(world, award) is None for award in allocations(world))
            return
    expected = best(
        world, lambda award: oracle(world, award) is not None, lambda award: (score(world, award),)
    )
    if expected is None:
        assert result.status is Status.INFEASIBLE
        return
    table = result.dossiers.filter(result.dossiers["funded"])
    assert dict(zip(table["dossier"], table["granted_cents"], strict=True)) == expected
