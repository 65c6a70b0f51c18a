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

fig, axes = plt.subplots(1, 3, figsize=(13, 4.5), layout="constrained")
for ax, (title, path) in zip(axes, paths.items(), strict=True):
    path.plot(ax=ax, n_labels=0)
    ax.set_title(title)
plt.show()

# %%
# L1 sets coefficients to zero, exactly, and releases them one after another. L2 makes all
# of them small and none of them zero, however strong it is.

for title, path in paths.items():
    half = int(np.argmax(path.deviance_ratio > 0.6))
    print(
        f"{title:17} 60 % of the deviance explained with {path.n_active[half]:2d} of 30 "
        f"coefficients; the fewest along the path: {path.n_active[1:].min()}"
    )

# %%
# What one reads from the fit
# ---------------------------
#
# At the strength that leaves five features, the lasso says in five numbers what it does.
# Ridge at the same fit needs thirty. That the five suffice for prediction does not mean
# that the other 25 do not matter: many of them measure almost the same thing
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
