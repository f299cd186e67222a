"""
Page : d’autres listes presque aussi bonnes
=============================================

*Near-optimal lists that differ most.* The same page: `tnt-sim alternatives`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.alternatives(count=2).report.html("alternatives.html")
