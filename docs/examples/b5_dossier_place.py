"""
fr: Un dossier parmi ceux de son enveloppe
en: One application among those of its envelope

fr: Et les changements qui le feraient financer.
en: And the changes that would fund it.
"""

import polars as pl

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
result = scenario.solve()
refused = result.to_dataframe().filter(pl.col("eligible") & ~pl.col("funded"))["dossier"][0]
result.explain(refused).plot.place()
