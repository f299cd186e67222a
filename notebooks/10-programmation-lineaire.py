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
# # Que voit un solveur dans un programme de subventions ?
#
# Derrière la répartition, un programme linéaire en nombres entiers : une colonne par demande, une ligne par enveloppe
# ou par plafond. Ce carnet l’ouvre : la matrice, la relaxation, les prix, l’écart d’intégrité. Puis une contrainte à
# vous, dans PuLP, résolue par CBC, un solveur que le moteur n’utilise pas pour décider. Sa liste revient au contrôle
# exact.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-une-region.yaml"

# %% [markdown]
# Une seule région, 1,6 M€, et 297 000 € au plus par département. Les demandes déjà promises ne se décident plus : le
# modèle ne contient que les autres.
#
# ## La matrice
#
# Chaque case pleine est un coefficient, en euros : ce que la demande prendrait à l’enveloppe ou au plafond de son
# département si elle était financée.

# %%
import altair as alt
import polars as pl

import tnt_sim as tnt

alt.renderers.enable("svg")  # des images fixes, qui ne demandent rien à l’internet
alt.renderers.set_embed_options(format_locale="fr-FR")
alt.theme.register("story", enable=True)(lambda: {"config": {"font": "Arial", "title": {"anchor": "start"}}})
scenario = tnt.read_scenario(scenario_file).with_({"locale": "fr"})
model = scenario.model()
matrix = model.to_scipy().A.tocoo()
columns = model.columns.rename({"amount": "euros"})
plain = {"fonds": "programme", "deconcentre": "guichets", "plafond-departement": "plafond"}
rows = model.rows.with_columns(
    label=pl.concat_str(pl.col("id").replace(plain), "group", separator=" ", ignore_nulls=True)
)
cells = pl.DataFrame(
    {
        "row": rows["label"].gather(matrix.row),
        "column": columns["dossier"].gather(matrix.col),
        "euros": matrix.data,
    }
)
alt.Chart(cells).mark_rect(stroke="white").encode(
    x=alt.X("column", title="Demandes à décider", axis=alt.Axis(labels=False, ticks=False)),
    y=alt.Y("row", sort=rows["label"].to_list(), title=None),
    color=alt.Color(
        "euros", scale=alt.Scale(scheme="blues", type="log"), title="€", legend=alt.Legend(format=",.0f")
    ),
).properties(width=500, title=f"{rows.height} lignes, {columns.height} demandes, {matrix.nnz} coefficients")

# %% [markdown]
# Le problème s’écrit ainsi : maximiser la somme des notes des demandes financées, sans dépasser aucune ligne.
#
# $$\max_x \sum_j c_j x_j \quad \text{avec} \quad A x \le b, \quad x_j = 0 \text{ ou } 1$$
#
# $c_j$ est la note de la demande $j$, $A$ la matrice ci-dessus, $b$ ce qui reste de chaque enveloppe et de chaque
# plafond.

# %% [markdown]
# ## La relaxation : et si l’on pouvait financer une demande à moitié ?
#
# On remplace $x_j = 0$ ou $1$ par $0 \le x_j \le 1$. Le problème devient facile, et sa valeur borne toutes les
# répartitions possibles.

# %%
relaxed = model.relax()
fates = ["en entier", "en partie", "rien"]
parts = relaxed.columns.join(columns.select("name", "euros"), on="name").with_columns(
    fate=pl.when(pl.col("value") == 1)
    .then(pl.lit(fates[0]))
    .when(pl.col("value") > 0)
    .then(pl.lit(fates[1]))
    .otherwise(pl.lit(fates[2]))
)
in_part = parts.filter(pl.col("fate") == fates[1])
colours = alt.Color(
    "fate",
    sort=fates,
    scale=alt.Scale(range=["#3a7fc0", "#c27500", "#a4532f"]),
    title=None,
    legend=alt.Legend(orient="top"),
)
points = (
    alt.Chart(parts)
    .mark_point(filled=True, size=70)
    .encode(
        x=alt.X(
            "euros",
            scale=alt.Scale(type="log"),
            title="Demande (€)",
            axis=alt.Axis(format=",.0f", tickCount=4),
        ),
        y=alt.Y("cost", scale=alt.Scale(zero=False), title="Note"),
        color=colours,
        shape=alt.Shape("fate", sort=fates, legend=None),
    )
)
names = alt.Chart(in_part).mark_text(align="left", dx=8).encode(x="euros", y="cost", text="dossier")
(points + names).properties(
    width=520,
    height=300,
    title=f"La relaxation coupe {in_part.height} demandes : elle n’est pas une décision",
)

# %% [markdown]
# Il y a au plus autant de demandes coupées que de lignes qui arrêtent quelque chose. Toutes les autres sont déjà
# entières : c’est pourquoi la relaxation est si proche de la décision.
#
# ## Les prix : ce que vaut un euro, et où
#
# Le prix d’une ligne (sa variable duale) dit de combien monterait la relaxation si la ligne avait un peu plus
# d’argent. Voici ces prix, en points pour 1 000 €.

# %%
prices = relaxed.rows.with_columns(rows["label"], points=pl.col("price") * 1_000)
bars = (
    alt.Chart(prices)
    .mark_bar(color="#3a7fc0")
    .encode(
        x=alt.X("points", title="Prix : points pour 1 000 €"),
        y=alt.Y("label", sort=rows["label"].to_list(), title=None),
    )
)
figures = bars.mark_text(align="left", dx=5).encode(text=alt.Text("points", format=".2f"))
(bars + figures).properties(width=480, title="Un euro vaut le plus sous deux plafonds presque pleins")

# %% [markdown]
# Un prix ne dure pas : il vaut entre deux montants, que HiGHS donne. Dans les départements 05 et 06, il reste si peu
# que le prix ne vaut que sur quelques centaines d’euros. Les lignes de prix nul n’arrêtent rien.

# %%
tnt.table(
    prices.filter(pl.col("points") > 0)
    .select("label", *(pl.col(name).round(0).cast(pl.Int64) * 100 for name in ("rhs", "rhs_from", "rhs_to")))
    .rename({"rhs": "rhs_cents", "rhs_from": "from_cents", "rhs_to": "to_cents"}),
    lang="fr",
    heads={"label": "Ligne", "rhs_cents": "Montant", "from_cents": "Le prix vaut de", "to_cents": "à"},
)

# %% [markdown]
# Le coût réduit d’une demande est sa note moins ce qu’elle prend aux lignes, à leurs prix. Positif : elle mérite
# d’entrer. Négatif : il lui manque autant de points. C’est ce que dessine la figure ci-dessous ; les demandes coupées
# sont exactement à zéro.

# %%
ranked = parts.sort("reduced_cost", descending=True)
alt.Chart(ranked).mark_bar().encode(
    x=alt.X(
        "dossier", sort=ranked["dossier"].to_list(), title=None, axis=alt.Axis(labels=False, ticks=False)
    ),
    y=alt.Y("reduced_cost", title="Coût réduit (points)", scale=alt.Scale(domain=[-60, 15], clamp=True)),
    color=colours,
).properties(width=560, height=240, title="Les prix seuls classent presque toutes les demandes (coupé à −60)")

# %% [markdown]
# ## L’écart d’intégrité
#
# La borne est prouvée en entiers, à partir des prix : aucune liste ne vaut plus. La meilleure liste entière est un
# peu dessous. Déplacez le curseur : l’écart change avec l’enveloppe, sans jamais s’annuler longtemps.

# %%
import ipywidgets
from IPython.display import display

amounts = range(1_400, 1_801, 50)
bounds = {}
for amount in amounts:
    changes = dict.fromkeys(("programme.amount", "envelopes.deconcentre.amount"), f"{amount} k€")
    found = scenario.with_(changes).model().relax()
    bounds[amount] = float(found.bound), float(found.best)
sides = ["borne prouvée", "meilleure liste"]
curve = pl.DataFrame(
    [(amount, *pair) for amount in amounts for pair in zip(bounds[amount], sides, strict=True)],
    schema=["amount", "points", "side"],
    orient="row",
)


def draw(amount):
    bound, best = bounds[amount]
    here = alt.Chart(pl.DataFrame({"amount": [amount], "points": [bound], "gap": [bound - best]})).encode(
        x="amount"
    )
    lines = (
        alt.Chart(curve)
        .mark_line(point=True)
        .encode(
            x=alt.X("amount", scale=alt.Scale(zero=False), title="Enveloppe (k€)"),
            y=alt.Y("points", scale=alt.Scale(zero=False), title="Somme des notes"),
            color=alt.Color(
                "side",
                sort=sides,
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(range=["#c27500", "#3a7fc0"]),
            ),
        )
    )
    text = here.mark_text(align="right", dx=-8, dy=-8, fontSize=14).encode(
        y="points", text=alt.Text("gap", format=".1f")
    )
    title = f"Points entre la borne et la meilleure liste, à {amount} k€"
    return (lines + here.mark_rule(strokeDash=[4, 4]) + text).properties(width=520, height=260, title=title)


picture = display(draw(1_600), display_id=True)
control = ipywidgets.SelectionSlider(options=amounts, value=1_600, description="k€")
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# ## Une contrainte à vous, dans PuLP
#
# `to_pulp` donne un problème PuLP ordinaire : chaque demande y est une variable à son nom. Ajoutez une ligne,
# choisissez un solveur. Ici, le jury veut l’excellence : parmi les dix meilleures notes, quatre au moins.

# %%
import pulp

problem = model.to_pulp()
variables = {variable.name: variable for variable in problem.variables()}
best = columns.sort("cost", descending=True).head(10)
problem += pulp.lpSum(variables[name] for name in best["name"]) >= 4, "at_least_four"
solver = pulp.COIN_CMD(msg=False)
if not solver.available():
    solver = pulp.HiGHS(msg=False)
problem.solve(solver)
score = pulp.value(problem.objective) + model.offset
tnt.table(
    pl.DataFrame({"": ["sans la contrainte", "avec elle"], "Notes": [float(relaxed.best), round(score, 6)]}),
    lang="fr",
)

# %% [markdown]
# ## Retour au contrôle
#
# CBC calcule en nombres flottants. Sa liste n’est une décision qu’après une lecture exacte, en centimes : `check` la
# relit contre toutes les règles du scénario. Il ne dit rien de plus que ce qu’il a vérifié : la liste est permise,
# son optimalité n’est pas prouvée.

# %%
scenario.check(problem)

# %% [markdown]
# Une liste qui enfreint une règle est refusée, avec la règle et la distance : voici ce qu’il en est si l’on finance
# les dix meilleures notes.

# %%
try:
    scenario.check(dict(best.select("dossier", "euros").iter_rows()))
except tnt.VerificationError as error:
    print(error)

# %% [markdown]
# La même contrainte, écrite comme une règle du scénario, est résolue et prouvée par le moteur. Les deux solveurs
# doivent trouver la même valeur.

# %%
proved = scenario.add("at-least-four", funded=dict.fromkeys(best["dossier"], 1), min="4").solve()
tnt.table(
    pl.DataFrame(
        {
            "Qui": [solver.name, "tnt_sim"],
            "Notes": [round(score, 6), float(proved.document["objective"][0]["value"])],
            "Preuve": ["aucune", "certificat exact"],
        }
    ),
    lang="fr",
)

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert proved.proof is tnt.Proof.PROVED
assert abs(float(proved.document["objective"][0]["value"]) - score) < 1e-6
assert relaxed.bound > relaxed.best > score
assert set(in_part["dossier"]) >= {"A3-1430", "A3-1848"}
assert in_part.height <= prices.filter(pl.col("points") > 0).height
assert all(bound >= best for bound, best in bounds.values())

# %% [markdown]
# ## À essayer
#
# - Retirez le plafond (`scenario.with_({"rules.plafond-departement.off": True})`) : combien de demandes la relaxation
#   coupe-t-elle encore ?
# - `model.to_lp("modele.lp")` écrit le modèle pour un autre solveur ; `model.with_stage("least granted")` est la
#   question suivante, la dépense la plus faible parmi les meilleures listes.
# - Calculez la relaxation vous-même : `scipy.optimize.linprog(**model.to_scipy().to_linprog())`.
