"""
Page : les poids des critères
===============================

*The weights of the criteria.*
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.weights(["score", "cost"]).report.html("weights.html")
