"""What the machine itself gives: time and randomness."""
