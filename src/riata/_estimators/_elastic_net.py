"""Lasso and ElasticNet.

The classes have scikit-learn's parameters with scikit-learn's meaning, so that replacing
the import is the whole migration. Parameters are checked in
:mod:`riata._estimators._parameters` and input in :mod:`riata._validation`; the fit is that
of :func:`riata.fit_path`.
"""

from typing import ClassVar

from sklearn.utils import metadata_routing

from .._path._enet_path import enet_path
from .._validation import check_bool
from ._base import LinearRegressor, SeveralTargets, warn_of_no_penalty


class ElasticNet(SeveralTargets, LinearRegressor):
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
    tol : float
        Tolerance, in scikit-learn's spelling. The fit stops when the duality gap is at
        most ``tol / 100`` times the objective of the model that has an intercept only.
        scikit-learn stops at a gap 200 times as large, so the same `tol` is always at
        least as strict here.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

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

    _takes_chunks = True
    path = staticmethod(enet_path)

    def __init__(
        self, alpha=1.0, *, l1_ratio=0.5, fit_intercept=True, precompute=False,
        max_iter=1000, copy_X=True, tol=1e-4, warm_start=False, positive=False,
        random_state=None, selection="cyclic", standardize=False, penalty_factor=None,
        lower=None, upper=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())

    def fit(self, X, y, sample_weight=None, check_input=True, offset=None):
        """Fit the model.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        check_input : bool
            Accepted and without effect: input is always checked.
        offset : array-like of shape (n_samples,) or (n_samples, n_targets)
            Known part of the prediction, added to it and not fitted.

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

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

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

    l1_ratio = 1.0  # not a parameter

    def __init__(
        self, alpha=1.0, *, fit_intercept=True, precompute=False, copy_X=True,
        max_iter=1000, tol=1e-4, warm_start=False, positive=False, random_state=None,
        selection="cyclic", standardize=False, penalty_factor=None, lower=None,
        upper=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())
