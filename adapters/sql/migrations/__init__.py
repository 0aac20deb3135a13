"""What Alembic runs to make the tables those of this program."""
