"""Sessions and runs in a database: SQLite in a file, or PostgreSQL, by the same statements (ADR 0015).

Imported only where a database is chosen: SQLAlchemy costs a third of a second and 17 MiB.
"""
