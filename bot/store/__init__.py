"""The database: SQLAlchemy Core over SQLite or PostgreSQL."""
