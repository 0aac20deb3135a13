"""What the server costs and bears, measured. `benchmarks/README.md` says how."""
