"""
Tuning with Optuna
==================

`Optuna <https://optuna.org>`_ proposes parameters one trial after the other, where it has
seen good ones. For `alpha` and `l1_ratio` alone a path is faster (`riata.ElasticNetCV`);
it pays where more is to be chosen. It is no requirement of riata: without it, this example
says so and does nothing.
"""

from sklearn.datasets import load_diabetes
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import riata

try:
    import optuna
except ImportError:
    optuna = None

X, y = load_diabetes(return_X_y=True)


def objective(trial):
    """Mean squared error of five folds."""
    model = make_pipeline(
        PolynomialFeatures(trial.suggest_int("degree", 1, 2), include_bias=False),
        StandardScaler(),
        riata.ElasticNet(
            alpha=trial.suggest_float("alpha", 0.1, 10.0, log=True),
            l1_ratio=trial.suggest_float("l1_ratio", 0.1, 1.0),
        ),
    )
    return -cross_val_score(model, X, y, scoring="neg_mean_squared_error").mean()


if optuna is None:
    print("Optuna is not installed: pip install optuna")
else:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=30)
    print(study.best_params, f"squared error {study.best_value:.0f}")
