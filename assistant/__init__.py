"""The question: understand → retrieve → compose → verify → answer. Knows no HTTP."""
