"""Poisson, Gamma and Tweedie regression with scikit-learn's parameters and meaning.

Replacing the import is the whole migration; the parameters after `verbose` are riata's
own. All of them are the fit of :mod:`riata._estimators._glm` with another loss.
"""

from functools import partial
from typing import ClassVar

from .._validation import (
    check_alpha,
    check_bool,
    check_choice,
    check_l1_ratio,
    check_real,
)
from ..losses import Gamma, Poisson, Tweedie
from ._base import GradientTolerance, check_verbose
from ._glm import OPTION_CHECKS, GeneralizedLinearModel


class SklearnGLM(GradientTolerance, GeneralizedLinearModel):
    """Parameters of the estimators that scikit-learn has, too."""

    _takes_chunks = True
    _parameter_checks: ClassVar = {
        "alpha": check_alpha,
        "l1_ratio": check_l1_ratio,
        "solver": partial(check_choice, choices=("lbfgs", "newton-cholesky")),
        "warm_start": check_bool,
        "verbose": check_verbose,
        **OPTION_CHECKS,
    }

    def __init__(
        self,
        *,
        alpha=1.0,
        fit_intercept=True,
        solver="lbfgs",
        max_iter=100,
        tol=1e-4,
        warm_start=False,
        verbose=0,
        l1_ratio=0.0,
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
        time_limit=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose
        self.l1_ratio = l1_ratio
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads
        self.time_limit = time_limit


class PoissonRegressor(SklearnGLM):
    r"""Poisson regression with an L2 and an L1 penalty, and a certificate.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \frac{1}{S} \sum_i s_i\, \ell(y_i, \eta_i)
        + \alpha \sum_j v_j \left( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \right),
        \qquad \eta_i = o_i + b + x_i^\top w, \quad l_j \le w_j \le u_j,

    where :math:`\ell` is half the unit deviance of Poisson's distribution, with the
    logarithm as link.
    :math:`s` are the sample weights and :math:`S` their sum, :math:`o` is the offset,
    :math:`v` are the penalty factors and :math:`\rho` = `l1_ratio`. With the defaults
    it is the problem of :class:`sklearn.linear_model.PoissonRegressor`, whose
    parameters, attributes and methods this class has; those after `verbose` are riata's
    own.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, >= 0.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    solver : {"lbfgs", "newton-cholesky"}, default="lbfgs"
        Accepted and without effect: riata has one solver, which chooses its means.
    max_iter : int, default=100
        Largest number of outer iterations. One of them solves for a whole working set
        of features, so a few are the rule. None means 1000.
    tol : float, default=1e-4
        Tolerance, in scikit-learn's spelling: the fit stops when no entry of the
        (sub)gradient of the objective is larger than `tol`, as there, and when the
        duality gap is at most ``tol ** 2`` (not less than 1e-10) times the objective
        of the model that has an intercept only.
    warm_start : bool, default=False
        Start from the coefficients of the previous fit, if their shape still fits.
    verbose : int, default=0
        Accepted and without effect.
    l1_ratio : float, default=0.0
        Share of the L1 penalty, in [0, 1]. 1 is the lasso, 0 ridge regression.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation. Coefficients are reported on the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads. None lets riata decide.
    time_limit : float, default=None
        Seconds after which the fit stops with what it has (and a warning).

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    loss_ : riata.losses.Loss
        The loss that was fitted.
    dual_gap_ : float
        Duality gap, in units of the objective above: no other coefficients have an
        objective lower by more than this.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int
        Number of outer iterations.
    status_ : Status
        How the solver ended: "optimal", or why not.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    GammaRegressor, TweedieRegressor : For targets that are not counts.
    GeneralizedLinearRegressor : Any loss, negative binomial among them.

    Examples
    --------
    >>> from riata import PoissonRegressor
    >>> X = [[1, 2], [2, 3], [3, 4], [4, 3]]
    >>> model = PoissonRegressor().fit(X, [12, 17, 22, 21])
    >>> model.coef_.round(3)
    array([0.121, 0.158])
    >>> model.predict([[1, 1], [3, 4]]).round(3)
    array([10.676, 21.875])
    """

    __module__ = "riata"

    def _get_loss(self):
        return Poisson()


class GammaRegressor(SklearnGLM):
    r"""Gamma regression with an L2 and an L1 penalty, and a certificate.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \frac{1}{S} \sum_i s_i\, \ell(y_i, \eta_i)
        + \alpha \sum_j v_j \left( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \right),
        \qquad \eta_i = o_i + b + x_i^\top w, \quad l_j \le w_j \le u_j,

    where :math:`\ell` is half the unit deviance of the gamma distribution, with the
    logarithm as link.
    :math:`s` are the sample weights and :math:`S` their sum, :math:`o` is the offset,
    :math:`v` are the penalty factors and :math:`\rho` = `l1_ratio`. With the defaults
    it is the problem of :class:`sklearn.linear_model.GammaRegressor`, whose
    parameters, attributes and methods this class has; those after `verbose` are riata's
    own.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, >= 0.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    solver : {"lbfgs", "newton-cholesky"}, default="lbfgs"
        Accepted and without effect: riata has one solver, which chooses its means.
    max_iter : int, default=100
        Largest number of outer iterations. One of them solves for a whole working set
        of features, so a few are the rule. None means 1000.
    tol : float, default=1e-4
        Tolerance, in scikit-learn's spelling: the fit stops when no entry of the
        (sub)gradient of the objective is larger than `tol`, as there, and when the
        duality gap is at most ``tol ** 2`` (not less than 1e-10) times the objective
        of the model that has an intercept only.
    warm_start : bool, default=False
        Start from the coefficients of the previous fit, if their shape still fits.
    verbose : int, default=0
        Accepted and without effect.
    l1_ratio : float, default=0.0
        Share of the L1 penalty, in [0, 1]. 1 is the lasso, 0 ridge regression.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation. Coefficients are reported on the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads. None lets riata decide.
    time_limit : float, default=None
        Seconds after which the fit stops with what it has (and a warning).

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    loss_ : riata.losses.Loss
        The loss that was fitted.
    dual_gap_ : float
        Duality gap, in units of the objective above: no other coefficients have an
        objective lower by more than this.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int
        Number of outer iterations.
    status_ : Status
        How the solver ended: "optimal", or why not.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    PoissonRegressor, TweedieRegressor : For targets that may be zero.
    GeneralizedLinearRegressor : Any loss.

    Examples
    --------
    >>> from riata import GammaRegressor
    >>> X = [[1, 2], [2, 3], [3, 4], [4, 3]]
    >>> model = GammaRegressor().fit(X, [19, 26, 33, 30])
    >>> model.coef_.round(3)
    array([0.073, 0.067])
    >>> model.predict([[1, 0], [2, 8]]).round(3)
    array([19.491, 35.782])
    """

    __module__ = "riata"

    def _get_loss(self):
        return Gamma()


class TweedieRegressor(SklearnGLM):
    r"""Tweedie regression with an L2 and an L1 penalty, and a certificate.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \frac{1}{S} \sum_i s_i\, \ell(y_i, \eta_i)
        + \alpha \sum_j v_j \left( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \right),
        \qquad \eta_i = o_i + b + x_i^\top w, \quad l_j \le w_j \le u_j,

    where :math:`\ell` is half the unit deviance of Tweedie's distribution of the given
    power. :math:`s` are the sample weights and :math:`S` their sum, :math:`o` is the
    offset, :math:`v` are the penalty factors and :math:`\rho` = `l1_ratio`. With the
    defaults it is the problem of :class:`sklearn.linear_model.TweedieRegressor`, whose
    parameters, attributes and methods this class has; those after `verbose` are riata's
    own.

    Parameters
    ----------
    power : float, default=0.0
        The variance is the mean to this power: 0 is the normal distribution, 1
        Poisson's, 2 the gamma distribution, 3 the inverse Gaussian; up to 0 targets may
        be negative, between 0 and 2 zero, from 2 on they are positive. Unless it is from
        1 to 2, and with the log link, the loss is not convex (but for power 0 with the
        identity): such a fit has no duality gap, and stops by the gradient.
    alpha : float, default=1.0
        Strength of the penalty, >= 0.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    link : {"auto", "identity", "log"}, default="auto"
        "auto" is the identity for powers up to 0, and else the logarithm. With the
        identity and another power than 0 the linear predictor has to be positive on all
        samples, which takes an intercept (or a positive `offset`).
    solver : {"lbfgs", "newton-cholesky"}, default="lbfgs"
        Accepted and without effect: riata has one solver, which chooses its means.
    max_iter : int, default=100
        Largest number of outer iterations. One of them solves for a whole working set
        of features, so a few are the rule. None means 1000.
    tol : float, default=1e-4
        Tolerance, in scikit-learn's spelling: the fit stops when no entry of the
        (sub)gradient of the objective is larger than `tol`, as there, and when the
        duality gap is at most ``tol ** 2`` (not less than 1e-10) times the objective
        of the model that has an intercept only.
    warm_start : bool, default=False
        Start from the coefficients of the previous fit, if their shape still fits.
    verbose : int, default=0
        Accepted and without effect.
    l1_ratio : float, default=0.0
        Share of the L1 penalty, in [0, 1]. 1 is the lasso, 0 ridge regression.
    standardize : bool, default=False
        Penalize the coefficients of columns scaled to unit (weighted) standard
        deviation. Coefficients are reported on the original scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Factor on the penalty of each feature, >= 0. 0 leaves a feature unpenalized,
        infinity excludes it.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``.
    n_threads : int, default=None
        Number of threads. None lets riata decide.
    time_limit : float, default=None
        Seconds after which the fit stops with what it has (and a warning).

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients as a CSR matrix.
    loss_ : riata.losses.Loss
        The loss that was fitted.
    dual_gap_ : float
        Duality gap, in units of the objective above: no other coefficients have an
        objective lower by more than this.
    relative_gap_ : float
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int
        Number of outer iterations.
    status_ : Status
        How the solver ended: "optimal", or why not.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    PoissonRegressor, GammaRegressor : Powers 1 and 2.
    GeneralizedLinearRegressor : Any loss.

    Examples
    --------
    >>> from riata import TweedieRegressor
    >>> X = [[1, 2], [2, 3], [3, 4], [4, 3]]
    >>> model = TweedieRegressor().fit(X, [2, 3.5, 5, 5.5])
    >>> model.coef_.round(3)
    array([0.6, 0.3])
    >>> model.predict([[1, 1], [3, 4]]).round(3)
    array([2.5, 4.6])
    """

    __module__ = "riata"

    _parameter_checks: ClassVar = {
        "power": check_real,
        "link": partial(check_choice, choices=("auto", "identity", "log")),
        **SklearnGLM._parameter_checks,
    }

    def __init__(
        self,
        *,
        power=0.0,
        alpha=1.0,
        fit_intercept=True,
        link="auto",
        solver="lbfgs",
        max_iter=100,
        tol=1e-4,
        warm_start=False,
        verbose=0,
        l1_ratio=0.0,
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
        time_limit=None,
    ):
        self.power = power
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.link = link
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose
        self.l1_ratio = l1_ratio
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads
        self.time_limit = time_limit

    def _get_loss(self):
        return Tweedie(self.power, self.link)
