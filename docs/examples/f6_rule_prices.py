"""
fr: Page : ce que coûte chaque règle
en: Page: the price of each rule

fr: La même page : `tnt-sim rule-prices`.
en: The same page: `tnt-sim rule-prices`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/enveloppe-98.yaml")
scenario.analyse.rule_prices().report.html("prices.html")
