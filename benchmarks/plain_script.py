"""Family A by polars and highspy alone, as an analyst would write it: the goal, then least granted; a list as CSV.

uv run python benchmarks/plain_script.py FOLDER          (FOLDER holds what `families.py a SEED FOLDER` wrote)

It checks nothing, proves nothing but what HiGHS says in floats, and breaks no tie. `targets.py small` runs it
beside `tnt-sim run` on the same table.
"""

import sys

import highspy
import numpy as np
import polars as pl

table = pl.read_parquet(f"{sys.argv[1]}/dossiers.parquet")
cost, value = table["cost"].to_numpy().astype(float), table["value"].to_numpy().astype(float)
amount = int(table["cost"].sum()) * 45 // 100
highs = highspy.Highs()
highs.silent()
for name, wanted in (("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0)):
    highs.setOptionValue(name, wanted)
every = np.arange(len(cost), dtype=np.int32)
for worth in value:
    highs.addCol(float(worth), 0.0, 1.0, 0, [], [])
highs.changeColsIntegrality(len(every), every, np.full(len(every), highspy.HighsVarType.kInteger))
highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
highs.addRow(-highspy.kHighsInf, float(amount), len(every), every, cost)
for column, weight, low, high in (
    ("dep", np.ones(len(cost)), 1.0, highspy.kHighsInf),
    ("reg", cost, -highspy.kHighsInf, amount * 10 // 100),
    ("theme", cost, amount * 10 // 100, highspy.kHighsInf),
):
    for group in table[column].unique().to_list():
        of = np.flatnonzero((table[column] == group).to_numpy()).astype(np.int32)
        highs.addRow(float(low), float(high), len(of), of, weight[of])
highs.run()
best = round(highs.getObjectiveValue())
highs.addRow(float(best), highspy.kHighsInf, len(every), every, value)
highs.changeColsCost(len(every), every, cost)
highs.changeObjectiveSense(highspy.ObjSense.kMinimize)
highs.run()
funded = np.rint(highs.getSolution().col_value).astype(bool)
table.filter(funded).select("dossier", "requested").write_csv(f"{sys.argv[1]}/script.csv")
print(best, round(highs.getObjectiveValue()))
