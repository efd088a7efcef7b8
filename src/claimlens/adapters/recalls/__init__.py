"""The index of recalls: one SQLite file with full text, replaced whole by each import."""
