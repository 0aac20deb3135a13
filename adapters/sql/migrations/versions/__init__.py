"""A step each, named after its number: `adapters/sql/schema.py` lists them too."""
