"""The steps that make the tables, in `versions/`, oldest first.

Forward only, small, and such that the version of the program that is running goes on working: add before use, drop
after disuse. A step is never changed once it was released. `adapters/sql/migrate.py` runs them.
"""
