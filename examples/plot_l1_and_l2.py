"""
What L1 and L2 do to coefficients
=================================

Measurements of cell nuclei, and whether the tumour was malignant: 569 samples, 30
features. The same logistic model along three paths, from the strongest penalty on the
left to the weakest on the right: L1 alone (the lasso), half of each (elastic net), and L2
alone (ridge).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer

import riata

data = load_breast_cancer()
X, y = data.data, (data.target == 0).astype(float)  # 1: malignant
X = (X - X.mean(axis=0)) / X.std(axis=0)

paths = {
    "L1": riata.fit_path(X, y, loss="logistic", l1_ratio=1.0),
    "half L1, half L2": riata.fit_path(X, y, loss="logistic", l1_ratio=0.5),
    "L2": riata.fit_path(
        X, y, loss="logistic", l1_ratio=0.0, alphas=np.geomspace(100, 1e-3, 60)
    ),
}

# The five features that L1 releases first have the same colours in all pictures.
first = np.argsort([np.argmax(row != 0) for row in paths["L1"].coefs[:, 1:]])
first = [j for j in first if paths["L1"].coefs[j].any()][:5]
colours = dict(zip(first, plt.cm.tab10.colors, strict=False))

fig, axes = plt.subplots(1, 3, figsize=(9.5, 4.2), layout="constrained")
for ax, (title, path) in zip(axes, paths.items(), strict=True):
    for j, row in enumerate(path.coefs):
        name = data.feature_names[j] if j in colours else None
        colour = colours.get(j, "#c8c8c8")
        ax.plot(path.alphas, row, color=colour, label=name, zorder=2 + (j in colours))
    ax.set(title=title, xscale="log", xlabel="alpha")
    ax.invert_xaxis()
axes[0].set_ylabel("coefficient, per standard deviation")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5,
           fontsize=8)
plt.show()

# %%
# L1 sets coefficients to zero, exactly, and releases them one after another. L2 makes all
# of them small and none of them zero, however strong it is.

for title, path in paths.items():
    k = int(np.argmax(path.deviance_ratio > 0.6))
    n_active = path.n_active[k]
    print(f"{title:16} {n_active:2d} of 30 coefficients explain 60 % of the deviance")

# %%
# What one reads from the fit
# ---------------------------
#
# Where it has selected five features or so, the lasso says in as many numbers what it does.
# Ridge at the same fit needs thirty. That the few suffice for prediction does not mean
# that the others do not matter: many of them measure almost the same thing
# (:ref:`sphx_glr_gallery_plot_correlated_features.py`).

lasso, ridge = paths["L1"], paths["L2"]
k = int(np.argmax(lasso.n_active >= 5))
same_fit = int(np.argmax(ridge.deviance_ratio >= lasso.deviance_ratio[k]))
w, v = lasso.coefs[:, k], ridge.coefs[:, same_fit]
print(f"{'feature':25} {'L1':>6} {'L2':>6}")
for j in np.argsort(-np.abs(w))[:8]:
    print(f"{data.feature_names[j]:25} {w[j]:6.2f} {v[j]:6.2f}")
print("...")

# %%
# The coefficients of ridge are spread over everything that is correlated with the target.

fig, ax = plt.subplots(figsize=(8, 6.5), layout="constrained")
rows = np.argsort(np.abs(v))
at = np.arange(len(rows))
ax.barh(at + 0.2, w[rows], 0.4, label="L1", color="#0072B2")
ax.barh(at - 0.2, v[rows], 0.4, label="L2", color="#E69F00")
ax.set_yticks(at, data.feature_names[rows], fontsize=8)
ax.set_xlabel("coefficient, per standard deviation of the feature")
ax.legend(loc="lower right")
plt.show()
