"""
fr: Page : les poids des critères
en: Page: the weights of the criteria

fr: La même page : `tnt-sim weights`.
en: The same page: `tnt-sim weights`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-une-region.yaml")
scenario.analyse.weights(["score", "cost"]).report.html("weights.html")
