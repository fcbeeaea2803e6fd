"""The benchmark: each row is a measurement that can be run alone; `make bench` runs them one after the other."""
