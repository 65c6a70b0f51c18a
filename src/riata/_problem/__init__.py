"""The problem in units in which all numbers are near one: loss, penalty and data."""
