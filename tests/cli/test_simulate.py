"""The command `simulate`."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.conftest import ENVIRONMENT, PATIENCE, Invoke, command

from callwright._json import encode
from callwright.cli.simulate import LoggedOpenRouter, beside
from callwright.service.client import Client
from callwright.testing.reply import Reply
from callwright.wire.profile import OPENROUTER

CHAT = "/api/v1/chat/completions"
KEY = {"Authorization": "Bearer any"}


@contextmanager
def simulator(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; give its process and its base URL."""
    process = subprocess.Popen(
        command("simulate", "--port", 0, *arguments),
        env=dict(ENVIRONMENT),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            assert process.stderr is not None
            process.stderr.readline()
            found = re.search(r"http://\S+/api/v1", process.stderr.readline())
            assert found is not None
            yield process, found[0]
        finally:
            process.kill()


def body(model: str = "scripted/text") -> bytes:
    return encode({"model": model, "messages": [{"role": "user", "content": "hello"}]})


def test_it_serves_programs_in_any_language_until_ctrl_c():
    with simulator() as (process, url):
        request = urllib.request.Request(f"{url}/chat/completions", body(), KEY)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            said = json.load(answer)["choices"][0]["message"]["content"]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    assert said == "Hello from the script."
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize("exempt", [None, "*", "intranet.example"])
def test_no_proxy_of_the_environment_stands_before_the_service_beside(
    exempt: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    if exempt is not None:
        monkeypatch.setenv("NO_PROXY", exempt)
    before = dict(os.environ)

    with beside() as url:
        answer = Client("any", base_url=url, profile=OPENROUTER).complete_sync("Hello?")

    assert answer.text
    assert os.environ == before


def test_it_prints_a_curl_line_and_a_line_for_each_request(tmp_path: Path):
    scripts = tmp_path / "scripts.json"
    scripts.write_text('{"hello": [{"text": "From a file."}]}', encoding="utf-8")

    with simulator("--scenarios", scripts) as (process, url):
        assert process.stderr is not None
        curl = process.stderr.readline()
        request = urllib.request.Request(f"{url}/chat/completions", body("scripted/hello"), KEY)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            said = json.load(answer)["choices"][0]["message"]["content"]
        logged = process.stderr.readline()

    assert curl.startswith(f"curl {url}/chat/completions -H 'Authorization: Bearer any' -d '{{")
    assert said == "From a file."
    assert re.fullmatch(r"POST /api/v1/chat/completions scripted/hello 200 \d+ ms\n", logged)


def logged(
    path: str = CHAT, content: bytes = b"", *, fault: str = "", headers: Mapping[str, str] = KEY
) -> tuple[Reply, str]:
    written = io.StringIO()
    service = LoggedOpenRouter(Console(file=written, width=200, color_system=None), fault=fault)
    reply = service.answer("POST", path, headers, content)
    return reply, re.sub(r" \d+ ms\n", "", written.getvalue())


@pytest.mark.parametrize(
    ("content", "fault", "line"),
    [
        (body(), "", f"POST {CHAT} scripted/text 200"),
        (body(), "cut", f"POST {CHAT} scripted/text 200 cut"),
        (body(), "503=0", f"POST {CHAT} scripted/text 503"),
        (body("nonsense"), "", f"POST {CHAT} nonsense 400"),
        (b"no JSON", "", f"POST {CHAT} 400"),
        (b"[1]", "", f"POST {CHAT} 400"),
        (body("a\x1b[2J/b"), "", f"POST {CHAT} a\\x1b[2J/b 200"),
    ],
    ids=["whole", "cut", "fault", "no model", "no JSON", "no object", "escape"],
)
def test_a_request_is_one_line(content: bytes, fault: str, line: str):
    assert logged(content=content, fault=fault)[1] == line


def test_the_line_says_how_long_a_slow_answer_takes():
    written = io.StringIO()
    service = LoggedOpenRouter(Console(file=written, color_system=None), fault="slow=2")

    service.answer("POST", CHAT, KEY, body())

    assert re.search(r"200 2\d{3} ms", written.getvalue())


def test_a_request_may_ask_for_a_fault_of_its_own():
    reply, _ = logged(content=body(), fault="500", headers={**KEY, "X-Simulate-Fault": "403"})

    assert reply.status == 403


def test_a_port_that_is_taken_is_said(invoke: Invoke):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = invoke("simulate", "--port", taken.getsockname()[1])

    assert result.exit_code == 1
    assert "cannot listen on 127.0.0.1" in result.stderr
    assert "Address already in use; try --port 0" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fault", "nonsense"), "unknown fault 'nonsense'"),
        (("--scenarios", "nowhere.json"), "cannot read 'nowhere.json'"),
        (("--port", "80000"), "--port"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], said: str, invoke: Invoke):
    result = invoke("simulate", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_scenarios_that_make_no_sense_are_refused(invoke: Invoke, tmp_path: Path):
    path = tmp_path / "scripts.json"
    path.write_text('{"hello": []}', encoding="utf-8")

    result = invoke("simulate", "--scenarios", path)

    assert result.exit_code == 2
    assert "scenario 'hello': expected a list of at least one step" in result.stderr
