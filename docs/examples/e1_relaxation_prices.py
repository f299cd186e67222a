"""
fr: Les prix de la relaxation
en: The prices of the relaxation

fr: Un euro de plus sur chaque ligne rapporterait cela.
en: One euro more of each row would bring this.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
relaxed = scenario.model().relax()
relaxed.rows.filter(relaxed.rows["price"] != 0)
