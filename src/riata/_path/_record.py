"""Solutions as a solver yields them, collected into a result in the user's units."""

from time import monotonic
from typing import NamedTuple

import numpy as np

from .._core.certificate import in_user_units
from .._design._products import product
from ..losses._base import CERTAIN
from ._result import PathResult
from ._result_multinomial import MultinomialPathResult
from ._result_outputs import MultiOutputPathResult


class Step(NamedTuple):
    """What a `callback` receives after each alpha."""

    index: int
    alpha: float
    n_active: int
    relative_gap: float
    deviance_ratio: float
    seconds: float


class Record:
    """Collects solutions, and converts them to the user's units."""

    kind = PathResult  # class of the result

    def __init__(self, problem, l1_ratio, alpha_max, started):
        self.problem = problem
        self.l1_ratio, self.alpha_max, self.started = l1_ratio, alpha_max, started
        self.parts = []
        # of each alpha
        self.seconds, self.n_iter, self.status, self.engine = [], [], [], []

    def add(self, solutions):
        """Keep solutions, with the time of their arrival."""
        count = len(solutions.alphas)
        self.parts.append(solutions)
        self.seconds += [monotonic() - self.started] * count
        self.n_iter += [solutions.n_iter] * count
        self.status += [solutions.status] * count
        self.engine += solutions.engine

    def last_steps(self):
        """Yield a `Step` for each of the solutions that came last."""
        last, null = self.parts[-1], self.problem.null_objective
        first = len(self.seconds) - len(last.alphas)
        facts = zip(
            last.alphas.tolist(), last.n_active.tolist(), last.gap.tolist(),
            last.loss.tolist(), strict=True,
        )
        for index, (alpha, n_active, gap, loss) in enumerate(facts, first):
            yield Step(
                index, alpha, n_active, gap / null if null > 0 else gap,
                1.0 - 0.5 * loss / null if null > 0 else 0.0, self.seconds[index],
            )

    def end_at(self, step):
        """Forget the solutions after one of the last."""
        last = self.parts[-1]
        size = step.index + 1
        keep = size - (len(self.seconds) - len(last.alphas))
        n_active = last.n_active[:keep]
        count = n_active.sum()
        self.parts[-1] = last._replace(
            alphas=last.alphas[:keep], n_active=n_active, columns=last.columns[:count],
            w=last.w[:count], gap=last.gap[:keep], kkt=last.kkt[:keep],
            loss=last.loss[:keep], penalty=last.penalty[:keep],
            constant=last.constant[:keep],
        )
        for facts in (self.seconds, self.n_iter, self.status, self.engine):
            del facts[size:]

    def result(self, loss, end, work, tol):
        """The path as collected so far."""
        problem, design = self.problem, self.problem.design
        *arrays, _, _, _ = zip(*self.parts, strict=True)
        alphas, columns, w, n_active, gap, kkt, squares, penalty, constant = (
            part[0] if len(part) == 1 else np.concatenate(part) for part in arrays
        )
        work.engine = self.engine
        null = problem.null_objective
        coef_unit, mean = self._units()
        coef, shift, dual_gap, relative_gap, objective, deviance_ratio = in_user_units(
            columns, w, n_active, coef_unit, mean, gap, squares, penalty,
            design.n_samples, problem.unit, null,
        )
        coef = self._within_bounds(columns, coef)
        intercept = self._intercepts(constant, shift, columns, coef, n_active)
        self._check_finite(columns, coef, intercept)
        if not problem.has_gap:  # gaps are no bounds then
            dual_gap, relative_gap = np.full((2, len(gap)), np.nan)
        return self.kind(
            alphas=alphas,
            _columns=columns,
            _values=coef,
            intercept=intercept,
            _loss=loss,
            _options=problem.options,
            _column_scales=problem.column_scales,
            dual_gap=dual_gap,
            relative_gap=relative_gap,
            kkt=kkt,
            objective=objective,
            deviance_ratio=deviance_ratio,
            n_active=n_active,
            n_iter=np.array(self.n_iter),
            seconds=np.array(self.seconds),
            status=self.status,
            tol=tol,
            end=end,
            passes=work.passes,
            diagnostics=work,
            null_objective=problem.objective_unit(null),
            alpha_max=self.alpha_max,
            l1_ratio=self.l1_ratio,
            loss=loss.name,
            n_samples=design.n_samples,
            n_features_in=design.n_features,
            fit_intercept=problem.fit_intercept,
        )

    def _check_finite(self, columns, coef, intercept):
        """Refuse coefficients that overflow in the user's units."""
        bad = np.flatnonzero(~np.isfinite(coef))
        if len(bad) or not np.isfinite(intercept).all():
            which = "the intercept is"
            if len(bad):
                which = f"coefficient {self._feature_of(columns[bad[0]])} is"
            raise ValueError(
                f"{which} beyond the range of double precision; rescale X or y."
            )

    def _units(self):
        """Units of the coefficients, and means of their columns."""
        return self.problem.coef_unit, self.problem.design.mean

    def _intercepts(self, constant, shift, columns, coef, n_active):
        """Intercepts from those of the centred columns."""
        return self.problem.center + constant - shift

    def _feature_of(self, columns):
        """Features of the numbers of coefficients."""
        return columns

    def _within_bounds(self, columns, coef):
        """Coefficients that the change of units has not rounded beyond their bounds."""
        options = self.problem.options
        for bound, nearer in ((options.lower, np.maximum), (options.upper, np.minimum)):
            if bound is not None:
                bound = np.broadcast_to(bound, self.problem.design.n_features)
                coef = nearer(coef, bound[self._feature_of(columns)])
        return coef


class OutputsRecord(Record):
    """`Record` of solutions whose coefficients are numbered
    ``column * n_outputs + output``."""

    kind = MultiOutputPathResult

    def _units(self):
        count = self.problem.n_outputs
        unit = np.repeat(self.problem.coef_unit, count)
        return unit, np.zeros_like(unit)

    def _intercepts(self, constant, shift, columns, coef, n_active):
        count = self.problem.n_outputs
        which = np.repeat(np.arange(len(n_active)), n_active)
        feature, label = np.divmod(columns, count)
        part = self.problem.design.mean[feature] * coef
        shift = np.bincount(which * count + label, part, len(n_active) * count)
        return (self.problem.center + constant - shift.reshape(-1, count)).T

    def _feature_of(self, columns):
        return columns // self.problem.n_outputs


class MultinomialRecord(OutputsRecord):
    """The same for the classes of a multinomial model."""

    kind = MultinomialPathResult

    def result(self, loss, end, work, tol):
        """The path as collected so far, with all classes."""
        path, problem = super().result(loss, end, work, tol), self.problem
        datafit = problem.datafit
        if problem.n_outputs == datafit.n_labels:
            return path
        feature, label = np.divmod(path._columns, problem.n_outputs)
        return path._with(
            _columns=feature * datafit.n_labels + datafit.classes[label],
            intercept=self._all_intercepts(path.intercept),
        )

    def _all_intercepts(self, known):
        """Intercepts of all classes (of sum zero), given those of the classes with weight.

        A class without weight has the limit minus infinity. It is given an intercept that
        leaves it a probability below rounding for every sample of positive weight.
        """
        problem, datafit = self.problem, self.problem.datafit
        absent = np.setdiff1d(np.arange(datafit.n_labels), datafit.classes)
        counted = slice(None) if problem.weights is None else problem.weights > 0
        offset = datafit.label_offset
        own = offset[:, datafit.classes] if offset.shape[1] > 1 else offset
        other = (offset[:, absent] if offset.shape[1] > 1 else offset)[counted]
        least = []
        for constant, predictor in self._fitted():
            eta = (own + problem.center + constant + predictor)[counted]
            top = eta.max(axis=1, keepdims=True)
            top = top + np.log(np.exp(eta - top).sum(axis=1, keepdims=True))
            least.append((top - other).min(axis=0) - CERTAIN)
        found = np.empty((datafit.n_labels, len(least)))
        found[datafit.classes], found[absent] = known, np.transpose(least)
        return found - found.mean(axis=0)

    def _fitted(self):
        """Yield, of each solution, the constants and ``X~ w`` (n_samples, n_classes)."""
        problem, count = self.problem, self.problem.n_outputs
        for part in self.parts:
            ends = np.cumsum(part.n_active)[:-1]
            columns, values = np.split(part.columns, ends), np.split(part.w, ends)
            for k in range(len(part.alphas)):
                used, at = np.unique(columns[k] // count, return_inverse=True)
                B = np.zeros((len(used), count))
                B[at, columns[k] % count] = problem.eta_unit * values[k]
                yield part.constant[k], product(problem.design, used, B)
