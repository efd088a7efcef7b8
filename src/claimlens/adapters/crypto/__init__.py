"""What `cryptography` does for us: keyed digests, sealed secrets, password hashes."""
