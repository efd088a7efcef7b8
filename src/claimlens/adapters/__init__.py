"""The ports made real: one folder or module for each kind of outside, none knows another."""
