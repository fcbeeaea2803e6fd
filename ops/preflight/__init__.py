"""What would make a deployment fail after minutes, looked at in seconds."""
