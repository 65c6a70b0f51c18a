"""Parameters of the estimators: how they are stored, checked and described.

The check and the description of a parameter are written once: here, or in the class that
gives it another meaning.
"""

import sys
from collections import ChainMap
from functools import partial
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import InvalidParameterError

from .. import _validation as check
from ._docstrings import bases, complete_class, complete_methods, parameters


def or_none(check_value):
    """Return a check that accepts None and what `check_value` accepts."""

    def check_or_none(value, name):
        return None if value is None else check_value(value, name)

    return check_or_none


def one_of(*choices):
    """Return a check for one of several words."""
    return partial(check.check_choice, choices=choices)


def checked_with_data(value, name):
    """Leave the check to fit, where it depends on the data or makes an object."""


def check_random_state(value, name):
    """Raise unless `value` can seed a random generator."""
    if value is not None and not isinstance(value, np.random.RandomState):
        check.check_integer(value, name, low=0, high=2**1024)


def check_precompute(value, name):
    """Raise unless `value` is "auto", a bool or array-like (a Gram matrix)."""
    if isinstance(value, str):
        check.check_choice(value, name, ("auto",))
    elif not hasattr(value, "__len__"):
        check.check_bool(value, name)


def check_verbose(value, name):
    """Raise unless `value` is a bool or an integer >= 0."""
    if not isinstance(value, bool | np.bool_):
        check.check_integer(value, name, low=0)


def check_class_weight(value, name):
    """Raise unless `value` is None, "balanced" or a dictionary of numbers >= 0."""
    if value is None or (isinstance(value, str) and value == "balanced"):
        return
    if isinstance(value, str):
        raise ValueError(f'{name} is {value!r}; it must be a dict, "balanced" or None')
    if not isinstance(value, dict):
        raise TypeError(
            f'{name} must be a dict from labels to weights, "balanced" or None, got '
            f"{value!r} of type {type(value).__name__}"
        )
    for label, weight in value.items():
        check.check_real(weight, f"{name}[{label!r}]", low=0.0)


check_positive = partial(check.check_real, low=0.0, low_open=True)
check_unit_share = partial(check.check_real, low=0.0, high=1.0)
check_share = partial(check.check_real, low=0.0, high=1.0, low_open=True)

# Called with the value and the name. A class that checks a parameter in another way, or
# has one of its own, gives the check in its attribute `_checks`.
CHECKS = {
    "alpha": check.check_alpha,
    "alphas": check.check_alphas,
    "class_weight": check_class_weight,
    "copy_X": check.check_bool,
    "eps": check_share,
    "fit_intercept": check.check_bool,
    "l1_ratio": check.check_l1_ratio,
    "loss": checked_with_data,
    "lower": checked_with_data,
    "max_iter": or_none(check.check_max_iter),
    "n_jobs": check.check_n_jobs,
    "n_threads": check.check_n_threads,
    "penalty": checked_with_data,
    "penalty_factor": checked_with_data,
    "positive": check.check_bool,
    "precompute": check_precompute,
    "random_state": check_random_state,
    "scoring": checked_with_data,
    "selection": one_of("cyclic", "random"),
    "standardize": check.check_bool,
    "time_limit": check.check_time_limit,
    "tol": check.check_tol,
    "upper": checked_with_data,
    "verbose": check_verbose,
    "warm_start": check.check_bool,
}


class Estimator(BaseEstimator):
    r"""Base class of all estimators, with the descriptions that most of them share.

    Objective
    ---------
    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \frac{1}{S} \sum_i s_i\, \ell(y_i, \eta_i)
        + \alpha \sum_j v_j \left( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \right),
        \qquad \eta_i = o_i + b + x_i^\top w, \quad l_j \le w_j \le u_j,

    Parameters
    ----------
    loss : str or riata.losses.Loss
        "squared", "logistic" (for 0 and 1, or shares), "poisson", "gamma", "tweedie",
        "negative_binomial", "huber", or an object of :mod:`riata.losses`.
    alpha : float
        Strength of the penalty, >= 0.
    l1_ratio : float
        Share of the L1 penalty, in [0, 1]. 1 is the lasso, 0 ridge regression.
    class_weight : dict or "balanced"
        Factors on the weights of the samples of each class, 1 for a class that is not
        named. "balanced" gives all classes the same sum of weights and leaves the sum of
        all as it is.
    fit_intercept : bool
        Whether to fit an (unpenalized) intercept.
    precompute : bool, "auto" or array-like of shape (n_features, n_features)
        Without effect on the result: the solver decides by itself which Gram matrices
        it needs, and computes them. One that is passed is compared with X.
    max_iter : int
        Largest number of outer iterations. One of them solves for a whole working set
        of features, so a few are the rule. None means 1000.
    copy_X : bool
        Accepted and without effect: X is never modified.
    tol : float
        A fit stops when the duality gap is at most `tol` times the objective of the
        model that has an intercept only.
    warm_start : bool
        Start from the coefficients of the previous fit, if their shape still fits.
    verbose : int
        Accepted and without effect.
    positive : bool
        Force the coefficients to be >= 0: the same as ``lower=0``.
    random_state : int, RandomState instance or None
        Accepted and without effect: the solver is deterministic.
    selection : {"cyclic", "random"}
        Accepted and without effect: the solver chooses the order of the features.
    standardize : bool
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation. Coefficients are reported on the original scale.
    penalty_factor : float or array-like of shape (n_features,)
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,)
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_jobs : int
        Number of folds that are fitted at the same time, in threads. None means 1
        unless in a :func:`joblib.parallel_config` context, -1 means all CPUs.
    n_threads : int
        Number of threads. None lets riata decide.
    time_limit : float
        Seconds after which the fit stops with what it has (and a warning).
    eps : float
        Smallest alpha divided by the largest, if the alphas are chosen automatically.

    Attributes
    ----------
    loss_ : riata.losses.Loss
        The loss that was fitted.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.
    """

    _checks: ClassVar[dict] = {}  # of parameters that are not checked as in `CHECKS`
    _parameter_checks: ClassVar[dict] = {}  # of all parameters

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__module__.partition(".")[0] != "riata":
            return  # a class of the user's own
        documented = sys.flags.optimize < 2
        if documented:
            complete_methods(cls)
        if cls.__module__ == "riata":  # a public class
            own = (vars(base).get("_checks", {}) for base in bases(cls))
            checks = ChainMap(*own, CHECKS)
            cls._parameter_checks = {name: checks[name] for name in parameters(cls)}
            if documented:
                complete_class(cls)

    def _keep_parameters(self, arguments):
        """Store the arguments of a constructor, which passes its ``locals()``."""
        del arguments["self"]
        vars(self).update(arguments)

    def _check_params(self):
        with check.as_invalid_parameter(InvalidParameterError):
            for name, check_value in self._parameter_checks.items():
                check_value(getattr(self, name), name)

    def _set_fitted(self, **attributes):
        """Replace the whole fitted state; nothing of an earlier fit survives."""
        state = vars(self)
        for name in [n for n in state if n[-1] == "_" and n not in attributes]:
            if name[0] != "_":
                del state[name]
        state.update(attributes)

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of any layout and of either kind of sparse format; float32 data are
            fitted as float32.
        y : array-like of shape (n_samples,)
            Target, in the range of the loss.
        sample_weight : float or array-like of shape (n_samples,)
            Weights >= 0 of the samples. Multiplying all of them by a number changes
            nothing. A float means no weights.
        offset : array-like of shape (n_samples,)
            Known part of the linear predictor, added to it and not fitted.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the input is invalid. The estimator is left as it was.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If a fit ends before the tolerance is reached.
        """
        raise NotImplementedError
