"""What the server does, counted for Prometheus."""
