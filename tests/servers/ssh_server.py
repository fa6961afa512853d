"""A real OpenSSH server on loopback, for the user who runs the tests."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

_TRIES = 5
_SBIN = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/sbin"])


class SshServer:
    """`port` is where it listens, `key` the file of the private key that opens it.

    `folder / "bin"` comes first in the PATH of what runs there.
    """

    def __init__(self, folder: Path) -> None:
        sshd = shutil.which("sshd", path=_SBIN)
        assert sshd, "sshd is not installed: `make test` installs it (Debian: openssh-server)"
        self.folder = folder
        self.key = folder / "key"
        (folder / "bin").mkdir()
        for name in ("key", "host_key"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(words, check=True)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # what the package's service does at its start
        for _ in range(_TRIES):
            self.port = free_port()
            self._process = self._start(sshd)
            if self._listens():
                return
        raise AssertionError("sshd did not start")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _start(self, sshd: str) -> "subprocess.Popen[str]":
        settings = {
            "ListenAddress": f"127.0.0.1:{self.port}",
            "HostKey": self.folder / "host_key",
            "AuthorizedKeysFile": self.folder / "key.pub",
            "StrictModes": "no",
            "UsePAM": "no",
            "PidFile": "none",
            "MaxStartups": "100",
            "MaxSessions": "100",
            "Subsystem": "sftp internal-sftp",
            # Not the user's home: bash would read the .bashrc there.
            "SetEnv": f"PATH={self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin HOME={self.folder}",
        }
        file = self.folder / "sshd_config"
        file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()), encoding="utf-8")
        return subprocess.Popen([sshd, "-D", "-e", "-f", file], stderr=subprocess.PIPE, text=True)

    def _listens(self) -> bool:
        """Wait until it listens; gives whether it does."""
        assert self._process.stderr is not None
        return any("Server listening" in line for line in self._process.stderr)


def free_port() -> int:
    """Give a port of loopback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
