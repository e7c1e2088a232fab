"""The one error that reading a document can raise; its message names the file and says what to do."""


class DocumentError(Exception):
    """A document or its metadata cannot be used. The message is for the operator who put the file there."""
