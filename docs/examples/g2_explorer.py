"""
Explorer un scénario dans une cellule
=======================================

*Explore a scenario in a cell*: on this page, its card.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
tnt.explore(scenario)
