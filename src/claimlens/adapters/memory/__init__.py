"""What one process can do by itself where no Redis is configured, or while it is out."""
