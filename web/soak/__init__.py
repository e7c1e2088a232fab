"""`python -m web.soak`: what takes too long for the tests: load, overload, kills, exchanged indices, hostile requests."""
