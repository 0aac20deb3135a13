"""`mochi-server storage`: what is kept, copied, checked and upgraded, while no server runs."""
