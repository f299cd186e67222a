"""The scenarios of the rule book: each runs to a proven decision, and its headline figures are those told."""

from __future__ import annotations

import hashlib
import importlib.util
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from support.lanes import seeds
from support.paths import ROOT

from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.scenario import describe_scenario
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

SCENARIOS = ROOT / "scenarios"
DATA = SCENARIOS / "data"
NAMES = (
    "franceconnect", "franceconnect-10000", "franceconnect-10m", "franceconnect-10m-10000", "demat-ads",
    "fonds-territoires", "fonds-territoires-94", "cybersecurite-data", "ae-cp",
)  # fmt: skip


class Runs:
    """Each scenario run once, when it is asked for; a second solver confirms where there is one."""

    def __init__(self) -> None:
        self._known: dict[str, ResultData] = {}

    def __getitem__(self, name: str) -> ResultData:
        if name not in self._known:
            self._known[name] = solve(load_scenario(SCENARIOS / f"{name}.yaml"))
        return self._known[name]


@pytest.fixture(scope="module")
def runs() -> Runs:
    return Runs()


def envelope(run: ResultData, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(e for e in run.document["envelopes"] if e["id"] == name)
    return found


def rule(run: ResultData, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in run.document["rules"] if r["id"] == name)
    return found


def goals(run: ResultData) -> list[str]:
    return [goal["value"] for goal in run.document["objective"]]


def funded(run: ResultData) -> pl.DataFrame:
    return run.dossiers.filter("funded")


def check_publishable(run: ResultData) -> None:
    """Check that a decision is proven and keeps every rule."""
    assert run.status is Status.OPTIMAL
    assert run.document["proof"] in ("PROVED", "CROSS_CHECKED")
    assert run.document["publishable"]
    assert run.document["canonical"]
    assert {goal["gap"] for goal in run.document["objective"]} == {"0"}
    assert all(rule["holds"] for rule in run.document["rules"] if rule["mode"] == "hard")


@pytest.mark.parametrize("name", ["demat-ads", "cybersecurite-data", "ae-cp"])
def test_each_is_optimal_and_publishable(runs: Runs, name: str) -> None:
    """The others are looked at where their figures are: each is solved once."""
    check_publishable(runs[name])


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_is_sourced_and_what_is_assumed(name: str) -> None:
    spec = load_scenario(SCENARIOS / f"{name}.yaml").spec
    assert spec.source
    assert "SOURCÉ" in spec.note or name.startswith("franceconnect-10m")
    assert "SUPPOSÉ" in spec.note
    assert (
        "SYNTHÉTIQUE" in spec.note + "".join(entry.note for entry in spec.dossiers)
        or "synthetic" in spec.note
    )


@pytest.mark.parametrize("name", [*NAMES, "tnt-2021", "tnt-2021-11", "tnt-2023-01"])
def test_show_model_is_whole(name: str) -> None:
    """Each rule and cap has a sentence, a formula, its dossiers, its rows, and a source or a note."""
    problem = compile_problem(load_scenario(SCENARIOS / f"{name}.yaml"))
    french, english = describe_scenario(problem, Lang.FR), describe_scenario(problem, Lang.EN)
    assert [s.place for s in french] == [s.place for s in english]
    binding = [s for s in french if s.section in ("rules", "caps")]
    assert {s.id for s in binding} >= {r.id for r in (*problem.rules, *problem.caps.caps)}
    off = {entry.id for entry in problem.scenario.spec.rules if entry.off}
    decided = {entry.id for entry in problem.scenario.spec.rules if entry.kind == "decide"}
    for sentence, other in zip(french, english, strict=True):
        assert not sentence.text[0].islower()
        assert sentence.text.endswith((".", ")"))
        assert sentence.text != other.text
        assert sentence.formula == other.formula
    for sentence in binding:
        assert sentence.formula
        assert sentence.source or sentence.note
        assert (sentence.n_dossiers is None) == (sentence.id in off)
        assert (sentence.n_rows is None) == (sentence.id in off | decided)


# the map of 2021: 101 departments, 4,422 large bodies, 31,797 small communes; 35, 884 and 81 equipped
TARGETS = {"departements": (101, 101), "grandes": (2_211, 4_422), "petites": (3_180, 31_797)}


@pytest.mark.parametrize(
    ("name", "fee"), seeds([("franceconnect", 5_000), ("franceconnect-10000", 10_000)], 0)
)
def test_franceconnect_funds_exactly_the_target_bodies(runs: Runs, name: str, fee: int) -> None:
    """66 + 1,327 + 3,099 = 4,492 bodies: 22.46 M€ at 5,000 €, 44.92 M€ at 10,000 €.

    Costs are equal, so the second goal alone says which bodies: the most populous of each class.
    """
    run = runs[name]
    check_publishable(run)
    assert run.document["n_funded"] == 66 + 1_327 + 3_099 == 4_492
    assert run.document["granted_cents"] == 4_492 * fee * 100
    assert goals(run)[0] == str(4_492 * fee)
    for target, (num, den) in TARGETS.items():
        assert (rule(run, target)["num"], rule(run, target)["den"]) == (num, den)
    table, total = run.dossiers, 0
    for grade, count in (("departement", 66), ("grande", 1_327), ("petite", 3_099)):
        column = table.filter(pl.col("grade") == grade)["population"].cast(pl.Int64)
        total += column.sort(descending=True).head(count).sum()
    assert goals(run)[1] == str(total)


@pytest.mark.slow
def test_franceconnect_at_10_million(runs: Runs) -> None:
    """2,000 fees: 66 departments, 1,327 large bodies, 607 small communes of the 3,099 wanted."""
    run = runs["franceconnect-10m"]
    check_publishable(run)
    assert run.document["granted_cents"] == 10_000_000_00
    # the bound is 10 % of 31,797 = 3,179.7; 81 + 607 = 688 are reached
    assert goals(run)[:3] == ["0", "0", "2491.7"]
    assert (rule(run, "petites")["num"], rule(run, "petites")["den"]) == (81 + 607, 31_797)
    assert [rule(run, name)["holds"] for name in TARGETS] == [True, True, False]


@pytest.mark.slow
def test_franceconnect_at_10_million_of_10000(runs: Runs) -> None:
    """1,000 fees: 66 departments, 934 large bodies of the 1,327 wanted, no small commune."""
    run = runs["franceconnect-10m-10000"]
    check_publishable(run)
    assert run.document["granted_cents"] == 10_000_000_00
    assert run.document["n_funded"] == 1_000
    # 884 + 934 of the 2,211 wanted; 81 of 3,179.7
    assert goals(run)[:3] == ["0", "393", "3098.7"]
    assert [rule(run, name)["num"] for name in TARGETS] == [101, 884 + 934, 81]


def test_demat_ads_pays_each_commune_once(runs: Runs) -> None:
    run = runs["demat-ads"]
    table = funded(run)
    members = table["members"].explode()
    assert members.len() == members.n_unique() == table["n_communes"].cast(pl.Int64).sum()
    fee = 4_000_00 + 400_00 * table["n_communes"].cast(pl.Int64).clip(1, 30)
    invoices = table["invoices"].cast(pl.Int64) * 100
    owed = pl.select(pl.min_horizontal(fee, invoices)).to_series()
    assert (table["granted_cents"] == owed).all()
    assert table["granted_cents"].max() == 16_000_00


def test_demat_ads_in_two_tranches(runs: Runs) -> None:
    """5.5 M€ for what was filed by 5 November 2021, 2 M€ more by 1 March 2022."""
    run = runs["demat-ads"]
    assert envelope(run, "demat-ads")["amount_cents"] == 7_500_000_00
    granted = run.document["granted_cents"]
    assert 7_490_000_00 < granted <= 7_500_000_00
    first = solve(
        load_scenario(
            SCENARIOS / "demat-ads.yaml",
            ["steps=", "date=2021-11-05", "programme.amount=5.5 M€", "envelopes.demat-ads.amount=5.5 M€",
             "dossiers=[{file: data/demat-ads-2021.csv, where: {filed_at: {until: 2021-11-05}}}]"],
        ),
        cross_check="never",
    )  # fmt: skip
    kept = dict(funded(run).select("dossier", "granted_cents").rows())
    earlier = dict(funded(first).select("dossier", "granted_cents").rows())
    assert earlier.items() <= kept.items()
    assert 5_490_000_00 < sum(earlier.values()) <= 5_500_000_00


@pytest.mark.slow
def test_fonds_territoires_two_readings(runs: Runs) -> None:
    """101 × 297,000 € = 29.997 M€; 94 × 297,000 € = 27.918 M€, the 28 M€ published."""
    all_, some = runs["fonds-territoires"], runs["fonds-territoires-94"]
    assert all_.document["amount_cents"] == 101 * 297_000_00 == 29_997_000_00
    assert some.document["amount_cents"] == 94 * 297_000_00 == 27_918_000_00
    for run in (all_, some):
        check_publishable(run)
        parts = [e for e in run.document["envelopes"] if e["id"].startswith("deconcentre/")]
        assert len(parts) == 101
        assert {e["amount_cents"] for e in parts} == {297_000_00}
        assert max(e["granted_cents"] for e in parts) <= 297_000_00
        assert run.document["n_dossiers"] == 2_076
        assert envelope(run, "deconcentre/75")["granted_cents"] == 0
        reason = envelope(run, "deconcentre")["unspent_because"]
        assert reason == "Aucun dossier restant ne tient dans ce qui reste à son enveloppe."
    # the first leaves its money in the shares of departments without demand; in the second the total binds too
    assert (goals(all_), all_.document["granted_cents"]) == (["23497.8"], 27_986_065_39)
    assert (goals(some), some.document["granted_cents"]) == (["23497.4"], 27_907_325_39)


def test_new_lines_leave_the_programme_as_it_was(runs: Runs) -> None:
    """Ring-fenced lines carved out of the 10 M€ more: the axes keep what was decided on 22 November 2021."""
    run = runs["cybersecurite-data"]
    before = solve(load_scenario(SCENARIOS / "tnt-2021-11.yaml"), cross_check="never")
    for name in ("axe-1", "axe-2", "axe-3"):
        assert envelope(run, name)["granted_cents"] == envelope(before, name)["granted_cents"]
        assert envelope(run, name)["n_funded"] == envelope(before, name)["n_funded"]
    cyber, data = envelope(run, "cybersecurite"), envelope(run, "donnees")
    assert 5_990_000_00 < cyber["granted_cents"] <= 6_000_000_00
    assert 3_990_000_00 < data["granted_cents"] <= 4_000_000_00
    assert (cyber["n_dossiers"], data["n_dossiers"]) == (200, 120)
    shared = funded(run).filter(pl.col("envelope") == "cybersecurite")
    mutual = shared.filter(pl.col("tags").list.contains("mutualise"))["granted_cents"].sum()
    assert mutual * 10 >= shared["granted_cents"].sum() * 3
    assert shared.group_by("department").len()["len"].max() <= 2  # type: ignore[operator]


def test_the_rate_of_open_data_is_capped(runs: Runs) -> None:
    table = funded(runs["cybersecurite-data"]).filter(pl.col("envelope") == "donnees")
    assert (table["granted_cents"] * 100 <= table["cost_cents"] * 60).all()
    assert (table["granted_cents"] < table["requested_cents"]).any()


def test_caps_are_among_the_rules(runs: Runs) -> None:
    """Each project that gets exactly what its cap leaves is listed."""
    run = runs["cybersecurite-data"]
    table = funded(run)
    for name, line, percent in (("cyber-70", "cybersecurite", 70), ("donnees-60", "donnees", 60)):
        mine = table.filter(pl.col("envelope") == line)
        at_cap = mine.filter(pl.col("granted_cents") == pl.col("cost_cents") * percent // 100)
        told = rule(run, name)
        assert (told["kind"], told["mode"], told["holds"], told["binds"]) == ("cap", "hard", True, True)
        assert {group["group"] for group in told["groups"]} == set(at_cap["project"])
        assert at_cap.height > 0


def test_unspent_money_has_its_reason(runs: Runs) -> None:
    """16.48 M€ are left in axe-2, where all is decided: 25 dossiers were refused."""
    axe_2 = envelope(runs["cybersecurite-data"], "axe-2")
    assert (axe_2["unspent_cents"], axe_2["unspent_code"], axe_2["unspent_rule"]) == (
        16_480_000_00, "all_funded", None,
    )  # fmt: skip
    assert "sauf 25 refusés par décision" in axe_2["unspent_because"]


def test_payments_bound_commitments(runs: Runs) -> None:
    """30, 50, 20 %: 0.3 × 2021 ≤ 17 M€, 0.5 × 2021 + 0.3 × 2022 ≤ 36 M€, which is what binds."""
    run = runs["ae-cp"]
    years = (
        funded(run)
        .group_by(pl.col("year").cast(pl.String).str.slice(0, 4))
        .agg(pl.col("granted_cents").sum())
    )
    granted = dict(years.rows())
    assert granted == {"2021": 55_216_044_94, "2022": 27_956_230_98}
    figures = {group["group"]: group["value"] for group in rule(run, "ae-cp")["groups"]}
    assert (figures["AE 2021"], figures["AE 2022"]) == ("55216044.94", "27956230.98")
    # 0.3 × 55,216,044.94 = 16,564,813.482; 0.5 × 55,216,044.94 + 0.3 × 27,956,230.98 = 35,994,891.764
    assert (figures["CP 2021"], figures["CP 2022"]) == ("16564813.482", "35994891.764")
    # without payments, the commitments of both years are used up
    loose = load_scenario(SCENARIOS / "ae-cp.yaml", ["rules.ae-cp.payments="])
    free = solve(loose, cross_check="never").document
    assert float(free["objective"][0]["value"]) > float(goals(run)[0])
    assert free["granted_cents"] > 87_000_000_00


@pytest.mark.parametrize(
    ("script", "files"),
    [
        ("franceconnect", ("franceconnect-2021-equipped.csv", "franceconnect-2021-candidates.csv")),
        ("demat_ads", ("demat-ads-2021.csv",)),
        ("cybersecurity", ("cybersecurite-data.csv",)),
        ("ae_cp", ("ae-cp-dossiers.csv",)),
        ("rural_broadband", ("rural-broadband.csv",)),
        ("demarche_export", ("demarche-exemple.csv",)),
    ],
)
def test_builds_give_the_committed_bytes(
    monkeypatch: pytest.MonkeyPatch, script: str, files: tuple[str, ...]
) -> None:
    built = module(monkeypatch, script).build()
    contents = built if isinstance(built, dict) else {DATA / files[0]: built}
    assert {path.name for path in contents} == set(files)
    for path, content in contents.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == hashlib.sha256(content).hexdigest()
        assert b"synthetic" in content.split(b"\n", 1)[0]


def module(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCENARIOS / "build"))
    spec = importlib.util.spec_from_file_location(f"build_{name}", SCENARIOS / "build" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_equipped_and_candidates_are_the_whole_map() -> None:
    """35 + 66 departments, 884 + 3,538 large bodies, 81 + 31,716 small communes; nobody twice."""
    equipped = pl.read_csv(DATA / "franceconnect-2021-equipped.csv", infer_schema=False)
    candidates = pl.read_csv(DATA / "franceconnect-2021-candidates.csv", infer_schema=False)
    counts = {"departement": (35, 66), "grande": (884, 3_538), "petite": (81, 31_716)}
    for grade, (here, there) in counts.items():
        assert equipped.filter(pl.col("grade") == grade).height == here
        assert candidates.filter(pl.col("grade") == grade).height == there
    codes = pl.concat([equipped["code"], candidates["applicant_id"]])
    assert codes.n_unique() == codes.len() == 36_320
