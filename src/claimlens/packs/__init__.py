"""Pack code: read, lint, compile, verify and select rule packs. Bytes in, objects out."""
