"""
fr: Transférer ou étendre
en: Transfer or extend

fr: Ce qu’apporte chacun des deux, et les deux ensemble.
en: This is what each of them brings, and both together.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.extend("110 %", "120 %").plot.gains()
