"""Where cells run: processes on this machine, or a Ray cluster."""
