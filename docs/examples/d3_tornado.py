"""
fr: Quel aléa compte
en: Which uncertainty matters
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021-incertain.yaml")
ensemble = tnt.ensemble(scenario, 40, sensitivity=20)
ensemble.plot.tornado()
