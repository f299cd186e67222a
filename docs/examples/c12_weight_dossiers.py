"""
fr: Qui dépend des poids
en: Who depends on the weights
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-une-region.yaml")
scenario.analyse.weights(["score", "cost"]).plot.dossiers()
