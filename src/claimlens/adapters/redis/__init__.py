"""What several processes share through Redis or Valkey, one server or a cluster."""
