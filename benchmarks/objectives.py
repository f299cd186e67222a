"""How the flagship's list changes with its objective: reads the answers of scenarios/lot-objectifs.yaml.

tnt-sim batch scenarios/lot-objectifs.yaml --out lots/objectifs --time-limit 60s
python benchmarks/objectives.py lots/objectifs
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "scenarios/registre/2021-11-22/engagements.csv"
AXES = ("axe-1", "axe-2", "axe-3")


def write_goal(name: str) -> str:
    """`[{"maximise": {"a": "1"}}, {"maximise": {"b": "1"}}]` as `a, b`: first a, then b."""
    return ", ".join(measure for stage in json.loads(name) for measure in stage["maximise"])


def list_rows(store: Path) -> pl.DataFrame:
    """One row a case; the first is the flagship, which the others are compared with.

    Returns
    -------
    objectif : str, measures in their order
    dossiers, communs : int, funded; and funded by the first case too
    axe-1, axe-2, axe-3 : float, M€ granted
    moyenne : int, € of a funded dossier that was not committed
    preuve : str
    """
    cases = pl.read_parquet(store / "runs")
    committed = set(pl.read_csv(COMMITTED)["dossier"])
    first = set(cases["dossier"][0])
    rows = []
    for case in cases.iter_rows(named=True):
        granted = dict(zip(case["dossier"], case["awarded_cents"], strict=True))
        decided = [cents for dossier, cents in granted.items() if dossier not in committed]
        by_axis = {one["id"]: one["granted_cents"] / 1e8 for one in case["envelopes"]}
        rows.append(
            {
                "objectif": write_goal(case["name"]),
                "dossiers": len(granted),
                "communs": len(first & set(granted)),
            }
            | {axis: round(by_axis[axis], 2) for axis in AXES}
            | {"moyenne": round(sum(decided) / len(decided) / 100), "preuve": case["proof"]}
        )
    return pl.DataFrame(rows)


if __name__ == "__main__":
    with pl.Config(tbl_formatting="ASCII_MARKDOWN", tbl_hide_dataframe_shape=True, tbl_rows=-1, tbl_cols=-1,
                   tbl_hide_column_data_types=True, tbl_width_chars=200):  # fmt: skip
        print(list_rows(Path(sys.argv[1])))
