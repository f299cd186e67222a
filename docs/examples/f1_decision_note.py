"""
Page : la note de décision
============================

*The decision note*, with its annexes. The same page: `tnt-sim report`.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
scenario.solve().report.html(explain=False)
