"""The stand-in as clients meet it: a real server in another process, real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support.servers.standin_process import StandIn, start_standin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG: dict[str, Any] = {
    "workspaces": {"main": {"rate_per_s": None}},
    "tables": {"leads": {"workspace": "main"}},
    "sources": {"s1": {"table": "leads", "name": "leads-1", "token": "right"}},
}
AUTH = {"x-clay-webhook-auth": "right"}


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with start_standin(CONFIG) as standin:
        yield standin


@pytest.fixture
def standin(server: StandIn) -> StandIn:
    server.configure(CONFIG)
    return server


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=10) as client:
        yield client


def post(standin: StandIn, client: httpx.Client, payload: object, **headers: str) -> httpx.Response:
    return client.post(standin.webhook_url("s1"), json=payload, headers=AUTH | headers)


def test_01_a_post_to_the_opaque_id_makes_a_row(standin: StandIn, client: httpx.Client) -> None:
    answer = post(standin, client, {"lead_key": "k1"})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    row = standin.rows("leads")[0]
    assert (row["payload"], row["source"]) == ({"lead_key": "k1"}, "s1")
    assert client.post(standin.webhook_url("unknown"), json={}).status_code == 404
    assert client.get(standin.webhook_url("s1")).status_code == 405
    assert client.post(standin.webhook_url("s1") + "/", json={}).status_code == 404


def test_02_a_body_without_a_content_type_answers_400(
    standin: StandIn, client: httpx.Client
) -> None:
    answer = client.post(standin.webhook_url("s1"), content=b"{}", headers=AUTH)
    assert answer.status_code == 400
    assert standin.row_count("leads") == 0


def test_03_the_token_counts_only_in_clays_own_header(
    standin: StandIn, client: httpx.Client
) -> None:
    bearer = {"authorization": "Bearer right"}
    assert client.post(standin.webhook_url("s1"), json={}, headers=bearer).status_code == 401
    assert post(standin, client, {}).status_code == 200


def test_05_a_rotated_token_is_refused_for_a_while(standin: StandIn, client: httpx.Client) -> None:
    token = standin.rotate_token("s1", new_refused_for_s=30)
    assert post(standin, client, {}).status_code == 401
    assert post(standin, client, {}, **{"x-clay-webhook-auth": token}).status_code == 401
    token = standin.rotate_token("s1")
    assert post(standin, client, {}, **{"x-clay-webhook-auth": token}).status_code == 200


@pytest.mark.parametrize("size", [102_401, 5_000_000])
def test_06_an_oversized_body_answers_413_and_the_connection_goes_on(
    standin: StandIn, client: httpx.Client, size: int
) -> None:
    assert post(standin, client, {"notes": "x" * size}).status_code == 413
    assert post(standin, client, {"notes": "x"}).status_code == 200
    assert standin.row_count("leads") == 1


def test_08_over_the_rate_answers_429_with_clays_exact_body(
    standin: StandIn, client: httpx.Client
) -> None:
    standin.set_workspace("main", rate_per_s=0.01, burst=2)
    answers = [post(standin, client, {"n": number}) for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "1"
    assert answers[2].text == (
        '{"type":"TooManyRequests","message":"Too many requests. Wait a bit and retry.",'
        '"details":null}'
    )
    traffic = standin.traffic("main")
    assert traffic["answers"] == {"200": 2, "429": 1}
    assert traffic["largest_overshoot"]["accepted"] <= 0 < traffic["largest_overshoot"]["attempted"]
    standin.clear_traffic("main")
    assert standin.traffic("main")["attempted"] == 0
    assert standin.row_count("leads") == 2


def raw_request(body: bytes) -> bytes:
    head = (
        "POST /v3/sources/webhook/s1 HTTP/1.1\r\nhost: localhost\r\n"
        "content-type: application/json\r\nx-clay-webhook-auth: right\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize(("kind", "n_rows"), [("reset_before_store", 0), ("reset_after_store", 1)])
def test_19_the_client_sees_a_tcp_reset_and_the_row_is_stored_or_not(
    standin: StandIn, kind: str, n_rows: int
) -> None:
    standin.faults({"kind": kind, "count": 1})
    port = int(standin.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(raw_request(b'{"lead_key": "k1"}'))
        with pytest.raises(ConnectionResetError):
            sock.recv(1_024)
    assert standin.rows_by_key("leads") == ["k1"][:n_rows]
    assert standin.traffic("main")["answers"] == {"reset": 1}


def test_19_an_http_client_sees_a_lost_acknowledgement_as_a_read_error(
    standin: StandIn, client: httpx.Client
) -> None:
    standin.faults({"kind": "reset_after_store", "count": 1})
    with pytest.raises(httpx.ReadError):
        post(standin, client, {"lead_key": "k1"})
    assert post(standin, client, {"lead_key": "k1"}).status_code == 200
    assert standin.rows_by_key("leads") == ["k1", "k1"]


def test_20_a_slow_answer_times_out_and_the_row_is_stored(
    standin: StandIn, client: httpx.Client
) -> None:
    standin.faults({"kind": "latency", "latency_s": 1, "count": 1})
    patience = httpx.Timeout(60, read=0.1)
    with pytest.raises(httpx.ReadTimeout):
        client.post(standin.webhook_url("s1"), json={"a": 1}, headers=AUTH, timeout=patience)
    wait_for_rows(standin.url, 1)


def test_20_a_slow_body_comes_whole_in_its_time(standin: StandIn, client: httpx.Client) -> None:
    standin.faults({"kind": "slow_body", "duration_s": 0.4, "count": 1})
    started = time.monotonic()
    assert post(standin, client, {}).json() == {"success": True}
    assert time.monotonic() - started >= 0.4


def test_20_a_5xx_burst_ends_after_its_count(standin: StandIn, client: httpx.Client) -> None:
    standin.faults({"kind": "answer", "code": 503, "count": 2})
    statuses = [post(standin, client, {}).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert [fault["left"] for fault in standin.faults_in_force()] == [0]


def test_a_client_that_leaves_before_its_body_ends_leaves_no_trace(standin: StandIn) -> None:
    port = int(standin.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(raw_request(b'{"lead_key": "k1"}')[:-5])
    assert standin.traffic("main")["attempted"] == 0
    assert standin.row_count("leads") == 0


def test_an_answer_on_a_kept_alive_connection_does_not_wait_for_an_ack(
    standin: StandIn, client: httpx.Client
) -> None:
    seconds = []
    for _ in range(31):
        started = time.monotonic()
        post(standin, client, {})
        seconds.append(time.monotonic() - started)
    # Nagle and a delayed ACK make each 0.04; a machine with other work, at times, longer.
    assert min(seconds) < 0.03


def test_32_read_back_counts_rows_and_source_records(
    standin: StandIn, client: httpx.Client
) -> None:
    standin.set_source("s1", submissions=44_990)
    for number in range(3):
        post(standin, client, {"lead_key": f"k{number}"})
    assert standin.delete_rows("leads", first=1) == 1
    assert standin.row_count("leads") == 2
    assert standin.source_records("leads") == {"s1": 44_993}
    assert standin.rows_by_key("leads") == ["k1", "k2"]


def test_rows_come_in_pages_and_survive_any_json(standin: StandIn, client: httpx.Client) -> None:
    payloads: list[object] = [{"a": "é\n☃"}, [1, {"b": None}], "text", 1.5]
    for payload in payloads:
        post(standin, client, payload)
    lone = client.post(
        standin.webhook_url("s1"),
        content=b'{"a":"\\ud800"}',
        headers=AUTH | {"content-type": "application/json"},
    )
    assert lone.status_code == 200
    assert [row["payload"] for row in standin.rows("leads")] == [*payloads, {"a": "\ud800"}]
    assert [row["payload"] for row in standin.rows("leads", offset=1, limit=2)] == payloads[1:3]
    assert standin.rows_by_key("leads", "a") == ["é\n☃", None, None, None, "\ud800"]


def test_a_source_made_by_the_admin_works_at_once(standin: StandIn, client: httpx.Client) -> None:
    url = standin.make_source(table="leads")
    assert url.startswith(f"{standin.url}/v3/sources/webhook/pull-in-data-from-a-webhook-")
    assert client.post(url, json={"a": 1}).status_code == 200


def test_reset_goes_back_to_the_last_document(standin: StandIn, client: httpx.Client) -> None:
    standin.set_source("s1", token=None)
    standin.faults({"kind": "answer", "code": 500})
    post(standin, client, {})
    standin.reset()
    assert standin.traffic("main")["attempted"] == 0
    assert client.post(standin.webhook_url("s1"), json={}).status_code == 401


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "word"),
    [
        ("GET", "/admin/tables/nowhere/rows", None, 404, "nowhere"),
        ("GET", "/public/v0/tables/nowhere", None, 404, "nowhere"),
        ("PUT", "/admin/tables/new", {"workspace": "nowhere"}, 404, "nowhere"),
        ("PUT", "/admin/workspaces/main", {"plan": "gold"}, 422, "gold"),
        ("PUT", "/admin/workspaces/main", {"brust": 1}, 422, "brust"),
        ("PUT", "/admin/workspaces/main", [1], 422, "JSON object"),
        ("POST", "/admin/workspaces", {"name": "main"}, 409, "main"),
        ("POST", "/admin/workspaces", {}, 422, "name"),
        ("PUT", "/admin/config", {"tables": {"t": {"workspace": "w"}}}, 422, "'w'"),
        ("GET", "/admin/tables/leads/rows?limit=-1", None, 422, "limit"),
        ("PUT", "/admin/faults", {"faults": [{"kind": "quake"}]}, 422, "quake"),
    ],
)
def test_a_wrong_admin_call_says_what_is_wrong_and_changes_nothing(  # noqa: PLR0913, PLR0917 - one column of the table each
    standin: StandIn, verb: str, path: str, body: object, status: int, word: str
) -> None:
    before = standin.state()
    with pytest.raises(httpx.HTTPStatusError) as refused:
        standin.call(verb, path, body)
    assert refused.value.response.status_code == status
    assert word in refused.value.response.json()["message"]
    after = standin.state()
    assert (after["workspaces"][0]["plan"], after["tables"]) == (
        before["workspaces"][0]["plan"],
        before["tables"],
    )


def test_the_page_is_whole_in_itself(standin: StandIn, client: httpx.Client) -> None:
    page = client.get(standin.url)
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    assert standin.state()["sources"][0]["name"] == "leads-1"


def test_sigterm_ends_it_cleanly_even_while_a_client_waits(tmp_path: Path) -> None:
    config, port_file = tmp_path / "standin.json", tmp_path / "port"
    config.write_text(json.dumps(CONFIG))
    command = [sys.executable, "-m", "clayload", "standin", "--config", str(config)]
    command += ["--port-file", str(port_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            line = process.stdout.readline().decode() if process.stdout else ""
            port = int(port_file.read_text())
            assert line == f"stand-in listening on http://127.0.0.1:{port}\n"
            end_while_a_client_waits(process, port)
        finally:
            process.kill()


def end_while_a_client_waits(process: subprocess.Popen[bytes], port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    hang = {"faults": [{"kind": "latency", "latency_s": 600}]}
    httpx.put(f"{url}/admin/faults", json=hang, trust_env=False)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(raw_request(b"{}"))
        wait_for_rows(url, 1)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0


def wait_for_rows(url: str, n_rows: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = httpx.get(f"{url}/public/v0/tables/leads", trust_env=False)
        if answer.json()["rowCount"] == n_rows:
            return
        time.sleep(0.01)
    raise TimeoutError


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("{", "cannot be read"),
        ('{"tables": {"t": {"workspace": "w"}}}', "unknown workspace 'w'"),
        ('{"workspaces": {"w": {"plan": "gold"}}}', "unknown plan 'gold'"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_configuration_comes_with_the_next_step_and_exit_code_10(
    tmp_path: Path, content: str | None, word: str
) -> None:
    config = tmp_path / "standin.json"
    if content is not None:
        config.write_text(content)
    ended = start_and_fail("--config", str(config))
    assert ended.returncode == 10
    assert word in ended.stderr
    assert has_next_step(ended.stderr)


def test_a_taken_port_comes_with_the_next_step_and_exit_code_10(standin: StandIn) -> None:
    ended = start_and_fail("--port", standin.url.rsplit(":", 1)[1])
    assert ended.returncode == 10
    assert "cannot listen" in ended.stderr
    assert has_next_step(ended.stderr)


def has_next_step(said: str) -> bool:
    _, next_step = said.splitlines()
    return next_step.startswith("next: ")


def start_and_fail(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clayload", "standin", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
