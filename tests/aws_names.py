"""S3 under its real host names, as a laptop behind a company's proxy has it: no variable names an endpoint."""

import os
from pathlib import Path

import pytest

from rehearsal.network.proxy import NameProxy

_SET_BY_TESTS_ALONE = ("AWS_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_")


class NamedAws:
    """An environment in which AWS's names lead to a server of this machine; each test adds how it is known there.

    Parameters
    ----------
    monkeypatch
        Takes everything back after the test.
    proxy
        Leads to the server.
    authority
        Certificate that signed the server's.
    folder
        For configuration files.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, proxy: NameProxy, authority: Path, folder: Path) -> None:
        self._monkeypatch, self.proxy, self._folder = monkeypatch, proxy, folder
        proxy.refused.clear()
        for name in [name for name in os.environ if name.upper().startswith(_SET_BY_TESTS_ALONE)]:
            monkeypatch.delenv(name)
        self.set(
            HTTPS_PROXY=proxy.endpoint,
            NO_PROXY="127.0.0.1",
            AWS_CA_BUNDLE=str(authority),
            AWS_CONFIG_FILE=os.devnull,
            AWS_SHARED_CREDENTIALS_FILE=os.devnull,
            AWS_EC2_METADATA_DISABLED="true",
        )

    def set(self, **variables: str) -> None:
        """Set variables of the environment."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def unset(self, name: str) -> None:
        """Take a variable away."""
        self._monkeypatch.delenv(name)

    def give_keys(self) -> None:
        """Put keys into the environment."""
        self.set(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")

    def configure(self, text: str) -> None:
        """Write the configuration file."""
        file = self._folder / "config"
        file.write_text(text, encoding="utf-8")
        self.set(AWS_CONFIG_FILE=str(file))
