"""What is done by hand now and then, and is no part of the server."""
