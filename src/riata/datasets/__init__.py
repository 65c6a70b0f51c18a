"""Data sets for examples, tests and benchmarks."""

from ._generators import (
    PlantedProblem,
    Spectra,
    load_spectra,
    make_correlated_data,
    make_planted_problem,
    make_sparse_data,
)

__all__ = [
    "PlantedProblem",
    "Spectra",
    "load_spectra",
    "make_correlated_data",
    "make_planted_problem",
    "make_sparse_data",
]
