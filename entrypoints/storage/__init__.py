"""`mochi-server storage`: what is kept, worked on while no server runs."""
