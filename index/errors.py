"""What can go wrong with an index or a model; each message says what to run."""


class IndexUnavailableError(Exception):
    """There is no index that can be trusted: none built, damaged, or built with another model or text."""


class ModelError(Exception):
    """The embedding model is missing, damaged, or in a format that is not loaded (only safetensors are)."""
