"""Poisson, Gamma and Tweedie regression with scikit-learn's parameters and meaning.

Replacing the import is the whole migration; the parameters after `verbose` are riata's
own. All of them are the fit of :mod:`riata._estimators._glm` with another loss.
"""

from typing import ClassVar

from .._validation import check_real
from ..losses import Gamma, Poisson, Tweedie
from ._base import GradientTolerance
from ._glm import GeneralizedLinearModel
from ._parameters import one_of


class SklearnGLM(GradientTolerance, GeneralizedLinearModel):
    """Parameters of the estimators that scikit-learn has, too.

    Parameters
    ----------
    solver : {"lbfgs", "newton-cholesky"}
        Accepted and without effect: riata has one solver, which chooses its means.
    """

    _takes_chunks = True
    _checks: ClassVar = {"solver": one_of("lbfgs", "newton-cholesky")}
    def __init__(
        self, *, alpha=1.0, fit_intercept=True, solver="lbfgs", max_iter=100, tol=1e-4,
        warm_start=False, verbose=0, l1_ratio=0.0, standardize=False,
        penalty_factor=None, lower=None, upper=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())


class PoissonRegressor(SklearnGLM):
    r"""Poisson regression with an L2 and an L1 penalty, and a certificate.

    {objective}

    where :math:`\ell` is half the unit deviance of Poisson's distribution, with the
    logarithm as link.
    :math:`s` are the sample weights and :math:`S` their sum, :math:`o` is the offset,
    :math:`v` are the penalty factors and :math:`\rho` = `l1_ratio`. With the defaults
    it is the problem of :class:`sklearn.linear_model.PoissonRegressor`, whose
    parameters, attributes and methods this class has; those after `verbose` are riata's
    own.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, loss_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

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

    {objective}

    where :math:`\ell` is half the unit deviance of the gamma distribution, with the
    logarithm as link.
    :math:`s` are the sample weights and :math:`S` their sum, :math:`o` is the offset,
    :math:`v` are the penalty factors and :math:`\rho` = `l1_ratio`. With the defaults
    it is the problem of :class:`sklearn.linear_model.GammaRegressor`, whose
    parameters, attributes and methods this class has; those after `verbose` are riata's
    own.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, loss_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

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

    {objective}

    where :math:`\ell` is half the unit deviance of Tweedie's distribution of the given
    power. :math:`s` are the sample weights and :math:`S` their sum, :math:`o` is the
    offset, :math:`v` are the penalty factors and :math:`\rho` = `l1_ratio`. With the
    defaults it is the problem of :class:`sklearn.linear_model.TweedieRegressor`, whose
    parameters, attributes and methods this class has; those after `verbose` are riata's
    own.

    Parameters
    ----------
    power : float
        The variance is the mean to this power: 0 is the normal distribution, 1
        Poisson's, 2 the gamma distribution, 3 the inverse Gaussian; up to 0 targets may
        be negative, between 0 and 2 zero, from 2 on they are positive. Unless it is from
        1 to 2, and with the log link, the loss is not convex (but for power 0 with the
        identity): such a fit has no duality gap, and stops by the gradient.
    link : {"auto", "identity", "log"}
        "auto" is the identity for powers up to 0, and else the logarithm. With the
        identity and another power than 0 the linear predictor has to be positive on all
        samples, which takes an intercept (or a positive `offset`).

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, loss_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

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

    _checks: ClassVar = {
        "power": check_real,
        "link": one_of("auto", "identity", "log"),
    }

    def __init__(
        self, *, power=0.0, alpha=1.0, fit_intercept=True, link="auto", solver="lbfgs",
        max_iter=100, tol=1e-4, warm_start=False, verbose=0, l1_ratio=0.0,
        standardize=False, penalty_factor=None, lower=None, upper=None, n_threads=None,
        time_limit=None,
    ):
        self._keep_parameters(locals())

    def _get_loss(self):
        return Tweedie(self.power, self.link)
