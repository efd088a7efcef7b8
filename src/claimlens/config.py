"""One typed settings object."""
