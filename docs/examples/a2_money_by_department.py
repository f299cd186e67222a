"""
fr: Où va l’argent, par département
en: Granted by department

fr: Les bornes des classes sont communes.
en: The class breaks are shared.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
scenario.solve().plot.by_department()
