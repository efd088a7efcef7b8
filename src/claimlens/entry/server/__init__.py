"""The process that serves: one socket, the API, and the worker beside it where there is no other."""
