"""How the shipped reader was trained: from examples to weights. Run by `python -m evals.reader`; the server needs none."""
