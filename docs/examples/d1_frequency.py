"""
fr: Retenu dans combien de tirages
en: Funded in how many draws
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021-incertain.yaml")
ensemble = tnt.ensemble(scenario, 40)
ensemble.plot.frequency()
