"""
Les prix de la relaxation
===========================

*The prices of the relaxation*: what one euro more of each row would bring.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
relaxed = scenario.model().relax()
relaxed.rows.filter(relaxed.rows["price"] != 0)
