"""GroupLasso and SparseGroupLasso, and their cross-validated forms."""

from typing import ClassVar

from ..penalties import Group, SparseGroup
from ._base import GapTolerance, LinearRegressor
from ._cv_base import OneRatio
from ._elastic_net_cv import SquaredPathCV
from ._parameters import check_unit_share, checked_with_data


class Grouped(GapTolerance):
    """What the penalties on groups share.

    Parameters
    ----------
    groups : array-like of shape (n_features,)
        The group of each feature: numbers or names, in any order. None puts each feature
        in a group of its own, which is the lasso.
    weights : "sqrt", float, mapping, or array-like of shape (n_groups,)
        Weights :math:`v` of the groups: the square roots of their sizes; one number for
        all; one for each group, in the sorted order of their labels; or a mapping from
        labels to numbers. 0 leaves a group unpenalized, inf excludes it.
    tol : float
        The fit stops when the duality gap is at most `tol` times the objective of the
        model that has an intercept only.

    Attributes
    ----------
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error on the test rows of each fold.
    """

    _checks: ClassVar = {"groups": checked_with_data, "weights": checked_with_data}

    l1_ratio = 1.0
    penalty_factor = lower = upper = None

    def _path_options(self):
        penalty = None if self.groups is None else self._penalty()
        return {**super()._path_options(), "penalty": penalty}

    def _penalty(self):
        return Group(self.groups, self.weights)


class SparseGrouped(Grouped):
    """The sparse-group penalty.

    Parameters
    ----------
    l1_share : float
        Share :math:`s` of the absolute values, in [0, 1]: 0 is the group lasso, 1 the
        lasso.
    """

    _checks: ClassVar = {"l1_share": check_unit_share}

    def _penalty(self):
        return SparseGroup(self.groups, self.weights, l1_share=self.l1_share)


class GroupLasso(Grouped, LinearRegressor):
    r"""Linear regression with a penalty on the norms of groups of coefficients.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \frac{1}{2 S} \sum_i s_i (y_i - o_i - b - x_i^\top w)^2
        + \alpha \sum_g v_g \|w_g\|_2,

    with the sample weights :math:`s` and their sum :math:`S`, the offset :math:`o`, the
    coefficients :math:`w_g` of group g and its weight :math:`v_g`. The features of a
    group are selected together or not at all. For other losses, and with an L2 penalty,
    use :class:`riata.GeneralizedLinearRegressor` with
    ``penalty=riata.penalties.Group(...)``.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

    See Also
    --------
    GroupLassoCV : Chooses `alpha` by cross-validation.
    SparseGroupLasso : Selects features within the groups, too.
    riata.penalties.Group : The penalty, for any loss.

    References
    ----------
    M. Yuan and Y. Lin, "Model selection and estimation in regression with grouped
    variables", Journal of the Royal Statistical Society B 68, 49-67, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import GroupLasso
    >>> X = np.random.default_rng(0).standard_normal((50, 6))
    >>> y = X[:, 0] - X[:, 1]
    >>> model = GroupLasso(["a", "a", "a", "b", "b", "b"], alpha=0.5).fit(X, y)
    >>> (model.coef_ != 0.0).tolist()
    [True, True, True, False, False, False]
    """

    __module__ = "riata"

    def __init__(
        self, groups=None, *, alpha=1.0, weights="sqrt", fit_intercept=True, max_iter=1000,
        tol=1e-6, warm_start=False, standardize=False, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Target.
        """
        return self._fit_alpha(X, y, sample_weight, offset)


class SparseGroupLasso(SparseGrouped, GroupLasso):
    r"""Linear regression that selects groups of features, and features within them.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \frac{1}{2 S} \sum_i s_i (y_i - o_i - b - x_i^\top w)^2
        + \alpha \Big( (1 - s) \sum_g v_g \|w_g\|_2 + s \|w\|_1 \Big),

    with the sample weights :math:`s_i` and their sum :math:`S`, the offset :math:`o`,
    the coefficients :math:`w_g` of group g, its weight :math:`v_g`, and :math:`s` =
    `l1_share`.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

    See Also
    --------
    SparseGroupLassoCV : Chooses `alpha` by cross-validation.
    riata.penalties.SparseGroup : The penalty, for any loss.

    References
    ----------
    N. Simon, J. Friedman, T. Hastie and R. Tibshirani, "A sparse-group lasso", Journal of
    Computational and Graphical Statistics 22, 231-245, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import SparseGroupLasso
    >>> X = np.random.default_rng(0).standard_normal((50, 6))
    >>> y = X[:, 0] - X[:, 1]
    >>> model = SparseGroupLasso([0, 0, 0, 1, 1, 1], alpha=0.3, l1_share=0.5).fit(X, y)
    >>> (model.coef_ != 0.0).tolist()
    [True, True, False, False, False, False]
    """

    __module__ = "riata"

    def __init__(
        self, groups=None, *, alpha=1.0, l1_share=0.05, weights="sqrt", fit_intercept=True,
        max_iter=1000, tol=1e-6, warm_start=False, standardize=False, n_threads=None,
        time_limit=None,
    ):
        self._keep_parameters(locals())


class GroupLassoCV(Grouped, OneRatio, SquaredPathCV):
    """Group lasso whose `alpha` is chosen by cross-validation along a path.

    See :class:`riata.GroupLasso` for the problem that is solved.

    Attributes
    ----------
    alpha_, l1_ratio_, alphas_, mse_path_, cv_result_, path_, coef_path_
    intercept_path_, coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_
    n_iter_, status_, n_features_in_, feature_names_in_

    See Also
    --------
    GroupLasso : For a given alpha.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import GroupLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 6))
    >>> y = X[:, 0] - X[:, 1] + 0.1 * rng.standard_normal(60)
    >>> model = GroupLassoCV([0, 0, 1, 1, 2, 2], alphas=20, select="1se").fit(X, y)
    >>> (model.coef_ != 0.0).tolist()
    [True, True, False, False, False, False]
    """

    __module__ = "riata"

    def __init__(
        self, groups=None, *, weights="sqrt", eps=1e-3, alphas=100, cv=None, scoring=None,
        fit_intercept=True, max_iter=1000, tol=1e-6, verbose=0, n_jobs=None,
        standardize=False, select="min", n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())


class SparseGroupLassoCV(SparseGrouped, OneRatio, SquaredPathCV):
    """Sparse-group lasso whose `alpha` is chosen by cross-validation along a path.

    See :class:`riata.SparseGroupLasso` for the problem that is solved.

    Attributes
    ----------
    alpha_, l1_ratio_, alphas_, mse_path_, cv_result_, path_, coef_path_
    intercept_path_, coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_
    n_iter_, status_, n_features_in_, feature_names_in_

    See Also
    --------
    SparseGroupLasso : For a given alpha.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import SparseGroupLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 6))
    >>> y = X[:, 0] - X[:, 1] + 0.1 * rng.standard_normal(60)
    >>> model = SparseGroupLassoCV([0, 0, 0, 1, 1, 1], alphas=20, select="1se").fit(X, y)
    >>> (model.coef_[3:] != 0.0).any()
    np.False_
    """

    __module__ = "riata"

    def __init__(
        self, groups=None, *, l1_share=0.05, weights="sqrt", eps=1e-3, alphas=100, cv=None,
        scoring=None, fit_intercept=True, max_iter=1000, tol=1e-6, verbose=0, n_jobs=None,
        standardize=False, select="min", n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())
