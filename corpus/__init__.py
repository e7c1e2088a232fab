"""The plan as text: files on disk → canonical text → sections → passages. Knows no vectors, no models, no HTTP."""

# Raised with every change of what the same file becomes (cleaning, folding, splitting): an index built before is refused.
TEXT_VERSION = 4
