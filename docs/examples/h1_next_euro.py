"""
Page : le plus petit supplément utile
=======================================

*The smallest useful increase* of each envelope. The same page: `tnt-sim marginal-euro`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.marginal_euro().report.html("next.html")
