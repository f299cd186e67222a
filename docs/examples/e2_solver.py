"""
Le même modèle dans un autre solveur
======================================

*The same model in another solver*, and its list read again in integers.
"""

import pulp

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
problem = scenario.model().to_pulp()
problem.solve(pulp.HiGHS(msg=False))
scenario.check(problem)
