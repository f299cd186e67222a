"""
fr: L’argent par habitant est-il égal ?
en: Is money per head equal?

fr: Courbe de Lorenz et indice de Gini.
en: Lorenz curve and Gini index.
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/tnt-2021.yaml")
scenario.solve().plot.lorenz()
