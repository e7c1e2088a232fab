"""The counter: staff look something up while a person waits."""
