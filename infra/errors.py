"""The one kind of error that a person who deploys is meant to read."""


class DeploymentError(Exception):
    """Something the person who deploys can mend; each line says what was wrong, the value, and what to do."""
