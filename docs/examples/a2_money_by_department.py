"""
Où va l’argent, par département
=================================

*Granted by department*, with shared class breaks.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
scenario.solve().plot.by_department()
