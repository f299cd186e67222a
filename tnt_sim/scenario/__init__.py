"""Scenarios: from YAML files and dossier tables to the problem that is optimised.

`yaml/` reads and merges the files, `spec` gives the grammar, `load` builds a `ScenarioData`,
`envelope_assignment` puts each dossier (grant application) into the envelope tree, and `problem` resolves
the rules and the objective on the dossiers. `decision_register` keeps what was signed.
"""
