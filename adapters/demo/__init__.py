"""A language model that is built in: it answers without any model server, the same way each time."""
