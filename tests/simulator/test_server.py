"""The simulator on a socket: it starts, streams, stalls, cuts, notices who leaves, and stops."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from callwright.simulator.server import base_url, listening, running
from callwright.testing.openrouter import OfflineOpenRouter
from callwright.testing.scenarios import SCENARIOS, TOOLS

KEY = {"Authorization": "Bearer sk-or-v1-test"}


def request(model: str, **params: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Hello?"}], "tools": list(TOOLS), **params}


def audit(url: str, generation: str) -> dict[str, Any]:
    return httpx.get(f"{url}/generation", params={"id": generation}, headers=KEY).json()["data"]


def eventually(claim: Callable[[], bool]) -> bool:
    """Whether `claim` comes true within five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if claim():
            return True
    return False


@pytest.fixture(scope="module")
def service() -> OfflineOpenRouter:
    return OfflineOpenRouter()


@pytest.fixture(scope="module")
def url(service: OfflineOpenRouter) -> Iterator[str]:
    with running(service) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers=KEY, timeout=5) as client:
        yield client


def test_it_starts_and_stops_at_once():
    started = time.perf_counter()
    with running() as url:
        assert time.perf_counter() - started < 5
        assert httpx.get(f"{url}/models").status_code == 200
        stopped = time.perf_counter()
    assert time.perf_counter() - stopped < 5

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/models")


def test_two_can_run_at_a_time():
    with running() as first, running() as second:
        assert first != second
        assert httpx.get(f"{second}/models").status_code == 200


def test_a_taken_port_is_an_error():
    with running() as url, pytest.raises(OSError, match=r"(?i)in use"), running(port=urlsplit(url).port or 0):
        pytest.fail("two servers on one port")


def test_it_stops_while_an_answer_is_stalled():
    with httpx.Client(headers=KEY, timeout=5) as client:
        with running() as url:
            body = request("a/b:fault-stalled", stream=True)
            response = client.send(client.build_request("POST", f"{url}/chat/completions", json=body), stream=True)
            stopped = time.perf_counter()
        response.close()

    assert time.perf_counter() - stopped < 5


def test_a_plain_answer_comes_over_the_socket(client, service):
    response = client.post("/chat/completions", json=request("scripted/text"))

    assert response.headers["content-type"] == "application/json"
    assert response.json()["choices"][0]["message"]["content"] == "Hello from the script."
    assert service.journal[-1].path == "/api/v1/chat/completions"


def test_a_query_comes_through(client):
    generation = client.post("/chat/completions", json=request("scripted/text")).json()["id"]

    assert client.get("/generation", params={"id": generation}).json()["data"]["id"] == generation


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {"slow"}))
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_each_scenario_comes_as_the_pure_half_writes_it(client, name, stream):
    body = {**request(f"scripted/{name}", stream=stream), "messages": [{"role": "user", "content": f"{name} {stream}"}]}
    expected = OfflineOpenRouter().answer("POST", "/api/v1/chat/completions", KEY, json.dumps(body).encode())

    try:
        response = client.post("/chat/completions", json=body)
    except httpx.RemoteProtocolError:
        assert not all(isinstance(piece, bytes) for piece in expected.pieces)
    else:
        assert (response.status_code, response.content) == (expected.status, expected.body)


def test_a_stream_arrives_event_by_event(client):
    """The first chunk is there while the server still waits to send the others."""
    with client.stream("POST", "/chat/completions", json=request("a/b:fault-stalled", stream=True)) as response:
        parts = response.iter_bytes()
        seen = b""
        while b"data: " not in seen:
            seen += next(parts)

    assert b"[DONE]" not in seen


def test_a_pause_holds_an_answer_back(client):
    with pytest.raises(httpx.ReadTimeout):
        client.post("/chat/completions", json=request("a/b:fault-slow=60"), timeout=0.05)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_cut_aborts_the_connection(url, stream):
    """A raw socket sees the connection end without the last, empty chunk of the body."""
    host, port = str(urlsplit(url).hostname), urlsplit(url).port
    body = json.dumps(request("scripted/always-cut", stream=stream)).encode()
    head = "POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
    received = b""
    with socket.create_connection((host, port or 0), timeout=5) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:
            pass

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"gen-" in received
    assert not received.endswith(b"0\r\n\r\n")


def test_no_answer_means_no_byte(client):
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.post("/chat/completions", json=request("scripted/always-no-answer"))


def test_a_connection_is_kept_between_answers(url):
    with httpx.Client(base_url=url, headers=KEY) as client:
        streams = []
        for stream in (False, True, False):
            response = client.post("/chat/completions", json=request("scripted/text", stream=stream))
            streams.append(response.extensions["network_stream"].get_extra_info("client_addr"))

    assert len(set(streams)) == 1


def test_many_are_answered_together(client):
    def one(number: int) -> str:
        body = {"model": "a/b", "messages": [{"role": "user", "content": f"Number {number}"}]}
        return client.post("/chat/completions", json=body).json()["choices"][0]["message"]["content"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(one, range(64)))

    assert all(answer.endswith(f"Number {number}") for number, answer in enumerate(answers))


def test_a_client_that_leaves_cancels_its_generation(url):
    body = request("a/b:fault-stalled", stream=True)
    with httpx.stream("POST", f"{url}/chat/completions", json=body, headers=KEY) as response:
        generation = response.headers["x-generation-id"]

    assert eventually(lambda: audit(url, generation)["cancelled"])


def test_a_client_that_stays_cancels_nothing(client, url):
    generation = client.post("/chat/completions", json=request("scripted/text", stream=True)).headers["x-generation-id"]

    assert audit(url, generation)["cancelled"] is False


def test_served_until_interrupted():
    """The blocking form ends by Ctrl-C, prints nothing, and frees its port."""
    program = (
        "from callwright.simulator.server import base_url, listening, serve\n"
        "listener = listening()\n"
        "print(base_url(listener), flush=True)\n"
        "try:\n    serve(listener)\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        assert httpx.get(f"{url}/models").status_code == 200
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().decode()

    assert (process.returncode, rest) == (0, "interrupted\n")


def test_a_listener_knows_its_address():
    with listening() as listener:
        assert base_url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
