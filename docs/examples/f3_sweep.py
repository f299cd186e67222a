"""
fr: Page : une enveloppe plus grande
en: Page: a larger envelope

fr: Montant par montant. La même page : `tnt-sim sweep`.
en: Amount by amount. The same page: `tnt-sim sweep`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.sweep(start="28 M€", stop="31 M€", steps=8).report.html("sweep.html")
