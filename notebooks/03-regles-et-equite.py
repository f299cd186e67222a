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
# # Ce que coûtent les règles, et l’équité entre territoires
#
# Une règle protège quelque chose et coûte quelque chose. Combien ? Ici, une enveloppe nationale de 28 M€ pour 2 076
# projets de collectivités, et quatre règles que l’on met une à une.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle ; les règles d’équité sont supposées.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-territoriale.yaml"
rules = ["plafond-departement", "partout", "communes", "par-habitant"]

# %%
import altair
import polars as pl

import tnt_sim as tnt

altair.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
scenario = tnt.Scenario.from_yaml(scenario_file)
scenario

# %% [markdown]
# ## Sans aucune règle
#
# 1 400 projets sont déjà promis. Le reste va aux meilleures notes, où qu’elles soient.

# %%
base = scenario.solve()
base

# %%
base.plot.by_department("head")

# %% [markdown]
# ## Chaque règle, seule
#
# La même question, une règle à la fois : la somme des notes baisse de ce que la règle coûte. Aucune ne rapporte.

# %%
alone = {rule: scenario.with_({f"rules.{rule}.off": False}).solve() for rule in rules}
value = {rule: float(result.summary()["objective"][0]["value"]) for rule, result in alone.items()}
best = float(base.summary()["objective"][0]["value"])
titles = {rule.id: rule.title for rule in scenario.spec.rules}
costs = pl.DataFrame(
    {
        "Règle": [titles[rule] for rule in rules],
        "Notes": [value[rule] for rule in rules],
        "Coûte": [best - value[rule] for rule in rules],
        "n_funded": [alone[rule].summary()["n_funded"] for rule in rules],
        "unspent_cents": [alone[rule].summary()["unspent_cents"] for rule in rules],
        "proof": [alone[rule].summary()["proof"] for rule in rules],
    }
)
tnt.table(costs)

# %%
assert set(costs["proof"]) <= {"PROVED", "CROSS_CHECKED"}
assert (costs["Coûte"] >= 0).all()
assert costs["Coûte"].max() == best - value["plafond-departement"]

# %% [markdown]
# Le plafond de 297 000 € par département est de loin la plus chère. Sans lui, plus de quarante départements le
# dépassent ; avec lui, plus de trente en sont à moins de 5 000 €, et leur argent va à de moins bonnes notes ailleurs.

# %%
capped = alone["plafond-departement"]
without = base.plot.by_department().data
assert without.filter(pl.col("granted") > 297_000).height > 40
groups = capped.to_dataframe(table="groups").select("group", pl.col("num").alias("granted_cents"))
near = groups.filter(pl.col("granted_cents") > 29_200_000).sort("granted_cents", descending=True)
assert near.height > 30
tnt.table(near, most=6, heads={"group": "Département"})

# %% [markdown]
# La carte par habitant, avec le plafond. Le même montant partout n’est pas le même par habitant : les départements
# peu peuplés restent les mieux dotés.

# %%
drawn = capped.plot.by_department("head")
by_head = drawn.data.filter(pl.col("n_dossiers") > 0).sort("per_head")["population"]
assert by_head.head(20).sum() > 5 * by_head.tail(20).sum()
drawn

# %% [markdown]
# ## Ensemble
#
# Deux règles ensemble ne coûtent pas la somme de ce qu’elles coûtent seules. Le prix de chacune se lit alors
# *l’autre restant en place*.

# %%
pair = ["plafond-departement", "communes"]
both = scenario.with_({f"rules.{rule}.off": False for rule in pair})
priced = tnt.prices(both, kinds=["rule"])
priced.plot()

# %%
priced

# %% [markdown]
# Le plafond coûte plus que la part des communes ; et aucune enveloppe plus grande ne le rachèterait à elle seule,
# puisqu’il borne chaque département, quel que soit le total.

# %%
price = {row["id"]: row for row in priced.summary()["prices"]}
assert float(price["plafond-departement"]["value"]) > float(price["communes"]["value"]) > 0
assert price["plafond-departement"]["euros_cents"] is None

# %% [markdown]
# ## Des règles qui se contredisent
#
# Dix projets partout *et* 297 000 € au plus par département : rien ne tient les deux, et cela est prouvé. Le carnet
# [Pourquoi](05-pourquoi.ipynb) dit où est la contradiction et ce qui la répare au moindre coût.

# %%
clash = scenario.with_({"rules.plafond-departement.off": False, "rules.partout.off": False}).solve()
assert clash.summary()["status"] == "infeasible"
clash

# %% [markdown]
# ## L’équité comme but
#
# Plutôt qu’une règle, un but : que le département le moins doté par habitant le soit le plus possible ; à égalité
# seulement, les notes.

# %%
fairest = scenario.with_(
    {
        "objective": [
            {"maximise": {"smallest": {"measure": "granted", "per": "population", "by": "department"}}},
            {"maximise": {"score": 1}},
        ]
    }
).solve()
fairest

# %% [markdown]
# Ce que cela coûte en notes, et ce que gagne le moins doté (en euros par habitant) :

# %%
smallest, score = (float(goal["value"]) for goal in fairest.summary()["objective"])
least = base.plot.by_department("head").data.filter(pl.col("n_dossiers") > 0)["per_head"].min()
assert score < best
assert smallest > least
tnt.table(
    pl.DataFrame(
        {
            "": ["les notes d'abord", "le moins doté d'abord"],
            "Notes": [best, score],
            "Département le moins doté (€ par habitant)": [least, smallest],
        }
    )
)
