"""The web: a resident chat, the documents, an API. Knows no way of finding answers; asks `Assistant.ask`."""
