"""What the command line prints and writes."""

import csv
import io
import os
from pathlib import Path

import numpy as np

from .._path._linear_predictor import has_probabilities
from .._path._model_file import write_file
from .._path._summary import loss_text, summary_of
from .._path._table import Table, lay_out
from ._file_kinds import listed

ROWS = 30  # of a table on the terminal


def predictions(model, X, offset):
    """Columns of predictions: means or labels, and probabilities of classes."""
    predicted = model.predict(X, offset=offset)
    if model.classes is None and predicted.ndim == 2:
        return {f"prediction_{k}": part for k, part in enumerate(predicted.T)}
    columns = {"prediction": predicted}
    if model.classes is not None and has_probabilities(model.loss):
        shares = model.predict_proba(X, offset=offset)
        for label, share in zip(model.classes.tolist(), shares.T, strict=True):
            columns[f"probability_{label}"] = share
    return columns


def report_data(options, samples, arguments):
    """What is fitted to what."""
    print_pairs({
        "data": f"{options.data}: {samples.X.shape[0]} samples, {samples.X.shape[1]} "
        "features",
        "loss": loss_text(arguments["loss"]),
        **({} if samples.classes is None else
           {"classes": listed(samples.classes.tolist())}),
    })


def report_model(path, at, samples, frequency=None):
    """The certificate of one solution, and its coefficients."""
    gap = path.relative_gap[at]
    intercept = np.atleast_1d(path.intercept[..., at])
    print_pairs({
        "alpha": f"{path.alphas[at]:.6g}  (l1_ratio {path.l1_ratio:g})",
        "deviance explained": f"{100 * path.deviance_ratio[at]:.2f} %",
        "relative gap": "none: the loss is not convex" if np.isnan(gap) else f"{gap:.1e}",
        "KKT violation": f"{path.kkt[at]:.1e}",
        "status": str(path.status[at]),
        "non-zero": f"{path.n_active[at]} of {path._n_coefs}",
        "intercept": ", ".join(f"{value:.6g}" for value in intercept),
    })
    table = summary_of(
        path, at, samples.names, frequency, frame="table", classes=samples.classes
    )
    if len(path) == 1:
        table = Table({k: table[k] for k in table.columns if k != "entry_alpha"})
    if len(table):
        print()
        print(table.text(ROWS))


def report_scores(result, choice, rule):
    """What cross-validation found: some of the alphas, and the one chosen."""
    metric = result.metrics[0]
    mean = result.mean_score()[choice.which]
    error = result.standard_error()[choice.which]
    path = result.paths[choice.which]
    n = len(path)
    which = np.unique(np.append(np.linspace(0, n - 1, 10).round().astype(int), choice.at))
    print()
    print(lay_out({
        "alpha": [f"{value:.4g}" for value in path.alphas[which]],
        "df": [str(value) for value in path.n_active[which]],
        metric: [f"{value:.5g}" for value in mean[which]],
        "std. error": [f"{value:.3g}" for value in error[which]],
        "": [f"<- {rule}" if k == choice.at else "" for k in which],
    }, left=("",)))
    print()


def print_pairs(pairs):
    """Names and values, aligned."""
    for name, value in pairs.items():
        print(f"{name:<18}  {value}")


def write_model(options, path, at, samples):
    """Write the model, where a file is named; returns what to say of it afterwards."""
    if not options.model:
        return ""
    from .._path._model_file import save_model

    model = path.at(
        path.alphas[at], feature_names=samples.names, classes=samples.classes
    )
    model.categories = samples.categories
    save_model(model, options.model)
    return f"\nThe model is written to {options.model}"


def path_columns(path, samples):
    """What is known of each alpha, and the coefficients that are not zero somewhere."""
    table = path.to_frame(frame="table")
    columns = {name: table[name] for name in table.columns}
    coefs = path.coef if isinstance(path.coef, list) else [path.coef]
    for k, coef in enumerate(coefs):
        suffix = "" if len(coefs) == 1 else f" ({samples.classes[k]})"
        rows = coef.tocsr()
        for j in np.flatnonzero(np.diff(rows.indptr)):
            name = f"{j if samples.names is None else samples.names[j]}{suffix}"
            while name in columns:
                name = f"coefficient {name}"
            columns[name] = rows[[j]].toarray().ravel()
    return columns


def csv_text(columns):
    """Columns as CSV, numbers to the last bit."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    cells = [np.asarray(values).tolist() for values in columns.values()]
    writer.writerows(zip(*cells, strict=True))
    return out.getvalue()


def write_csv(name, columns):
    """Write columns into a CSV file."""
    write_file(name, csv_text(columns).encode())


# --- Files to write.

OUTPUTS = ("model", "csv", "output", "plot", "picture")
INPUTS = ("data", "file", "coef", "target", "weights", "offset")


def check_writable(options):
    """Find out before anything is fitted whether all can be written and drawn."""
    taken = {
        os.path.realpath(file): file
        for file in (getattr(options, name, None) for name in INPUTS)
        if file and os.path.isfile(file)
    }
    for name in OUTPUTS:
        file = getattr(options, name, None)
        if not file or (name == "output" and file == "-"):
            continue
        folder = Path(file).parent
        if not folder.is_dir():
            raise ValueError(f"--{name} {file}: there is no folder {folder}.")
        if Path(file).is_dir():
            raise ValueError(f"--{name} {file} is a folder; give the name of a file.")
        place = file if Path(file).exists() and not Path(file).is_file() else folder
        if not os.access(place, os.W_OK):
            raise ValueError(f"--{name} {file}: writing to {place} is not permitted.")
        real = os.path.realpath(file)
        if real in taken and Path(place).is_dir():
            raise ValueError(
                f"--{name} {file} would replace {taken[real]}; give another name."
            )
        taken[real] = file
    if getattr(options, "plot", None):
        check_picture(options.plot)


def check_picture(file, option="--plot"):
    """Draw something empty, to find out whether there is matplotlib, and such a format."""
    try:
        import matplotlib
    except ImportError:
        raise ImportError(
            f"{option} needs matplotlib; install it with pip install 'riata[plot]'."
        ) from None
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    try:
        Figure().savefig(io.BytesIO(), format=picture_format(file))
    except Exception as error:
        raise ValueError(
            f"{option} {file}: matplotlib cannot draw such a file "
            f"({' '.join(str(error).split())}); choose .png, .pdf or .svg."
        ) from error


def picture_format(file):
    """The format that a file's name asks for, PNG if it has no extension."""
    return Path(file).suffix.lower().lstrip(".") or "png"


def check_drawable(options, loss):
    """Raise where there is no picture of such a path."""
    if options.plot and loss.many_outputs:
        raise ValueError(
            "--plot draws paths of one set of coefficients, not of several classes; use "
            "--csv of riata path for the numbers."
        )


def draw(options, result, **arguments):
    """Draw a path or a cross-validation, where a file is named; returns what to say."""
    if not options.plot:
        return ""
    ax, picture = np.ravel(result.plot(**arguments))[0], io.BytesIO()
    ax.figure.savefig(picture, dpi=150, format=picture_format(options.plot))
    write_file(options.plot, picture.getvalue())
    return f"The picture is drawn in {options.plot}"
