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
# # Que coûte une règle, et à qui ?
#
# Une règle protège quelque chose et coûte quelque chose. Ici, une enveloppe nationale de 28 M€ pour 2 076 projets de
# collectivités, et quatre règles d’équité que l’on met une à une.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle ; les règles d’équité sont supposées.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-territoriale.yaml"
rules = ["plafond-departement", "partout", "communes", "par-habitant"]

# %%
import altair as alt
import ipywidgets
import polars as pl
from IPython.display import display

import tnt_sim as tnt

alt.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
alt.renderers.set_embed_options(format_locale="fr-FR")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})

scenario = tnt.read_scenario(scenario_file).with_({"locale": "fr"})
base = scenario.solve()
alone = {rule: scenario.with_({f"rules.{rule}.off": False}).solve() for rule in rules}


def score(result):
    return float(result.document["objective"][0]["value"])


titles = {rule.id: rule.title for rule in scenario.spec.rules}
costs = pl.DataFrame(
    {"rule": [titles[rule] for rule in rules], "points": [score(base) - score(alone[rule]) for rule in rules]}
)
bars = (
    alt.Chart(costs)
    .mark_bar(color="#cc5500")
    .encode(
        x=alt.X("points", title="Points perdus, sur la somme des notes"),
        y=alt.Y("rule", sort="-x", title=None, axis=alt.Axis(labelLimit=330)),
    )
)
figures = bars.mark_text(align="left", dx=5).encode(text=alt.Text("points", format=",.1f"))
(bars + figures).properties(width=330, title="Le plafond par département est de loin la règle la plus chère")

# %% [markdown]
# Chaque barre est la différence de deux optimums prouvés : sans la règle, avec elle seule. Aucune règle ne rapporte ;
# les trois autres coûtent peu.
#
# ## À qui ?
#
# Le coût n’est pas réparti également. Choisissez une règle : la carte montre ce que chaque département gagne ou perd.


# %%
def difference(rule):
    return tnt.compare(base, alone[rule], names=["sans règle", "avec elle"], attribute=False)


picture = display(difference("plafond-departement").plot.by_department(), display_id=True)
control = ipywidgets.Dropdown(
    options=[(titles[rule], rule) for rule in rules], value="plafond-departement", layout={"width": "32em"}
)
control.observe(lambda change: picture.update(difference(change.new).plot.by_department()), "value")
control

# %% [markdown]
# Le même montant partout n’est pas le même par habitant. Voici l’argent par habitant avec le plafond : les
# départements peu peuplés restent les mieux dotés.

# %%
alone["plafond-departement"].plot.by_department("head")

# %% [markdown]
# ## Deux règles ensemble
#
# Deux règles ensemble ne coûtent pas la somme de ce qu’elles coûtent seules. Le prix de chacune se lit alors l’autre
# restant en place.

# %%
pair = ["plafond-departement", "communes"]
both = scenario.with_({f"rules.{rule}.off": False for rule in pair})
priced = tnt.prices(both, kinds=["rule"])
price = {row["id"]: float(row["value"]) for row in priced.document["prices"]}
tnt.table(
    pl.DataFrame(
        {
            "Règle": [titles[rule] for rule in pair],
            "Coût, seule": [round(score(base) - score(alone[rule]), 1) for rule in pair],
            "Coût, l’autre en place": [round(price[rule], 1) for rule in pair],
        }
    ),
    lang="fr",
)

# %% [markdown]
# Certaines ne vont pas ensemble. Dix projets partout et 297 000 € au plus par département : aucune répartition ne
# respecte les deux, et c’est démontré. [Pourquoi pas mon dossier ?](05-pourquoi.ipynb) montre comment réparer au
# moindre coût.
#
# ## L’équité comme objectif
#
# Plutôt qu’une règle, un objectif : que le département le moins doté par habitant le soit le plus possible ; à
# égalité seulement, les notes.

# %%
least = tnt.goals.smallest("granted", per="population", by="department")
fairest = scenario.with_({"objective": [tnt.goals.maximise(least), tnt.goals.maximise("score")]}).solve()
fair = tnt.compare(base, fairest, names=["les notes d’abord", "le moins doté d’abord"], attribute=False)
fair.plot.lorenz()

# %%
smallest, points = (float(goal["value"]) for goal in fairest.document["objective"])
tnt.table(
    pl.DataFrame(
        {
            "Objectif": ["les notes d’abord", "le moins doté d’abord"],
            "Somme des notes": [round(score(base), 1), round(points, 1)],
            "granted_cents": [base.document["granted_cents"], fairest.document["granted_cents"]],
            "n_funded": [base.document["n_funded"], fairest.document["n_funded"]],
        }
    ),
    lang="fr",
)

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert {result.proof.value for result in (base, fairest, *alone.values())} <= {"PROVED", "CROSS_CHECKED"}
assert (costs["points"] >= 0).all()
assert (
    costs["points"].max()
    == score(base) - score(alone["plafond-departement"])
    > 4 * costs["points"].sort()[-2]
)
assert price["plafond-departement"] > price["communes"] > 0
assert points < score(base)
heads = alone["plafond-departement"].plot.by_department("head").data.sort("per_head")["population"]
assert heads[-20:].sum() * 5 < heads[:20].sum()
clash = scenario.with_({"rules.plafond-departement.off": False, "rules.partout.off": False}).solve()
assert clash.status is tnt.Status.INFEASIBLE

# %% [markdown]
# ## À essayer
#
# - Relevez le plafond : `scenario.with_({"rules.plafond-departement.off": False, "rules.plafond-departement.max":
#   "400 k€"})`. Que devient son coût ?
# - Donnez un prix à une règle au lieu de l’imposer : la clé `penalty` ([le livre des règles](../docs/fr/reference/rules.md)).
# - Croisez deux valeurs d’un coup : [plafond ou enveloppe](08-batch-et-cluster.ipynb).
