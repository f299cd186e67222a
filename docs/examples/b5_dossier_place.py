"""
Un dossier parmi ceux de son enveloppe
========================================

*One application among those of its envelope*, and the changes that would fund it.
"""

import polars as pl

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
result = scenario.solve()
refused = result.to_dataframe().filter(pl.col("eligible") & ~pl.col("funded"))["dossier"][0]
result.explain(refused).plot.place()
