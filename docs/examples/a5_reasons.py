"""
fr: Pourquoi des demandes ne sont pas financées
en: Why applications are not funded
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
scenario.solve().plot.reasons()
