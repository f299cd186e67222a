"""
fr: Le prix de chaque règle
en: The price of each rule
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/enveloppe-98.yaml")
scenario.analyse.rule_prices().plot.prices()
