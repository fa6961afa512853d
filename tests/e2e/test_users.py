"""`orchestrion user`, and a server that asks who somebody is."""

import base64
import json
import os
import pty
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

from tests.e2e.commands import Running, Shell

PASSWORD = "correct horse battery"


def serve(shell: Shell, *words: str) -> tuple[Running, str]:
    """A server, and the URL of its API."""
    running = shell.start("serve", "--port", "0", *words)
    address = running.wait_for_error("The api is at").split()[-1]
    running.wait_for_error("Working for")
    return running, address


def stop(running: Running) -> str:
    running.process.send_signal(signal.SIGTERM)
    done = running.end()
    assert done.code == 0, done
    return done.out


def get(url: str, data: bytes | None = None, **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, named)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def with_input(shell: Shell, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrion", *words],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=shell.folder,
        env=dict(shell.environment),
    )


def test_the_first_start_makes_an_admin_and_the_next_one_none(shell: Shell) -> None:
    running, address = serve(shell)
    out = running.wait_for("export ST2_AUTH_TOKEN=")
    (token,) = re.findall(r"ST2_AUTH_TOKEN=(\S+)", out)
    assert get(f"{address}/v1/user") == (
        401,
        {"faultstring": "Unauthorized - One of Token or API key required."},
    )
    status, user = get(f"{address}/v1/user", X_Auth_Token=token)
    assert (status, user["username"], user["rbac"]["roles"]) == (200, "admin", ["admin"])
    stop(running)
    running, address = serve(shell)
    assert get(f"{address}/v1/user", X_Auth_Token=token)[0] == 200
    assert shell.run("user", "token", "admin", "--revoke").out == "revoked: 1 tokens of admin\n"
    assert get(f"{address}/v1/user", X_Auth_Token=token)[0] == 401
    made = shell.run("user", "token", "admin", "--days", "2")
    assert get(f"{address}/v1/user", X_Auth_Token=made.out.strip())[0] == 200
    assert stop(running) == ""


def test_users_are_added_listed_changed_and_removed(shell: Shell) -> None:
    assert with_input(shell, f"{PASSWORD}\n", "user", "add", "ada", "--role", "operator").returncode == 0
    assert shell.run("user", "add", "ci", "--no-password").out == "added: ci, viewer\n"
    listed = {one["name"]: one for one in shell.json("user", "list")}
    assert (listed["ada"]["role"], listed["ada"]["has_password"]) == ("operator", True)
    assert (listed["ci"]["role"], listed["ci"]["has_password"]) == ("viewer", False)
    assert "operator" in shell.run("user", "list").out
    again = shell.run("user", "add", "ada", "--no-password")
    assert (again.code, again.err.count("\n")) == (3, 1)
    short = with_input(shell, "short\n", "user", "password", "ada")
    assert (short.returncode, short.stderr) == (2, "orchestrion: A password has 8 to 1024 characters.\n")
    running, address = serve(shell)
    auth = address.removesuffix("/api") + "/auth/tokens"
    basic = "Basic " + base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
    json_type = {"Content_Type": "application/json"}
    status, token = get(auth, b"{}", Authorization=basic, **json_type)
    assert (status, token["user"]) == (201, "ada")
    assert with_input(shell, f"{PASSWORD}!\n", "user", "password", "ada").returncode == 0
    assert get(auth, b"{}", Authorization=basic, **json_type)[0] == 401
    assert get(f"{address}/v1/user", X_Auth_Token=token["token"])[0] == 401
    assert shell.run("user", "remove", "ada").out == "removed: ada\n"
    assert shell.run("user", "remove", "ada").code == 4
    log = "".join(running.error_lines)
    running.process.send_signal(signal.SIGTERM)
    done = running.end()
    assert "A log-in failed. user=ada address=127.0.0.1" in done.err
    assert [secret for secret in (PASSWORD, token["token"]) if secret in log + done.err + done.out] == []


def test_a_password_that_is_typed_is_typed_twice(shell: Shell) -> None:
    for second, code in ((PASSWORD, 0), (PASSWORD + "?", 2)):
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(shell.folder)
            words = [sys.executable, "-m", "orchestrion", "user", "add", f"ada{code}"]
            os.execve(sys.executable, words, dict(shell.environment))
        shown = b""
        for text, typed in ((b"Password for", PASSWORD), (b"again", second)):
            while text not in shown:
                shown += os.read(terminal, 1024)
            os.write(terminal, f"{typed}\n".encode())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == code
        assert PASSWORD.encode() not in shown
        os.close(terminal)
    assert [one["name"] for one in shell.json("user", "list")] == ["ada0"]


def test_without_authentication_everybody_is_the_systems_user_and_no_admin_is_made(shell: Shell) -> None:
    running, address = serve(shell, "--no-auth")
    status, user = get(f"{address}/v1/user", X_Auth_Token="left over")
    assert (status, user["username"]) == (200, "stanley")
    assert get(f"{address}/v1/user", Host="evil.example")[0] == 403
    assert get(f"{address}/v1/user", Origin="https://evil.example")[0] == 403
    assert stop(running) == ""
    assert shell.json("user", "list") == []


def test_a_server_for_others_asks_who_they_are_and_says_that_it_does_not_encrypt(shell: Shell) -> None:
    done = shell.run("serve", "--port", "0", "--no-auth", "--host", "0.0.0.0")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "--no-auth" in done.err
    running = shell.start("serve", "--port", "0", "--host", "0.0.0.0")
    running.wait_for_error("can be read on the network")
    running.wait_for_error("Working for")
    stop(running)
    for words, text in ((("--port", "65536"), "0 to 65535"), (("--tls-key", "x"), "--tls-cert")):
        done = shell.run("serve", *words)
        assert done.code == 2
        assert text in done.err
