"""
fr: Page : pourquoi ce dossier est refusé
en: Page: why one application is refused

fr: Et ce qui changerait le refus. La même page : `tnt-sim explain`.
en: And what would change it. The same page: `tnt-sim explain`.
"""

import polars as pl

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
result = scenario.solve()
refused = result.to_dataframe().filter(pl.col("eligible") & ~pl.col("funded"))["dossier"][0]
result.explain(refused).report.html("explanation.html")
