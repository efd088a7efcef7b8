"""The store: SQLite and PostgreSQL through one set of tables, SQLAlchemy Core, no ORM."""
