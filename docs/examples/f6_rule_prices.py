"""
Page : ce que coûte chaque règle
==================================

*The price of each rule.* The same page: `tnt-sim rule-prices`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/enveloppe-98.yaml")
scenario.analyse.rule_prices().report.html("prices.html")
