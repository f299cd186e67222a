"""
fr: Jusqu’où vont les poids
en: How far the weights may go

fr: Sous les préférences énoncées.
en: Under the stated preferences.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-une-region.yaml")
scenario.analyse.weights(["score", "cost"], order=["score", "cost"]).plot.ranges()
