"""Rule packs: read, lint, compile, verify. Bytes and mappings in, objects out; nothing here touches a disk."""
