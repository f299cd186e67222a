"""
fr: Qui entre à quel montant
en: Who enters at which amount
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
sweep = scenario.analyse.sweep(start="28 M€", stop="31 M€", steps=8)
sweep.plot.entries()
