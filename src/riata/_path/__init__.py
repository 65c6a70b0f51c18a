"""Regularisation paths: `fit_path`, its results, tables, model files and audits."""
