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
# # Qu’achèterait une enveloppe plus grande ?
#
# De 88 à 108 M€ : ce qu’achète chaque montant, libre ou engagements maintenus ; le prochain euro ; à partir de quand
# chaque dossier entre.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021.yaml"
local_file = "../scenarios/equite-territoriale.yaml"
amounts = ["88 M€", "90 M€", "98 M€", "108 M€"]

# %%
import altair
import polars as pl

import tnt_sim as tnt

altair.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
scenario = tnt.Scenario.from_yaml(scenario_file)
scenario

# %% [markdown]
# ## La courbe
#
# À chaque montant, la meilleure répartition, prouvée. **Libre** : chaque montant pour lui-même. **Engagements maintenus** :
# qui était financé au montant d’avant le reste, pour la même somme.

# %%
curve = tnt.sweep(scenario, envelope="tnt", at=amounts)
curve.plot()

# %%
curve

# %% [markdown]
# Trois choses à lire. Toutes les répartitions sont prouvées. Un montant plus grand ne vaut jamais moins. Tenir ses
# promesses ne peut rien rapporter : la courbe libre n’est jamais sous l’autre. Ici, les tenir coûte quelques points.

# %%
points = curve.to_dataframe()
assert set(points["proof"]) == {"PROVED"}
free, nested = (
    points.filter(pl.col("curve") == name)["value_1"].cast(pl.Float64) for name in ("free", "nested")
)
assert free.is_sorted()
assert (free >= nested).all()
assert (free > nested).any()
tnt.table(
    points.select(
        "amount_cents", "curve", "value_1", "n_funded", "n_entered", "n_left", "left_cents"
    ).with_columns(pl.col("value_1").cast(pl.Float64)),
    heads={
        "curve": "Courbe",
        "value_1": "Points",
        "n_entered": "Entrent",
        "n_left": "Sortent",
        "left_cents": "Reste",
    },
)

# %% [markdown]
# La demande dépasse l’argent partout : chaque axe reçoit une part de ce qui s’ajoute.

# %%
curve.plot("envelopes")

# %%
by_envelope = curve.to_dataframe(table="envelopes").filter(pl.col("curve") == "free")
granted = {
    name: by_envelope.filter(pl.col("id") == name).sort("amount_cents")["granted_cents"]
    for name in ("axe-1", "axe-2", "axe-3")
}
assert all(column[-1] > column[0] for column in granted.values())

# %% [markdown]
# ## Le prochain euro
#
# Le moins à ajouter à une enveloppe pour gagner quelque chose ; en dessous, rien ne change. Pour les seuls guichets
# déconcentrés ici : 28 M€ et 2 076 dossiers.

# %%
local = tnt.Scenario.from_yaml(local_file)
following = tnt.next_euro(local, envelopes=["fonds"], rules=[])
following.plot()

# %%
steps = {row["id"]: row for row in following.summary()["next"]}
assert steps["fonds"]["step_cents"] > 0
following

# %% [markdown]
# ## À partir de quand chaque dossier entre
#
# Pour chaque dossier refusé, le plus petit supplément avec lequel il peut être financé sans que le but y perde. C’est
# le chiffre à donner à son porteur ; il n’est pas une moyenne, mais exact au centime.

# %%
found = tnt.entries(local, stop="29 M€")
table = found.to_dataframe()
waiting = table.filter(~pl.col("funded") & pl.col("no_loss_cents").is_not_null()).sort("no_loss_cents")
never = pl.col("flag") == "never"
tnt.table(
    pl.concat([waiting.filter(~never).head(7), waiting.filter(never).head(3)]).select(
        "dossier", pl.when(~never).then(pl.col("no_loss_cents")), "flag"
    ),
    most=10,
    heads={"no_loss_cents": "Supplément qui suffit", "flag": "Ensuite"},
)

# %%
assert waiting.height > 0
assert (waiting["no_loss_cents"] >= 0).all()
assert (waiting["no_loss_cents"] == waiting["no_loss_upto_cents"]).all()
