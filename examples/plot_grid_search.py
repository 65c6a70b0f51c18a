"""
Grid search and randomised search
=================================

The ``CV`` estimators choose `alpha` and `l1_ratio` along whole paths, which is the fastest
way. A search of scikit-learn is for all else: parameters of a pipeline, several at once,
other scores. riata's estimators are ordinary estimators there.
"""

import numpy as np
from scipy.stats import loguniform, uniform
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import riata

X, y = load_diabetes(return_X_y=True)
pipeline = make_pipeline(
    PolynomialFeatures(include_bias=False), StandardScaler(), riata.ElasticNet()
)

# %%
# Every combination of a grid: here also whether squares and products are worth having.

grid = GridSearchCV(
    pipeline,
    {
        "polynomialfeatures__degree": [1, 2],
        "elasticnet__alpha": np.geomspace(10, 0.1, 8),
        "elasticnet__l1_ratio": [0.1, 0.5, 1.0],
    },
    scoring="neg_mean_squared_error",
).fit(X, y)
print("grid:", grid.best_params_, f"squared error {-grid.best_score_:.0f}")

# %%
# A random search of the same size covers more values of each parameter. A strength is a
# scale: draw it log-uniformly.

draws = RandomizedSearchCV(
    pipeline,
    {
        "polynomialfeatures__degree": [1, 2],
        "elasticnet__alpha": loguniform(0.1, 10),
        "elasticnet__l1_ratio": uniform(0.1, 0.9),
    },
    n_iter=48,
    scoring="neg_mean_squared_error",
    random_state=0,
).fit(X, y)
print("random:", draws.best_params_, f"squared error {-draws.best_score_:.0f}")

# %%
# With `alpha` chosen inside by paths, the search is over the rest only: two candidates in
# place of forty-eight. ElasticNetCV splits each training part again.

inner = make_pipeline(
    PolynomialFeatures(include_bias=False), StandardScaler(),
    riata.ElasticNetCV(l1_ratio=[0.1, 0.5, 1.0]),
)  # fmt: skip
outer = GridSearchCV(
    inner, {"polynomialfeatures__degree": [1, 2]}, scoring="neg_mean_squared_error"
).fit(X, y)
chosen = outer.best_estimator_[-1]
print("paths:", outer.best_params_, f"alpha {chosen.alpha_:.3g}, "
      f"l1_ratio {chosen.l1_ratio_}, squared error {-outer.best_score_:.0f}")

# %%
# The three errors hardly differ: the minimum is flat, and folds vary by more than this.
# The error of the best of many candidates is a little too good. For an honest one, put the
# whole search inside `sklearn.model_selection.cross_val_score`.
