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
# De 88 à 120 M€ : ce qu'achète chaque montant, libre ou promesses tenues ; le prochain euro ; à partir de quand
# chaque dossier entre.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/tnt-2021.yaml"
amounts = ["88 M€", "90 M€", "98 M€", "98.4 M€", "108 M€", "120 M€"]

# %%
import altair
import polars as pl

import tnt_sim as tnt

altair.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l'internet
scenario = tnt.Scenario.from_yaml(scenario_file)
scenario

# %% [markdown]
# ## La courbe
#
# À chaque montant, la meilleure répartition, prouvée. **Libre** : chaque montant pour lui-même. **Promesses tenues** :
# qui était financé au montant d'avant le reste, pour la même somme.

# %%
curve = tnt.sweep(scenario, envelope="tnt", at=amounts)
curve.plot()

# %%
curve

# %% [markdown]
# Trois choses à lire. Toutes les répartitions sont prouvées. Un montant plus grand ne vaut jamais moins. Tenir ses
# promesses ne peut rien rapporter : la courbe libre n'est jamais sous l'autre. À ces montants, cela ne coûte rien non
# plus ; par pas plus fins, si (`docs/sweep.md`).

# %%
points = curve.to_dataframe()
assert set(points["proof"]) == {"PROVED"}
free, nested = (
    points.filter(pl.col("curve") == name)["value_1"].cast(pl.Float64) for name in ("free", "nested")
)
assert free.is_sorted()
assert (free >= nested).all()
assert (free == nested).all()
tnt.table(
    points.select(
        "amount_cents", "curve", "value_1", "n_funded", "n_entered", "n_left", "left_cents"
    ).with_columns(pl.col("value_1").cast(pl.Float64)),
    heads={
        "curve": "Courbe",
        "value_1": "Notes",
        "n_entered": "Entrent",
        "n_left": "Sortent",
        "left_cents": "Reste",
    },
)

# %% [markdown]
# L'argent ne va pas partout : les axes 1 et 2 n'ont plus de demande à financer. Tout ce qui s'ajoute va à l'axe 3.

# %%
curve.plot("envelopes")

# %%
by_envelope = curve.to_dataframe(table="envelopes").filter(pl.col("curve") == "free")
granted = {
    name: by_envelope.filter(pl.col("id") == name).sort("amount_cents")["granted_cents"]
    for name in ("axe-1", "axe-2", "axe-3")
}
assert granted["axe-1"].n_unique() == 1
assert granted["axe-2"].n_unique() == 1
assert granted["axe-3"][-1] > granted["axe-3"][0]

# %% [markdown]
# ## Le prochain euro
#
# Le moins à ajouter à chaque enveloppe pour gagner quelque chose ; en dessous, rien ne change. Ajouter à l'axe 1 ne
# gagnerait jamais rien.

# %%
following = tnt.next_euro(scenario, envelopes=["axe-1", "deconcentre", "demat-ads"], rules=[])
following.plot()

# %%
steps = {row["id"]: row for row in following.summary()["next"]}
assert steps["axe-1"]["status"] == "never"
assert steps["deconcentre"]["step_cents"] > 0
assert steps["demat-ads"]["step_cents"] > 0
following

# %% [markdown]
# ## À partir de quand chaque dossier entre
#
# Pour chaque dossier refusé, le plus petit supplément avec lequel il peut être financé sans que le but y perde. C'est
# le chiffre à donner à son porteur ; il n'est pas une moyenne, mais exact au centime.

# %%
found = tnt.entries(scenario, stop="120 M€")
table = found.to_dataframe()
waiting = table.filter(~pl.col("funded") & pl.col("no_loss_cents").is_not_null()).sort("no_loss_cents")
tnt.table(
    waiting.select("dossier", pl.when(pl.col("flag") != "never").then(pl.col("no_loss_cents")), "flag"),
    most=10,
    heads={"no_loss_cents": "Supplément qui suffit", "flag": "Ensuite"},
)

# %%
assert waiting.height > 0
assert (waiting["no_loss_cents"] >= 0).all()
assert (waiting["no_loss_cents"] == waiting["no_loss_upto_cents"]).all()
