"""
Smooth effects, selected as groups
==================================

The columns of a spline belong together: a feature has an effect, and then the whole curve
is in the model, or it has none. The lasso drops single columns of the basis and leaves
kinks; the group lasso selects whole features.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.preprocessing import SplineTransformer

import riata
from riata.penalties import Group

# %%
# Three of ten features matter, each by a curve.

rng = np.random.default_rng(0)
features = rng.uniform(-1, 1, (300, 10))
curves = [lambda t: np.sin(3 * t), lambda t: 2 * t**2 - 2 / 3, lambda t: np.tanh(4 * t)]
y = sum(curve(features[:, j]) for j, curve in enumerate(curves))
y += 0.5 * rng.standard_normal(300)

# %%
# Eight columns for each feature, and the feature's number as the label of their group.

spline = SplineTransformer(n_knots=6, degree=3, knots="quantile").fit(features)
X = spline.transform(features)
X = X - X.mean(axis=0)
groups = np.repeat(np.arange(10), X.shape[1] // 10)
cv = riata.cv_path(X, y, penalty=Group(groups), cv=10)
chosen = cv.select("1se")
selected = np.unique(groups[chosen.coef != 0])
print(f"features selected: {selected.tolist()}")

# %%
# The curves of the first four features, against the truth.

figure, axes = plt.subplots(1, 4, figsize=(9, 2.6), sharey=True, layout="constrained")
for j, ax in enumerate(axes):
    order = np.argsort(features[:, j])
    t = features[order, j]
    part = X[order][:, groups == j] @ chosen.coef[groups == j]
    truth = curves[j](t) if j < 3 else np.zeros_like(t)
    ax.plot(t, truth - truth.mean(), color="0.6", label="truth")
    ax.plot(t, part - part.mean(), color="C0", label="group lasso")
    ax.set_title(f"feature {j}")
axes[3].legend(frameon=False)
plt.show()
