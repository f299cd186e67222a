"""
Page : les poids des critères
===============================

*The weights of the criteria.* The same page: `tnt-sim weights`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-une-region.yaml")
scenario.analyse.weights(["score", "cost"]).report.html("weights.html")
