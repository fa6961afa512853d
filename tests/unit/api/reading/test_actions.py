"""Actions and runner types: read, made, changed, deleted (stackstorm-api 2.1)."""

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrion.api.shapes import ActionShape, RunnerShape
from tests.unit.api.reading.packs import make_pack
from tests.unit.api.reading.served import Server, serving

NEW: dict[str, Any] = {"name": "fresh", "pack": "own", "runner_type": "noop", "description": "New."}


@pytest.fixture
def changing(tmp_path: Path) -> Generator[Server]:
    """A server of its own, whose packs a test changes."""
    with serving(tmp_path / "store.db", [make_pack(tmp_path / "packs")]) as found:
        yield found


def own(server: Server) -> Path:
    return server.served.packs.given[0] / "own"


def send(
    server: Server, method: str, path: str, body: Mapping[str, object] | None, expected: int
) -> dict[str, Any]:
    answer = server.client.request(method, path, json=body)
    assert answer.status_code == expected, answer.text
    return answer.json()


def test_an_action_is_found_by_its_reference_and_by_its_id(server: Server) -> None:
    found = server.get("/v1/actions/own.hidden")
    ActionShape.model_validate(found)
    assert server.get(f"/v1/actions/{found['id']}") == found
    assert (found["ref"], found["uid"], found["runner_type"]) == (
        "own.hidden",
        "action:own:hidden",
        "local-shell-cmd",
    )
    assert len(found["id"]) == 24
    assert found["metadata_file"] == "actions/hidden.yaml"
    assert found["parameters"]["password"]["default"] == "********"
    shown = server.get("/v1/actions/own.hidden", show_secrets="1")
    assert shown["parameters"]["password"]["default"] == "by-default"
    server.get("/v1/actions/own.hidden", 403, "operator", show_secrets="1")
    assert (
        'Action "own.nothing" cannot be found.' in server.get("/v1/actions/own.nothing", 404)["faultstring"]
    )
    server.get(f"/v1/actions/{'0' * 24}", 404)
    server.get(f"/v1/actions/own.{'x' * 300}", 404)


def test_actions_are_listed_by_pack_and_name(server: Server) -> None:
    everything = server.get("/v1/actions")
    refs = [one["ref"] for one in everything]
    assert refs == sorted(refs)
    assert {"core.local", "own.outer"} <= set(refs)
    assert {one["pack"] for one in server.get("/v1/actions", pack="own")} == {"own"}
    assert [one["ref"] for one in server.get("/actions/", name="local")] == ["core.local"]
    listed = server.get("/v1/actions", include_attributes="ref,pack,description", name="local")
    assert listed[0].keys() == {"id", "ref", "pack", "description"}
    assert "parameters" not in server.get("/v1/actions", exclude_attributes="parameters,notify")[0]
    server.get("/v1/actions", 400, exclude_attributes="name")
    answer = server.client.get("/v1/actions?limit=2&offset=1")
    assert [one["ref"] for one in answer.json()] == refs[1:3]
    assert answer.headers["x-total-count"] == str(len(refs))
    server.get("/v1/actions", 400, limit=0)


def test_an_overview_has_the_parameters_of_the_runner(server: Server) -> None:
    plain = server.get("/v1/actions/core.local")["parameters"]
    [whole] = server.get("/v1/actions/views/overview", pack="core", name="local")
    assert "timeout" not in plain
    assert whole["parameters"]["timeout"]["default"] == 60


def test_the_text_of_an_entry_point(server: Server) -> None:
    answer = server.client.get("/v1/actions/views/entry_point/own.script")
    assert (answer.text, answer.headers["content-type"]) == ("echo hello\n", "text/plain; charset=utf-8")
    assert "no entry point" in server.get("/v1/actions/views/entry_point/core.noop", 404)["faultstring"]


def test_no_entry_point_leads_out_of_its_pack(changing: Server) -> None:
    fault = changing.get("/v1/actions/views/entry_point/own.away", 400)["faultstring"]
    assert "leaves its pack" in fault
    script = own(changing) / "actions/script.sh"
    script.unlink()
    script.symlink_to(own(changing).parent / "outside.sh")
    assert "leaves its pack" in changing.get("/v1/actions/views/entry_point/own.script", 400)["faultstring"]


def test_an_action_is_made_and_can_be_run(changing: Server) -> None:
    made = send(changing, "POST", "/v1/actions", NEW, 201)
    assert (made["ref"], made["description"]) == ("own.fresh", "New.")
    assert (own(changing) / "actions/fresh.yaml").read_text() == (
        "name: fresh\nrunner_type: noop\ndescription: New.\n"
    )
    assert changing.get(f"/v1/actions/{made['id']}") == made
    changing.run("own.fresh")
    again = send(changing, "POST", "/v1/actions", NEW, 409)
    assert again["conflict-id"] == made["id"]
    assert "already exists" in again["faultstring"]


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"runner_type": "nope"}, "RunnerType nope is not found. "),
        ({"pack": "none"}, 'Content pack "none" is not found or doesn\'t contain actions directory.'),
        ({"pack": "core"}, "Resource belonging to system level packs can't be manipulated"),
        ({"pack": "examples"}, "Resource belonging to system level packs can't be manipulated"),
        ({"name": "../evil"}, 'An action cannot have the name "../evil"'),
        (
            {"entry_point": "../../outside.sh"},
            "The entry point '../../outside.sh' of action own.fresh leaves",
        ),
        ({"entry_point": "a\0"}, "The entry point 'a\\x00' of action own.fresh leaves its pack."),
        ({"tags": [10**30]}, "body: An integer does not fit into 64 bits."),
        ({"name": "x" * 300}, 'An action cannot have the name "xxx'),
        ({"pack": "p" * 300}, 'Content pack "ppp'),
        ({"name": "config"}, 'An action cannot have the name "config"'),
        ({"name": None}, "name must be a text, found None."),
        ({"colour": "red"}, "Unknown key 'colour'."),
        (
            {"parameters": {"a": {"position": 0}, "b": {"position": 0}}},
            "Parameters a and b have same position 0. Position values have to be unique.",
        ),
        ({"parameters": {"a": {"position": 1}}}, "Positions supplied [1] for parameters are not contiguous."),
        ({"parameters": {"a": {"immutable": True}}}, "Immutable param a requires a default value."),
    ],
)
def test_what_is_no_action_is_refused_and_nothing_is_written(
    changing: Server, changes: Mapping[str, object], text: str
) -> None:
    before = sorted((own(changing) / "actions").iterdir())
    fault = send(changing, "POST", "/v1/actions", {**NEW, **changes}, 400)["faultstring"]
    assert fault.startswith(text)
    assert sorted((own(changing) / "actions").iterdir()) == before


def test_an_action_is_changed(changing: Server) -> None:
    made = send(changing, "POST", "/v1/actions", NEW, 201)
    changed = {**NEW, "id": made["id"], "runner_type": "local-shell-cmd", "description": "New, 新."}
    found = send(changing, "PUT", f"/v1/actions/{made['id']}", changed, 200)
    assert (found["runner_type"], found["description"]) == ("local-shell-cmd", "New, 新.")
    assert changing.get("/v1/actions/own.fresh") == found
    fault = send(changing, "PUT", "/v1/actions/own.fresh", {**changed, "name": "old"}, 400)["faultstring"]
    assert "keeps its name" in fault
    send(changing, "PUT", "/v1/actions/own.gone", changed, 404)
    send(changing, "PUT", "/v1/actions/core.noop", {"name": "noop", "runner_type": "noop"}, 400)


def test_disabling_an_action_keeps_what_its_people_wrote(changing: Server) -> None:
    file = own(changing) / "actions/hidden.yaml"
    before = f"# Ours.\n{file.read_text()}"
    file.write_text(before)
    action = changing.get("/v1/actions/own.hidden")
    del action["ref"]
    found = send(changing, "PUT", f"/v1/actions/{action['id']}", {**action, "enabled": False}, 200)
    assert found["enabled"] is False
    assert file.read_text() == f"{before}enabled: false\n"
    found = send(changing, "PUT", f"/v1/actions/{action['id']}", {**action, "enabled": True}, 200)
    assert found["enabled"] is True
    assert file.read_text() == f"{before}enabled: true\n"
    shown = changing.get("/v1/actions/own.hidden", show_secrets="1")
    assert shown["parameters"]["password"]["default"] == "by-default"
    send(changing, "PUT", f"/v1/actions/{action['id']}", {**action, "description": "Else."}, 200)
    shown = changing.get("/v1/actions/own.hidden", show_secrets="1")
    assert (shown["parameters"]["password"]["default"], shown["description"]) == ("by-default", "Else.")


def test_an_action_is_deleted_with_or_without_what_it_runs(changing: Server) -> None:
    actions = own(changing) / "actions"
    answer = changing.client.request("DELETE", "/v1/actions/own.script", content=b'{"remove_files": false}')
    assert (answer.status_code, answer.content) == (204, b"")
    assert ((actions / "script.yaml").exists(), (actions / "script.sh").exists()) == (False, True)
    changing.get("/v1/actions/own.script", 404)
    answer = changing.client.request("DELETE", "/v1/actions/own.inner", content=b'{"remove_files": true}')
    assert answer.status_code == 204
    assert not (actions / "workflows/inner.yaml").exists()
    assert changing.client.delete("/v1/actions/own.hidden").status_code == 204
    for body in (b"{", b'{"remove_files": 1}', b"[]"):
        answer = changing.client.request("DELETE", "/v1/actions/own.outer", content=body)
        assert answer.status_code == 400
        assert answer.json()["faultstring"].startswith("Failed to parse request body: ")
    assert changing.client.delete("/v1/actions/core.noop").status_code == 400
    assert (
        changing.client.request(
            "DELETE", "/v1/actions/own.away", content=b'{"remove_files": true}'
        ).status_code
        == 400
    )
    assert (own(changing).parent / "outside.sh").exists()


def test_an_action_is_copied_with_what_it_runs(changing: Server) -> None:
    to = {"dest_pack": "own", "dest_action": "twin"}
    made = send(changing, "POST", "/v1/actions/own.inner/clone", to, 201)
    assert (made["ref"], made["entry_point"]) == ("own.twin", "workflows/twin.yaml")
    changing.run("own.twin")
    send(changing, "POST", "/v1/actions/own.inner/clone", to, 409)
    again = send(changing, "POST", "/v1/actions/own.script/clone", {**to, "overwrite": True}, 201)
    assert (again["runner_type"], again["entry_point"]) == ("local-shell-script", "twin.sh")
    assert (own(changing) / "actions/twin.sh").read_text() == "echo hello\n"
    for name in ("../evil", "config"):
        send(changing, "POST", "/v1/actions/own.inner/clone", {**to, "dest_action": name}, 400)
    send(changing, "POST", "/v1/actions/own.inner/clone", {**to, "dest_pack": "core"}, 400)


def test_only_an_admin_changes_actions(server: Server) -> None:
    for role in ("viewer", "operator"):
        headers = {"x-role": role}
        answers = (
            server.client.post("/v1/actions", json=NEW, headers=headers),
            server.client.put("/v1/actions/own.outer", json=NEW, headers=headers),
            server.client.delete("/v1/actions/own.outer", headers=headers),
            server.client.post(
                "/v1/actions/own.outer/clone", json={"dest_pack": "own", "dest_action": "x"}, headers=headers
            ),
        )
        assert [one.status_code for one in answers] == [403] * 4
        server.get("/v1/actions/own.outer", 200, role)


def test_metadata_that_hold_more_than_can_be_told_spoil_no_list(changing: Server) -> None:
    file = own(changing) / "actions/odd.json"
    file.write_text(
        f'{{"name": "odd", "runner_type": "noop", "description": "\\ud800", "tags": [{10**30}, 2]}}'
    )
    [found] = changing.get("/v1/actions", name="odd")
    assert (found["description"], found["tags"]) == ("?", [str(10**30), 2])


def test_runner_types(server: Server) -> None:
    everything = server.get("/v1/runnertypes", include_attributes="id,name,description")
    assert [one["name"] for one in everything] == sorted(one["name"] for one in everything)
    assert everything[0].keys() == {"id", "name", "description"}
    [found] = server.get("/v1/runnertypes/", name="local-shell-cmd")
    RunnerShape.model_validate(found)
    assert server.get(f"/v1/runnertypes/{found['id']}") == found
    assert server.get("/v1/runnertypes/local-shell-cmd") == found
    assert all("type" in schema for schema in found["runner_parameters"].values())
    assert server.get("/v1/runnertypes", name="nope") == []
    assert 'no runner type "nope"' in server.get("/v1/runnertypes/nope", 404)["faultstring"]
