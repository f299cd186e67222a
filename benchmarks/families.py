"""The benchmark families as scenario folders: A to D (2,000 dossiers), N (51,093 real grants), M (1,000,000).

A  one envelope that binds among 123 rows.       B  A and theme floors at 110 % of free spending (1 to 4 of them).
C  B and six region caps at 90 % of free spending.
D  C and 20 departmental caps, a share of 30 %, 60 exclusions, 60 prerequisites.
M  3 axes of 101 departments: 303 caps at 50 to 90 % of what is asked, and one for all at 93 % of these.
K  300 to 600 dossiers under 18 to 60 caps on three axes that cross; `CLOSE_CAPS` holds its recipes (`kf`: floors).
S  one envelope in cents whose scores grow with the amounts: score = euros + 10,000 (`s500`: 500 dossiers).
M3 the same with a cap for each axis at 96 % of its departments', and one for all at 97 % of these: three levels.

b50k is B with 50,000 dossiers. Other recipes of B, C, D by a final letter: `g` floors and caps from what the list
by value per euro spends instead, `t` floors at 125 % and caps at 75 %, `q` only five values per euro, so that many
dossiers are equally good, `k` values that grow with the costs (strongly correlated).

With a final `u` (`bu`, `mu`) a family is as users write their tables: costs in cents, merit in tenths, themes in
several spellings.

`python benchmarks/families.py NAME SEED FOLDER` writes one. Free spending is what the optimum of A gives each
group; it is found by the engine itself. N needs the public list of grants (`--list FILE`).
"""

from __future__ import annotations

import random as chance
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support import draws

from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

N_DEPARTMENTS, N_REGIONS, N_THEMES = 101, 13, 8


def table_a(seed: int, n: int = 2_000, recipe: str = "") -> pl.DataFrame:
    """Dossiers of family A: cost, score and value as the module says; SYNTHETIC."""
    random = np.random.default_rng(seed)
    cost = np.clip(random.lognormal(11.0, 0.9, n), 5_000, 2_000_000).astype(np.int64)
    score = random.integers(20, 101, n)
    department = random.permutation(
        np.concatenate([np.arange(N_DEPARTMENTS), random.integers(0, N_DEPARTMENTS, n - N_DEPARTMENTS)])
    )
    value = np.rint(10 * score * np.sqrt(cost) / 100).astype(np.int64)
    if recipe == "q":
        cost = cost // 100 * 100
        value = cost // 100 * (1 + score % 5)
    elif recipe == "k":
        value = cost // 100 + 500
    return pl.DataFrame(
        {
            "dossier": [f"D{k:05d}" for k in range(n)],
            "dep": [f"d{d:03d}" for d in department.tolist()],
            "reg": [f"r{d % N_REGIONS:02d}" for d in department.tolist()],
            "theme": [f"t{t}" for t in random.integers(0, N_THEMES, n).tolist()],
            "cost": cost,
            "requested": cost,
            "value": value,
        }
    )


def scenario_a(name: str, amount: int, rules: str) -> str:
    """The text of A, with further rules."""
    return f"""schema_version: 1
id: {name}
title: Family {name}, SYNTHETIC
programme: {{id: tout, amount: {amount} €}}
dossiers: [{{file: dossiers.parquet}}]
rules:
  - {{id: departments, kind: limit, measure: dossiers, by: dep, min: 1}}
  - {{id: regions, kind: limit, measure: granted, by: reg, max: {amount * 10 // 100} €}}
  - {{id: themes, kind: limit, measure: granted, by: theme, min: {amount * 10 // 100} €}}
{rules}objective: [{{maximise: {{value: 1}}}}]
solver: {{cross_check: never}}
"""


def write_a(
    folder: Path, seed: int, rules: str = "", name: str = "a", table: pl.DataFrame | None = None
) -> Path:
    """A folder with the table and the scenario."""
    table = table_a(seed) if table is None else table
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / "dossiers.parquet")
    amount = int(table["cost"].sum()) * 45 // 100
    (folder / f"{name}.yaml").write_text(scenario_a(name, amount, rules), encoding="utf-8")
    return folder / f"{name}.yaml"


def limit(name: str, where: str, side: str, euros: int) -> str:
    """One rule on what a group is granted."""
    return f"  - {{id: {name}, kind: limit, measure: granted, where: {{{where}}}, {side}: {euros} €}}\n"


def free_spending(folder: Path, seed: int, n: int = 2_000, recipe: str = "") -> Mapping[str, dict[str, int]]:
    """Euros that the optimum of A spends in each theme, region and department."""
    backend = {"backend": "highs"} if n == 2_000 else {}
    scenario = load_scenario(write_a(folder, seed, table=table_a(seed, n, recipe)))
    spent = solve(scenario, cross_check="never", **backend).to_dataframe()
    return {
        key: dict(spent.group_by(key).agg(pl.col("granted_cents").sum() // 100).sort(key).iter_rows())
        for key in ("theme", "reg", "dep")
    }


GRANTS = {
    "l": "grants: [{mode: levels, levels: [40 %, 60 %, 80 %]}]\n",
    "r": "grants: [{mode: range, min_rate: 40 %, max_rate: 80 %, round: 5 000 €}]\n",
    "ml": "grants: [{mode: levels, levels: [70 %, 75 %, 80 %]}]\n",
}


def write_l(folder: Path, seed: int, name: str, n_floors: int = 4) -> Path:
    """Dossiers with several amounts under theme floors, 110 % of what the optimum without floors spends."""
    table = table_a(seed)
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / "dossiers.parquet")
    place, amount = folder / f"{name}.yaml", int(table["cost"].sum()) * 25 // 100

    def written(rules: str) -> Path:
        place.write_text(scenario_a(name, amount, rules) + GRANTS[name], encoding="utf-8")
        return place

    spent = solve(load_scenario(written("")), backend="highs", cross_check="never").to_dataframe()
    free = dict(spent.group_by("theme").agg(pl.col("granted_cents").sum() // 100).sort("theme").iter_rows())
    themes = list(free)[:n_floors]
    return written("".join(limit(f"floor-{t}", f"theme: {t}", "min", free[t] * 110 // 100) for t in themes))


def write_s(folder: Path, seed: int, n: int) -> Path:
    """One envelope of 45 %, and strongly correlated scores; SYNTHETIC."""
    random = np.random.default_rng(seed)
    cents = np.clip(random.lognormal(15.6, 0.9, n), 500_000, 200_000_000).astype(np.int64)
    table = {"dossier": [f"S{k:05d}" for k in range(n)], "cost_cents": cents, "requested_cents": cents}
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({**table, "score": cents / 100 + 10_000}).write_parquet(folder / "dossiers.parquet")
    text = "schema_version: 1\nid: s\ntitle: Family S, SYNTHETIC\n"
    text += f"programme: {{id: tout, amount: {int(cents.sum()) * 45 // 10_000} €}}\n"
    text += "dossiers: [{file: dossiers.parquet}]\nobjective: [{maximise: {score: 1}}]\n"
    (folder / "s.yaml").write_text(text + "solver: {cross_check: never}\n", encoding="utf-8")
    return folder / "s.yaml"


CLOSE_GROUPS = ("department", "theme", "kind")


def close_caps(
    folder: Path,
    *,
    n: int = 300,
    n_groups: int = 14,
    grant: str = "",
    more: str = "",
    seed: int | None = None,
    least: float = 0.0,
    correlated: bool = False,
) -> Path:
    """A few hundred dossiers under dozens of caps that cross, each near half of what its group asks for.

    Each group gets the share `least` of its cap at least. `correlated` scores grow with the amounts. SYNTHETIC.
    """
    random = np.random.default_rng(n if seed is None else (n, seed))
    cents = np.clip(random.lognormal(11.0, 0.9, n) * 100, 500_000, 50_000_000).astype(np.int64)
    groups = {name: [f"{name[0]}{g:02d}" for g in random.integers(0, n_groups, n)] for name in CLOSE_GROUPS}
    score = random.integers(50, 200, n) / 10
    table = pl.DataFrame(
        {
            "dossier": [f"D{k:05d}" for k in range(n)],
            **groups,
            "filed_at": [f"2026-01-{1 + k % 28:02d}" for k in range(n)],
            "cost": [f"{c // 100}.{c % 100:02d}" for c in (cents * 3 // 2).tolist()],
            "requested": [f"{c // 100}.{c % 100:02d}" for c in cents.tolist()],
            "score": np.round(np.rint(cents / 10_000) / 10 + score if correlated else score, 1).tolist(),
        }
    )
    asked = table.with_columns(pl.Series("cents", cents))
    rules = []
    for name in CLOSE_GROUPS:
        for group, total in asked.group_by(name).agg(pl.col("cents").sum()).sort(name).iter_rows():
            most = int(total * random.uniform(0.42, 0.55))
            floor = int(most * least)
            bounds = f"min: {floor // 100}.{floor % 100:02d} €, " if floor else ""
            rules.append(
                f"  - {{id: {name}-{group}, kind: limit, measure: granted, "
                f"where: {{{name}: {group}}}, {bounds}max: {most // 100}.{most % 100:02d} €}}"
            )
    amount = int(cents.sum()) * 48 // 100
    folder.mkdir(parents=True, exist_ok=True)
    table.write_csv(folder / "dossiers.csv")
    text = f"""schema_version: 1
id: close-caps
title: Caps that are close, SYNTHETIC
date: 2026-03-31
programme: {{id: p, title: P, amount: {amount // 100}.{amount % 100:02d} €}}
dossiers: [{{file: dossiers.csv}}]
{grant}objective: [{{maximise: {{score: 1}}}}]
{more}rules:
"""
    (folder / "close-caps.yaml").write_text(text + "\n".join(rules) + "\n", encoding="utf-8")
    return folder / "close-caps.yaml"


CLOSE_CAPS: Mapping[str, Mapping[str, Any]] = {
    "k": {},
    "kc": {"correlated": True},
    "kf": {"n_groups": 6, "least": 0.9},
    "kg": {"n_groups": 14, "least": 0.8},
    "kl": {"grant": "grants: [{mode: levels, levels: [40 %, 60 %]}]\n"},
    "kr": {"grant": "grants: [{mode: range, min_rate: 40 %, max_rate: 60 %, round: 100 €}]\n"},
    "kw": {"n": 600, "n_groups": 20},
}
"""Recipes of family K: as it stands, correlated, floors near the caps (twice), levels, ranges, wider."""


def greedy_spending(folder: Path, seed: int) -> Mapping[str, dict[str, int]]:
    """Euros that the list by value per euro spends in each theme and region, within the envelope of A."""
    table = table_a(seed)
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / "dossiers.parquet")
    left, taken = int(table["cost"].sum()) * 45 // 100, np.zeros(table.height, dtype=np.bool_)
    for row in np.argsort(-(table["value"] / table["cost"]).to_numpy(), kind="stable").tolist():
        if table["cost"][row] <= left:
            taken[row] = True
            left -= table["cost"][row]
    spent = table.filter(taken)
    return {
        key: dict(spent.group_by(key).agg(pl.col("cost").sum()).sort(key).iter_rows())
        for key in ("theme", "reg", "dep")
    }


def write_b_to_d(
    folder: Path, seed: int, name: str, n_floors: int = 4, n: int = 2_000, recipe: str = ""
) -> Path:
    """B, C or D, over the free spending of A; or by another recipe."""
    free = greedy_spending(folder, seed) if recipe == "g" else free_spending(folder, seed, n, recipe)
    floor, cap = (125, 75) if recipe == "t" else (110, 90)
    themes = list(free["theme"])[:n_floors]
    rules = "".join(
        limit(f"floor-{t}", f"theme: {t}", "min", free["theme"][t] * floor // 100) for t in themes
    )
    table = pl.read_parquet(folder / "dossiers.parquet")
    if name in ("c", "d"):
        regions = list(free["reg"])[:6]
        rules += "".join(limit(f"cap-{r}", f"reg: {r}", "max", free["reg"][r] * cap // 100) for r in regions)
    if name == "d":
        random = np.random.default_rng(1_000 + seed)
        deps = list(free["dep"])[:20]
        rules += "".join(limit(f"cap-{d}", f"dep: {d}", "max", free["dep"][d] * cap // 100) for d in deps)
        first = list(free["theme"])[-1]
        themes_of = f"{{theme: [{first}, t4, t5]}}"
        rules += f"  - {{id: part, kind: share, measure: dossiers, where: {themes_of}, min: 30 %}}\n"
        pick = random.permutation(len(table))[:240]
        ids = table["dossier"].gather(pick).to_list()
        for k in range(60):
            rules += (
                f"  - {{id: x{k}, kind: exclusive, dossiers: [{ids[2 * k]}, {ids[2 * k + 1]}], max: 1}}\n"
            )
        needs = {ids[120 + 2 * k]: ids[121 + 2 * k] for k in range(60)}
        table = table.with_columns(
            pl.col("dossier")
            .map_elements(lambda d: needs.get(d, ""), return_dtype=pl.String)
            .alias("requires")
        )
    return write_a(folder, seed, rules, name, table)


def write_n(folder: Path, seed: int, source: Path) -> Path:
    """The usable real grants of 2018-2019; the scores are drawn, since the list has none: SYNTHETIC scores."""
    list_ = pl.read_csv(source, schema_overrides={"department": pl.String, "beneficiary_code": pl.String})
    used = list_.filter((pl.col("cost") > 0) & (pl.col("grant") > 0) & (pl.col("grant") <= pl.col("cost")))
    random = np.random.default_rng(seed)
    score = np.rint(10 * np.clip(random.normal(12, 3, used.height), 1, 20)).astype(np.int64)
    table = used.select(
        pl.col("project_id").alias("dossier"),
        (
            pl.col("fund").str.to_lowercase()
            + "-"
            + pl.col("year").cast(pl.String)
            + "-"
            + pl.col("department").str.to_lowercase()
        ).alias("envelope"),
        pl.col("fund").str.to_lowercase().alias("fund"),
        pl.col("cost").floor().cast(pl.Int64),
        pl.col("grant").floor().cast(pl.Int64).alias("requested"),
    ).with_columns(pl.Series("score", score / 10))
    table = table.filter(pl.col("requested") > 0)
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / "dossiers.parquet")
    lines = []
    for fund, part in sorted(table.group_by("fund"), key=lambda item: str(item[0])):
        leaves = part.group_by("envelope").agg(pl.col("requested").sum()).sort("envelope")
        amount = int(part["requested"].sum()) * 65 // 100
        lines.append(
            f"    - id: {fund[0]}\n      amount: {amount} €\n      overbooked: true\n      envelopes:\n"
        )
        lines += [
            f"        - {{id: {leaf}, amount: {total * 70 // 100} €}}\n" for leaf, total in leaves.iter_rows()
        ]
    text = "schema_version: 1\nid: n\ntitle: Family N, real grants, SYNTHETIC scores\n"
    text += "programme:\n  id: tout\n  envelopes:\n"
    tail = "dossiers: [{file: dossiers.parquet}]\nobjective: [{maximise: {score: 1}}]\n"
    tail += "solver: {cross_check: never}\n"
    (folder / "n.yaml").write_text(text + "".join(lines) + tail, encoding="utf-8")
    return folder / "n.yaml"


def table_m(seed: int, n: int) -> pl.DataFrame:
    """Dossiers of family M by the columns that count; SYNTHETIC."""
    random = np.random.default_rng(seed)
    axis, department = random.integers(0, 3, n), random.integers(1, N_DEPARTMENTS + 1, n)
    cost = np.clip(random.lognormal(11.0, 0.9, n), 5_000, 2_000_000).astype(np.int64)
    table = pl.DataFrame(
        {
            "axis": axis,
            "department": department,
            "cost_cents": cost * 100,
            "requested_cents": cost * 80,
            "score": random.integers(20, 101, n),
        }
    )
    return table.with_columns(pl.col("department").cast(pl.String).str.zfill(3)).select(
        pl.format("M{}", pl.int_range(n).cast(pl.String).str.zfill(7)).alias("dossier"),
        pl.format("a{}-d{}", "axis", "department").alias("envelope"),
        pl.all(),
    )


def write_m(folder: Path, seed: int, n: int = 1_000_000, *, axes: bool = False) -> Path:
    """A million dossiers in 303 leaves; with `axes`, three levels of caps instead of two."""
    table = table_m(seed, n)
    random = np.random.default_rng(10_000 + seed)
    asked = (
        table.group_by("axis", "department").agg(pl.col("requested_cents").sum()).sort("axis", "department")
    )
    share = random.integers(50, 91, asked.height)
    caps = asked.with_columns(cap=pl.col("requested_cents") // 10_000 * pl.Series(share))
    lines, total = [], 0
    for axis, part in sorted(caps.group_by("axis"), key=lambda item: str(item[0])):
        below = int(part["cap"].sum())
        total += below * 96 // 100 if axes else below
        lines.append(f"    - id: a{axis[0]}\n      overbooked: true\n")
        lines += [f"      amount: {below * 96 // 100} €\n"] if axes else []
        lines.append("      envelopes:\n")
        lines += [
            f"        - {{id: a{axis[0]}-d{department}, amount: {cap} €}}\n"
            for department, cap in part.select("department", "cap").iter_rows()
        ]
    amount = total * (97 if axes else 93) // 100
    name = "m3" if axes else "m"
    text = f"schema_version: 1\nid: {name}\ntitle: Family {name}, SYNTHETIC\n"
    text += f"programme:\n  id: tout\n  amount: {amount} €\n  overbooked: true\n  envelopes:\n"
    tail = "dossiers: [{file: dossiers.parquet}]\nobjective: [{maximise: {score: 1}}]\n"
    folder.mkdir(parents=True, exist_ok=True)
    table.drop("axis").write_parquet(folder / "dossiers.parquet")
    (folder / f"{name}.yaml").write_text(text + "".join(lines) + tail, encoding="utf-8")
    return folder / f"{name}.yaml"


def as_written(place: Path, seed: int) -> Path:
    """The table with some cents less in every cost and request, merit in tenths, and themes spelled anyhow."""
    file = place.with_name("dossiers.parquet")
    table = pl.read_parquet(file)
    random, dice = np.random.default_rng(20_000 + seed), chance.Random(seed)
    cents = pl.Series(random.integers(0, 100, table.height))
    if "cost" in table.columns:
        table = table.with_columns(cost_cents=pl.col("cost") * 100, requested_cents=pl.col("requested") * 100)
        table = table.drop("cost", "requested")
    goal = "value" if "value" in table.columns else "score"
    tenths = pl.Series(random.integers(0, 10, table.height)) / 10
    table = table.with_columns(pl.col("cost_cents", "requested_cents") - cents, pl.col(goal) + tenths)
    if "theme" in table.columns:
        spelt = [draws.spelling(dice.choice, theme) for theme in table["theme"].to_list()]
        table = table.with_columns(pl.Series("theme", spelt))
    table.write_parquet(file)
    return place


def write(name: str, seed: int, folder: Path, source: Path | None = None) -> Path:
    """One family's scenario."""
    if name.endswith("u"):
        return as_written(write(name[:-1], seed, folder, source), seed)
    if name == "a":
        return write_a(folder, seed)
    if name == "n":
        assert source is not None
        return write_n(folder, seed, source)
    if name == "ml":
        place = write_m(folder, seed, 300_000)
        place.write_text(place.read_text(encoding="utf-8") + GRANTS["ml"], encoding="utf-8")
        return place
    if name in CLOSE_CAPS:
        return close_caps(folder, seed=seed, **CLOSE_CAPS[name])
    if name[0] == "s":
        return write_s(folder, seed, int(name[1:] or 2_000))
    if name[0] in GRANTS:
        return write_l(folder, seed, name[0], int(name[1:] or 4))
    if name[0] == "m":
        return write_m(folder, seed, axes=name == "m3")
    if name == "b50k":
        return write_b_to_d(folder, seed, "b", n=50_000)
    if name[0] in "bcd" and name[-1] in "gtqk":
        return write_b_to_d(folder, seed, name[0], int(name[1:-1] or 4), recipe=name[-1])
    n_floors = int(name[1:]) if len(name) > 1 else 4
    return write_b_to_d(folder, seed, name[0], n_floors)


if __name__ == "__main__":
    list_file = Path(sys.argv[sys.argv.index("--list") + 1]) if "--list" in sys.argv else None
    print(write(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), list_file))
