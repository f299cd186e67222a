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
# # Pourquoi pas mon dossier ?
#
# C’est la question d’un maire. Un préfet en pose deux autres : pourquoi ces règles ne vont-elles pas ensemble ? que
# vaut la liste faite à la main ? Une seule région, 125 projets, pour répondre dossier par dossier.
#
# *Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.*

# %% tags=["parameters"]
scenario_file = "../scenarios/equite-une-region.yaml"

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
result = scenario.solve()
words = ["financé", "refusé", "financé, moins bien noté"]
open_ones = (
    result.table()
    .filter(pl.col("committed_cents").is_null())
    .select(
        "dossier",
        "department",
        "funded",
        "reason",
        score=pl.col("score").cast(pl.Float64),
        euros=pl.col("requested_cents") / 100,
    )
)
refused = open_ones.filter(~pl.col("funded")).sort("score", descending=True)


def draw(dossier):
    mine = open_ones.filter(pl.col("dossier") == dossier)
    lower = pl.col("funded") & (pl.col("score") < mine["score"][0])
    fate = (
        pl.when(lower)
        .then(pl.lit(words[2]))
        .when("funded")
        .then(pl.lit(words[0]))
        .otherwise(pl.lit(words[1]))
    )
    points = (
        alt.Chart(open_ones.with_columns(fate=fate))
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X(
                "euros",
                scale=alt.Scale(type="log"),
                title="Demande (€)",
                axis=alt.Axis(format=",.0f", tickCount=4),
            ),
            y=alt.Y("score", scale=alt.Scale(zero=False), title="Note"),
            color=alt.Color(
                "fate",
                sort=words,
                title=None,
                legend=alt.Legend(orient="top", labelLimit=220),
                scale=alt.Scale(domain=words, range=["#3a7fc0", "#a4532f", "#c27500"]),
            ),
            shape=alt.Shape("fate", sort=words, legend=None),
        )
    )
    ring = alt.Chart(mine).mark_point(size=260, color="black", strokeWidth=2).encode(x="euros", y="score")
    name = ring.mark_text(align="left", dx=14, fontWeight="bold").encode(text="dossier")
    title = f"{dossier} : {open_ones.filter(lower).height} dossiers moins bien notés sont financés"
    return (points + ring + name).properties(width=560, height=320, title=title)


picture = display(draw(refused["dossier"][0]), display_id=True)
control = ipywidgets.Dropdown(options=refused["dossier"].to_list(), description="Dossier")
control.observe(lambda change: picture.update(draw(change.new)), "value")
control

# %% [markdown]
# Choisissez un refusé, entouré sur la figure. Une bonne note ne suffit pas : ce qui compte est ce qu’elle apporte par
# euro. Les dossiers financés avec une moins bonne note demandent moins, ou bien le plafond du département du refusé
# est plein (ici les Hautes-Alpes et les Alpes-Maritimes).
#
# ## Et que lui manque-t-il ?
#
# Le plus petit changement qui le ferait entrer : de note, de demande, d’enveloppe, de règle. Chaque chiffre est
# exact, et vérifié en reprenant la décision avec ce changement.

# %%
why = result.explain(*refused["dossier"].to_list()[:3])
sentences = why.sentences("fr")
tnt.table(pl.DataFrame({"dossier": list(sentences), "explanation": list(sentences.values())}), lang="fr")

# %% [markdown]
# ## Faut-il n’avoir aucune inversion ?
#
# Un mieux noté refusé pendant qu’un moins bien noté est financé : cela choque. N’en avoir aucune est possible ; voici
# ce que cela coûte.

# %%
inversions = result.inversions()
(price,) = inversions.data.prices
tnt.table(
    pl.DataFrame(
        {
            "Couples inversés": [inversions.data.n_pairs],
            "N’en avoir aucun coûte (points)": [round(float(price.loses[0]), 1)],
            "Sortiraient": [len(price.leaves)],
            "Entreraient": [len(price.enters)],
        }
    ),
    lang="fr",
)

# %% [markdown]
# ## Pourquoi ces règles ne vont-elles pas ensemble ?
#
# Exigeons dix projets au moins dans chaque département. Plus aucune répartition n’est possible. La plus petite
# contradiction est démontrée, et les réparations sont classées de la moins chère à la plus chère.

# %%
conflict = tnt.conflict(scenario.with_({"rules.partout.off": False}))
conflict

# %% [markdown]
# ## Que vaut une liste faite à la main ?
#
# L’usage : tout ce qui est promis, puis les meilleures notes dans l’ordre, tant qu’il reste de l’argent. L’audit
# relit cette liste contre toutes les règles et contre l’optimum. Combien de changements faudrait-il pour la rendre
# permise, puis bonne ?

# %%
import tempfile
from pathlib import Path

by_hand = (
    result.table()
    .with_columns(asked_cents=pl.coalesce("committed_cents", "requested_cents"))
    .sort(pl.col("committed_cents").is_not_null(), "score", descending=True)
    .filter(pl.col("asked_cents").cum_sum() <= result.document["amount_cents"])
)
selection = Path(tempfile.mkdtemp()) / "list.csv"
by_hand.select("dossier").write_csv(selection)
audit = tnt.audit(scenario, selection)
(goal,) = audit.document["objective"]
swaps = pl.DataFrame(
    [{"changes": row["n_changed"], "recover": float(row["recover"] or 0)} for row in audit.document["swaps"]]
)
line = (
    alt.Chart(swaps)
    .mark_line(interpolate="step-after", point=True, color="#3a7fc0")
    .encode(
        x=alt.X("changes", title="Changements dans la liste"),
        y=alt.Y("recover", axis=alt.Axis(format="%"), title="Part de l’écart regagnée"),
    )
)
line.properties(
    width=520,
    height=220,
    title=f"{swaps['changes'][0]} changements rendent la liste permise ; {swaps['changes'][-2]} regagnent neuf dixièmes de l’écart",
)

# %%
tnt.table(
    pl.DataFrame(
        {
            "Liste": ["à la main", "la meilleure permise"],
            "Somme des notes": [round(float(goal["value"]), 1), round(float(goal["optimum"]), 1)],
            "Règles enfreintes": [len(audit.data.broken), 0],
        }
    ),
    lang="fr",
)

# %% [markdown]
# On garde la liste du cabinet, et l’on sait ce que chaque écart coûte ; `audit` dans une cellule montre chaque
# échange.

# %% jupyter={"source_hidden": true} tags=["remove-cell"]
assert set(refused["reason"].is_null()) == {False}
pairs = refused.join(open_ones.filter("funded"), how="cross", suffix="_funded").filter(
    pl.col("score_funded") < pl.col("score")
)
assert set(pairs.filter(pl.col("euros_funded") >= pl.col("euros"))["department"]) == {"05", "06"}
assert all(
    {"score", "grant", "envelope"} <= {change["kind"] for change in entry["changes"]}
    for entry in why.document["dossiers"]
)
assert inversions.data.n_pairs > 0 == price.n_pairs
assert float(price.loses[0]) > 0
(clash,) = conflict.data.sets
assert clash.proof == "PROVED"
assert clash.minimal
assert {"partout", "plafond-departement"} <= {
    member["id"] for member in conflict.document["sets"][0]["members"]
}
assert all(repair["verified"] for repair in conflict.document["repairs"])
assert not audit.document["selection"]["allowed"]
assert float(goal["loss"]) > 0
assert swaps["changes"].is_sorted()
assert swaps["changes"][0] == 2
assert swaps["recover"][-2] == 0.9
assert swaps["changes"][-2] <= 15

# %% [markdown]
# ## À essayer
#
# - `why.sentences("fr")` donne le motif prêt pour le courrier ; `result.explain("A3-1846")` celui d’un autre dossier.
# - Relevez le minimum de la règle « partout » de 1 en 1 (`"rules.partout.min": 7`) : à partir de combien rien ne
#   va-t-il plus ?
# - Mettez votre liste à la place de `by_hand`, ou demandez [d’autres listes presque aussi
#   bonnes](../docs/fr/howto/other-lists.md).
