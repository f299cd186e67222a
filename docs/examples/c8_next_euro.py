"""
fr: Le plus petit supplément utile
en: The smallest useful increase

fr: Pour chaque enveloppe.
en: For each envelope.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.marginal_euro().plot.next_euro()
