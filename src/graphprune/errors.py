"""The one error a user is meant to read."""


class UserError(ValueError):
    """Bad input: names the key or file, what was found, what was expected and how to mend it."""
