"""What it costs to import riata, beside NumPy alone and beside scikit-learn."""


class Import:
    """Seconds in a fresh interpreter, once it has started."""

    def timeraw_import_numpy(self):
        return "import numpy"

    def timeraw_import_riata(self):
        return "import riata"

    def timeraw_import_riata_and_a_path(self):
        return "from riata import fit_path"

    def timeraw_import_sklearn_linear_model(self):
        return "import sklearn.linear_model"
