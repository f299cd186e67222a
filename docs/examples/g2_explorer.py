"""
fr: Explorer un scénario dans une cellule
en: Explore a scenario in a cell

fr: Sur cette page, sa fiche.
en: On this page, its card.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
tnt.explore(scenario)
