"""The door of the `fruits` command: an interrupt is one line from the first moment on, while all else is imported."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from ops.cli import app  # noqa: PLC0415 - takes a second, in which somebody may interrupt

        app(prog_name="fruits")
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
