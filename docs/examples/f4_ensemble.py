"""
fr: Page : les aléas
en: Page: uncertain costs, scores and withdrawals

fr: La même page : `tnt-sim ensemble`.
en: The same page: `tnt-sim ensemble`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021-incertain.yaml")
tnt.ensemble(scenario, 40).report.html("ensemble.html")
