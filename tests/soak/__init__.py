"""`make soak`: a whole installation under load for half an hour while its processes are killed at random.

`python -m tests.soak --kills N` is the older, harder one: server or database killed N times, as fast as they come back.
"""
