"""
Le plus petit supplément utile
================================

*The smallest useful increase* of each envelope.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.marginal_euro().plot.next_euro()
