"""What the server does, as traces of OpenTelemetry. Nothing of its libraries is imported before it is wanted."""
