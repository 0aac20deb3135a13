"""How the server reaches the world: one folder for each way, strangers to each other."""
