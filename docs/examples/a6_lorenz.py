"""
L’argent par habitant est-il égal ?
=====================================

*Is money per head equal?* Lorenz curve and Gini index.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
scenario.solve().plot.lorenz()
