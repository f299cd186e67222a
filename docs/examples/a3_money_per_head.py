"""
fr: Par habitant
en: Per inhabitant

fr: Une carte de montants par habitant compare des départements de tailles inégales.
en: A map of rates compares departments of unlike size.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
scenario.solve().plot.by_department("head")
