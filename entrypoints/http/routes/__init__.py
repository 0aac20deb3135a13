"""The operations of the API, a file for each noun. Each exports its `OPERATIONS`."""
