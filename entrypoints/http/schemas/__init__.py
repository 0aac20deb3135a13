"""What goes in and comes out as JSON. Requests are validated by these models; answers are only described by them,
as writing ten thousand messages must not cost ten thousand validations."""
