"""
fr: Page : le plus petit supplément utile
en: Page: the smallest useful increase

fr: Pour chaque enveloppe. La même page : `tnt-sim marginal-euro`.
en: For each envelope. The same page: `tnt-sim marginal-euro`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.marginal_euro().report.html("next.html")
