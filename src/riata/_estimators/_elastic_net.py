"""Lasso and ElasticNet.

The classes take scikit-learn's parameters and mean by them what scikit-learn means, so
that replacing the import is the whole migration. They are thin: parameters are checked
in :mod:`riata._estimators._base`, input in :mod:`riata._validation`, and the fitting is
:func:`riata.fit_path`.
"""

from typing import ClassVar

from sklearn.base import MultiOutputMixin
from sklearn.utils import metadata_routing

from .._path._enet_path import enet_path
from .._validation import check_alpha, check_bool, check_l1_ratio
from ._base import COORDINATE_CHECKS, LinearRegressor, warn_of_no_penalty


class ElasticNet(MultiOutputMixin, LinearRegressor):
    r"""Linear regression with an L1 and an L2 penalty, solved with a certificate.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \frac{1}{2 S} \sum_i s_i (y_i - o_i - b - x_i^\top w)^2
        + \alpha \sum_j v_j \left( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \right),
        \qquad l_j \le w_j \le u_j,

    with the sample weights :math:`s` and their sum :math:`S`, the offset :math:`o`,
    the penalty factors :math:`v` and :math:`\rho` = `l1_ratio`. With the defaults it is
    the problem of :class:`sklearn.linear_model.ElasticNet`, whose parameters,
    attributes and methods this class has; those after `selection` are riata's own.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, >= 0.
    l1_ratio : float, default=0.5
        Share of the L1 penalty, in [0, 1]. 1 is the lasso, 0 ridge regression.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    precompute : bool, "auto" or array-like of shape (n_features, n_features), \
            default=False
        Without effect on the result: the solver decides by itself which Gram matrices
        it needs, and computes them. One that is passed is compared with X.
    max_iter : int, default=1000
        Largest number of outer iterations. One of them solves for a whole working set
        of features, so a few are the rule. None means the default.
    copy_X : bool, default=True
        Accepted and without effect: X is never modified.
    tol : float, default=1e-4
        Tolerance, in scikit-learn's spelling. The fit stops when the duality gap is at
        most ``tol / 100`` times the objective of the model that has an intercept only.
        scikit-learn stops at a gap 200 times as large, so the same `tol` is always at
        least as strict here.
    warm_start : bool, default=False
        Start from the coefficients of the previous fit, if their shape still fits.
    positive : bool, default=False
        Force the coefficients to be >= 0: the same as ``lower=0``.
    random_state : int, RandomState instance or None, default=None
        Accepted and without effect: the solver is deterministic.
    selection : {"cyclic", "random"}, default="cyclic"
        Accepted and without effect: the solver chooses the order of the features.
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
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap, in units of the objective above: no other coefficients have an
        objective lower by more than this.
    relative_gap_ : float or ndarray of shape (n_targets,)
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int or list of int
        Number of outer iterations, per target.
    status_ : Status or list of Status
        How the solver ended, per target: "optimal", or why not.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    Lasso : The L1 penalty alone.
    ElasticNetCV : Chooses `alpha` and `l1_ratio` by cross-validation.
    riata.fit_path : The coefficients for a whole sequence of alphas.

    Notes
    -----
    Several targets are fitted one by one with the same `alpha`; rows of `coef_` belong
    to targets. Several targets do not share their selected features, as they would in
    a multi-task model.

    References
    ----------
    H. Zou and T. Hastie, "Regularization and variable selection via the elastic net",
    Journal of the Royal Statistical Society B 67, 301-320, 2005.

    Examples
    --------
    >>> from riata import ElasticNet
    >>> model = ElasticNet(alpha=0.1).fit([[0, 0], [1, 1], [2, 2]], [0, 1, 2])
    >>> model.coef_.round(4)
    array([0.4458, 0.4458])
    >>> bool(model.relative_gap_ <= 1e-6)
    True
    """

    __module__ = "riata"

    # Like scikit-learn's: not something to be passed around by a meta-estimator.
    __metadata_request__fit: ClassVar = {"check_input": metadata_routing.UNUSED}

    _parameter_checks: ClassVar = {
        "alpha": check_alpha,
        "l1_ratio": check_l1_ratio,
        "warm_start": check_bool,
        **COORDINATE_CHECKS,
    }

    _takes_chunks = True
    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        precompute=False,
        max_iter=1000,
        copy_X=True,
        tol=1e-4,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
        time_limit=None,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
        self.n_threads = n_threads
        self.time_limit = time_limit

    def fit(self, X, y, sample_weight=None, check_input=True, offset=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of any layout and of either kind of sparse format; float32 data are
            fitted as float32.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0 of the samples. Multiplying all of them by a number changes
            nothing. A float means no weights.
        check_input : bool, default=True
            Accepted and without effect: input is always checked.
        offset : array-like of shape (n_samples,) or (n_samples, n_targets), \
                default=None
            Known part of the prediction, added to it and not fitted.

        Returns
        -------
        self : ElasticNet
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the input is invalid. The estimator is left as it was.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If the fit ends before the tolerance is reached.
        UserWarning
            If `alpha` is 0, or `precompute` is the Gram matrix of columns that are not
            centred although there is an intercept.
        """
        check_bool(check_input, "check_input")
        if self.alpha == 0:
            warn_of_no_penalty(stacklevel=2)
        return self._fit_alpha(X, y, sample_weight, offset, multi_output=True)


class Lasso(ElasticNet):
    r"""Linear regression with an L1 penalty (the lasso), solved with a certificate.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \frac{1}{2 S} \sum_i s_i (y_i - o_i - b - x_i^\top w)^2
        + \alpha \sum_j v_j |w_j|,
        \qquad l_j \le w_j \le u_j,

    with the sample weights :math:`s` and their sum :math:`S`, the offset :math:`o` and
    the penalty factors :math:`v`. With the defaults it is the problem of
    :class:`sklearn.linear_model.Lasso`, whose parameters, attributes and methods this
    class has; those after `selection` are riata's own.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, >= 0.
    fit_intercept : bool, default=True
        Whether to fit an (unpenalized) intercept.
    precompute : bool, "auto" or array-like of shape (n_features, n_features), \
            default=False
        Without effect on the result: the solver decides by itself which Gram matrices
        it needs, and computes them. One that is passed is compared with X.
    copy_X : bool, default=True
        Accepted and without effect: X is never modified.
    max_iter : int, default=1000
        Largest number of outer iterations. One of them solves for a whole working set
        of features, so a few are the rule. None means the default.
    tol : float, default=1e-4
        Tolerance, in scikit-learn's spelling. The fit stops when the duality gap is at
        most ``tol / 100`` times the objective of the model that has an intercept only.
        scikit-learn stops at a gap 200 times as large, so the same `tol` is always at
        least as strict here.
    warm_start : bool, default=False
        Start from the coefficients of the previous fit, if their shape still fits.
    positive : bool, default=False
        Force the coefficients to be >= 0: the same as ``lower=0``.
    random_state : int, RandomState instance or None, default=None
        Accepted and without effect: the solver is deterministic.
    selection : {"cyclic", "random"}, default="cyclic"
        Accepted and without effect: the solver chooses the order of the features.
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
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X (float32 or float64).
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0.0 if ``fit_intercept=False``.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        The coefficients as a CSR matrix.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap, in units of the objective above: no other coefficients have an
        objective lower by more than this.
    relative_gap_ : float or ndarray of shape (n_targets,)
        Duality gap divided by the objective of the intercept-only model.
    n_iter_ : int or list of int
        Number of outer iterations, per target.
    status_ : Status or list of Status
        How the solver ended, per target: "optimal", or why not.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Only if X has feature names that are all strings.

    See Also
    --------
    ElasticNet : With an L2 penalty in addition.
    LassoCV : Chooses `alpha` by cross-validation.
    riata.fit_path : The coefficients for a whole sequence of alphas.

    Notes
    -----
    Several targets are fitted one by one with the same `alpha`; rows of `coef_` belong
    to targets. Several targets do not share their selected features, as they would in
    a multi-task model.

    References
    ----------
    R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal of the
    Royal Statistical Society B 58, 267-288, 1996.

    Examples
    --------
    >>> from riata import Lasso
    >>> model = Lasso(alpha=0.1).fit([[0, 0], [1, 2], [2, 3]], [0, 1, 2])
    >>> model.coef_.round(4)
    array([0.    , 0.5786])
    >>> bool(model.relative_gap_ <= 1e-6)
    True
    """

    __module__ = "riata"

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        precompute=False,
        copy_X=True,
        max_iter=1000,
        tol=1e-4,
        warm_start=False,
        positive=False,
        random_state=None,
        selection="cyclic",
        standardize=False,
        penalty_factor=None,
        lower=None,
        upper=None,
        n_threads=None,
        time_limit=None,
    ):
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            max_iter=max_iter,
            copy_X=copy_X,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
            standardize=standardize,
            penalty_factor=penalty_factor,
            lower=lower,
            upper=upper,
            n_threads=n_threads,
            time_limit=time_limit,
        )
