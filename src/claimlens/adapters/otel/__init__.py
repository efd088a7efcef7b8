"""Traces over OpenTelemetry, sent to a collector."""
