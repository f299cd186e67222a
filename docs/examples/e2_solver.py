"""
fr: Le même modèle dans un autre solveur
en: The same model in another solver

fr: La liste de cet autre solveur est relue en nombres entiers.
en: The list of that solver is read again in integers.
"""

import pulp

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
problem = scenario.model().to_pulp()
problem.solve(pulp.HiGHS(msg=False))
scenario.check(problem)
