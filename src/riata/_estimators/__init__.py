"""Estimators with scikit-learn's interface, each with its cross-validated form."""
