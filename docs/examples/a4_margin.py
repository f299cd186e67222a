"""
Note et montant : la marge
============================

*Score against amount*, with the applications around the margin.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.solve().plot.margin()
