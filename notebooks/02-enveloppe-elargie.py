# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Qu'achèterait une enveloppe plus grande ?
#
# De 88 à 108 M€ : ce qu'achète chaque montant, libre ou promesses tenues.
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021.yaml"
amounts = ["88 M€", "90 M€", "98 M€", "108 M€"]

# %%
import tnt_sim as tnt

scenario = tnt.Scenario.from_yaml(scenario_file)
curve = tnt.sweep(scenario, envelope="tnt", at=amounts)
curve

# %% [markdown]
# Tenir les promesses faites à un montant plus petit a un prix : la valeur libre n'est jamais sous la valeur tenue.

# %%
points = curve.to_dataframe()
points

# %%
assert len(points) >= len(amounts)
