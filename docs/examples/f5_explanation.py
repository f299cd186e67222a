"""
Page : pourquoi ce dossier est refusé
=======================================

*Why one application is refused*, and what would change it. The same page: `tnt-sim explain`.
"""

import polars as pl

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
result = scenario.solve()
refused = result.to_dataframe().filter(pl.col("eligible") & ~pl.col("funded"))["dossier"][0]
result.explain(refused).report.html("explanation.html")
