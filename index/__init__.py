"""Passages → searchable: embeddings, FAISS, BM25; build, save, verify, load. Knows no answers and no HTTP."""
