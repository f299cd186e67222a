"""
fr: Une décision en une carte
en: A decision as a card

fr: Un notebook la montre ainsi.
en: A notebook shows it so.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.solve()
