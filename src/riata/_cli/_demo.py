"""The demo: what riata does, on real spectra, in a few seconds."""

import platform
import warnings
from time import perf_counter

import numpy as np

import riata

from .._path._linear_predictor import installed_version

TARGET = 1e-6  # the relative gap that both packages must reach
LADDER = (1e-4, 1e-5, 1e-6, 4e-7, 1e-7, 1e-8)  # scikit-learn's tol, from its default
BUDGET = 10.0  # seconds for scikit-learn's attempts
PICTURE = "lasso_path.png"


def demo(picture):
    """Tell the story of one data set; draws the path into the file `picture`."""
    data = Meat()
    print(f"riata {installed_version()}, NumPy {np.__version__}, "
          f"Python {platform.python_version()}")
    title("The task: fat content of meat from near-infrared spectra")
    data.describe()
    title("1. One call fits the lasso path")
    path, seconds = fit(data)
    title("2. Every solution is certified")
    certify(data, path)
    title("3. Cross-validation chooses the strength of the penalty")
    model = choose(data)
    title("4. The same path with scikit-learn, at equal accuracy")
    race(data, path, seconds)
    print()
    draw(data, path, model.alpha_, picture)


class Meat:
    """The spectra, each scaled to mean 0 and standard deviation 1, in two parts.

    The scaling (the "standard normal variate" of chemometrics) takes out how much light
    the sample scatters. Samples that occur in the test part are not trained on.
    """

    def __init__(self):
        spectra = riata.datasets.load_spectra()
        X = spectra.X - spectra.X.mean(axis=1, keepdims=True)
        X /= X.std(axis=1, keepdims=True)
        test = spectra.is_test
        seen = (spectra.X[:, None] == spectra.X[test]).all(axis=2).any(axis=1)
        self.names = [f"{nm:.0f} nm" for nm in spectra.wavelengths]
        self.X, self.y = np.asfortranarray(X[~seen]), spectra.y[~seen]
        self.X_test, self.y_test = X[test], spectra.y[test]

    def describe(self):
        """Print sizes and how strongly the columns are correlated."""
        neighbours = [
            np.corrcoef(self.X[:, j], self.X[:, j + 1])[0, 1]
            for j in range(self.X.shape[1] - 1)
        ]
        say(f"{len(self.y)} samples to train on, {len(self.y_test)} to test on; "
            f"fat from {self.y.min():.1f} to {self.y.max():.1f} percent.")
        say(f"{self.X.shape[1]} absorbances between {self.names[0]} and "
            f"{self.names[-1]}; neighbours are correlated,")
        say(f"by {np.median(neighbours):.4f} in the median. "
            "(Tecator Infratec, Borggaard & Thodberg 1992.)")


def fit(data):
    """Fit and print the path; returns it with the seconds of the best of 5 runs."""
    seconds = []
    for _ in range(5):
        started = perf_counter()
        path = riata.fit_path(data.X, data.y)
        seconds.append(perf_counter() - started)
    say("path = riata.fit_path(X, y)")
    print()
    say(f"{len(path)} alphas in {1e3 * min(seconds):.1f} ms, "
        f"{path.passes:.0f} passes over X.")
    print()
    residual = path.predict(data.X_test) - data.y_test[:, None]
    r2_test = 1.0 - (residual**2).mean(axis=0) / data.y_test.var()
    say("    alpha  wavelengths  R2 train  R2 test  relative gap  KKT violation")
    for k in np.linspace(0, len(path) - 1, 8).round().astype(int):
        say(f"{path.alphas[k]:9.5f}  {path.n_active[k]:11d}  "
            f"{path.deviance_ratio[k]:8.3f}  {r2_test[k]:7.3f}  "
            f"{path.relative_gap[k]:12.1e}  {path.kkt[k]:13.1e}")
    return path, min(seconds)


def certify(data, path):
    """Audit all solutions once more, from the coefficients alone."""
    audit = [
        riata.check_solution(
            data.X, data.y, path.coef[:, [k]].toarray().ravel(), path.intercept[k],
            alpha=path.alphas[k],
        )
        for k in range(len(path))
    ]
    worst = max(certificate.relative_gap for certificate in audit)
    say(f"Largest relative duality gap: {path.relative_gap.max():.1e} "
        f"(asked for: {TARGET:.0e}).")
    say(f"riata.check_solution, from the coefficients alone, finds {worst:.1e}.")
    say("No coefficients at all have an objective that is lower by more than the gap.")


def choose(data):
    """Cross-validate; returns the fitted LassoCV."""
    model = riata.LassoCV(cv=10)
    started = perf_counter()
    model.fit(data.X, data.y)
    seconds = perf_counter() - started
    chosen = np.flatnonzero(model.coef_)
    say("model = riata.LassoCV(cv=10).fit(X, y)")
    print()
    say(f"10 folds x {len(model.alphas_)} alphas in {seconds:.2f} s choose "
        f"alpha = {model.alpha_:.3g} and {len(chosen)} of "
        f"{len(model.coef_)} wavelengths:")
    print()
    longest = np.abs(model.coef_).max()
    for j in chosen:
        value = model.coef_[j]
        bar = ("+" if value > 0 else "-") * round(30 * abs(value) / longest)
        say(f"{data.names[j]:>8}  {value:9.2f}  {bar}")
    print()
    error = np.sqrt(np.mean((model.predict(data.X_test) - data.y_test) ** 2))
    say(f"On the {len(data.y_test)} samples kept aside: "
        f"R2 = {model.score(data.X_test, data.y_test):.3f}, "
        f"typical error {error:.1f} percent of fat.")
    return model


def race(data, path, seconds):
    """Time scikit-learn at ever smaller tol until its worst gap is small enough."""
    import sklearn

    say("package            tol    seconds  worst gap  wavelengths at the last alpha")
    row("riata", TARGET, seconds, path.relative_gap.max(), path.n_active[-1])
    spent, last, gap = 0.0, 0.0, np.inf
    for tol in LADDER:
        if spent + 4 * last > BUDGET:
            print()
            say(f"scikit-learn {sklearn.__version__} was stopped at a gap of {gap:.0e} "
                f"after {spent:.1f} s.")
            return
        last, gap, n_active = run_scikit_learn(data, path.alphas, tol)
        spent += last
        row("scikit-learn", tol, last, gap, n_active)
        if gap <= TARGET:
            break
    print()
    if gap <= TARGET:
        say(f"For a gap of {TARGET:.0e} everywhere, scikit-learn {sklearn.__version__} "
            f"takes {last / seconds:.0f} times as long.")
    else:
        say(f"scikit-learn {sklearn.__version__} does not reach a gap of {TARGET:.0e}.")


def run_scikit_learn(data, alphas, tol):
    """Seconds, worst relative gap and last number of columns of its lasso path."""
    from sklearn.linear_model import lasso_path

    X_mean, y_mean = data.X.mean(axis=0), data.y.mean()  # it fits no intercept
    X, y = np.asfortranarray(data.X - X_mean), data.y - y_mean
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the gap says it better
        started = perf_counter()
        _, coefs, _ = lasso_path(X, y, alphas=alphas, tol=tol, max_iter=10**7)
        seconds = perf_counter() - started
    gap = max(
        riata.check_solution(
            data.X, data.y, coef, y_mean - X_mean @ coef, alpha=alpha
        ).relative_gap
        for alpha, coef in zip(alphas, coefs.T, strict=True)
    )
    return seconds, gap, np.count_nonzero(coefs[:, -1])


def draw(data, path, alpha, picture):
    """Draw the path, where matplotlib is installed."""
    try:
        import matplotlib
    except ImportError:
        say("For a picture of the path: pip install matplotlib")
        return
    matplotlib.use("Agg")
    ax = path.plot(feature_names=data.names, alpha=alpha)
    ax.set_title("Lasso path: fat content from near-infrared spectra")
    ax.figure.savefig(picture, dpi=150)
    say(f"The path is drawn in {picture}")


def title(text):
    """Print a heading."""
    print(f"\n{text}\n{'-' * len(text)}")


def say(text):
    """Print one indented line."""
    print("  " + text)


def row(package, tol, seconds, gap, n_active):
    """Print one line of the race."""
    say(f"{package:<14} {tol:7.0e}  {seconds:9.4f}  {gap:9.1e}  {n_active:6d}")

