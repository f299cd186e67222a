"""
fr: Des listes presque aussi bonnes, dossier par dossier
en: Near-optimal lists, application by application
"""

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
scenario.analyse.alternatives(count=3).plot.lists()
