"""Settings of the process that are chosen while it runs."""

import os


class Choice:
    """One of some values: at the start what a variable of the environment says.

    Parameters
    ----------
    name
        For messages.
    variable
        Of the environment.
    accepted
        Its values, the default first.
    """

    def __init__(self, name: str, variable: str, accepted: tuple[str, ...]) -> None:
        self._name, self._accepted = name, accepted
        self.value = accepted[0]
        self.choose(os.environ.get(variable, accepted[0]))

    def choose(self, value: str) -> None:
        """Choose another value.

        Raises
        ------
        ValueError
            If it is none of those accepted.
        """
        if value not in self._accepted:
            raise ValueError(f"{self._name} {value!r}: accepted: {', '.join(self._accepted)}")
        self.value = value
