"""What the web keeps: one SQLite file under var/. Knows no HTTP; the chat works without it."""
