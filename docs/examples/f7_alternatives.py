"""
fr: Page : d’autres listes presque aussi bonnes
en: Page: near-optimal lists that differ most

fr: La même page : `tnt-sim alternatives`.
en: The same page: `tnt-sim alternatives`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.alternatives(count=2).report.html("alternatives.html")
