"""Protocols of what the use cases need from outside. No code that does anything."""
