"""Files on disk: pack folders and the cache of compiled packs."""
