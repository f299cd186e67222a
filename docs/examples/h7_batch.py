"""
fr: Page : beaucoup de scénarios
en: Page: many scenarios

fr: La même page : `tnt-sim batch`.
en: The same page: `tnt-sim batch`.
"""

import tempfile

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-une-region.yaml")
amounts = {"programme.amount": ["1.6 M€", "1.8 M€", "2 M€"]}
many = tnt.batch(scenario, tempfile.mkdtemp(), matrix=amounts, executor="serial")
many.report.html("batch.html")
