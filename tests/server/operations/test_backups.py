"""A backup taken while others work is whole, and its restoring gives the same plan and the same chain."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from skuwise.server.operations import health
from tests.server.shops import imported, planned

SKUWISE = str(Path(sys.executable).with_name("skuwise"))


def _environment(data: Path, url: str = "") -> dict[str, str]:
    told = {**os.environ, "SKUWISE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "skuwise.server.settings"}
    told.pop("SKUWISE_DATABASE_URL", None)
    return {**told, "SKUWISE_DATABASE_URL": url} if url else told


def _command(environment: dict[str, str], *words: str, expected: int = 0) -> str:
    done = subprocess.run([SKUWISE, *words], env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Two empty servers of the database that the tests run on: the one that is backed up, and a fresh one."""
    if connection.vendor == "sqlite":
        yield _environment(tmp_path / "one"), _environment(tmp_path / "two")
        return
    import psycopg

    address = os.environ["SKUWISE_DATABASE_URL"]
    names = [f"backup_{os.getpid()}_{which}" for which in ("one", "two")]
    with psycopg.connect(address, autocommit=True) as server:
        for name in names:
            server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        base, _, query = address.partition("?")
        urls = [f"{base.rsplit('/', 1)[0]}/{name}{f'?{query}' if query else ''}" for name in names]
        one, two = (_environment(tmp_path / which, url) for which, url in zip(("one", "two"), urls, strict=True))
        yield one, two
        for name in names:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


FILL = """
import django
django.setup()
from tests.server.shops import imported, planned
from skuwise.server.audit.models import AuditHead
imported()
run = planned()
print(run.plan_id, AuditHead.objects.get().last_hash)
"""


def _python(environment: dict[str, str], script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_a_restored_backup_has_the_same_plan_and_the_same_chain(databases: Any, tmp_path: Path) -> None:
    one, two = databases
    _command(one, "upgrade")
    told = _python(one, FILL)
    backup = tmp_path / "shop.skuwise"
    assert told.split()[0] in _command(one, "backup", str(backup))
    assert "is there already" in _command(one, "backup", str(backup), expected=2)
    assert "restored" in _command(two, "restore", str(backup))
    head = "from skuwise.server.audit.models import AuditHead; from skuwise.server.planning.models import PlanRun"
    shown = "print(PlanRun.objects.get(in_force=True).plan_id, AuditHead.objects.get().last_hash)"
    script = f"import django; django.setup(); {head}; {shown}"
    assert _python(two, script) == told
    assert "audit chain whole; ledger differs at 0" in _command(two, "upgrade", "--check")
    again = "import django; django.setup(); from tests.server.shops import planned; print(planned().plan_id)"
    assert _python(two, again) == told.split()[0], "planned anew from what was restored"
    assert "in use" in _command(two, "restore", str(backup), expected=2)
    _damage(backup)
    assert "use another backup" in _command(two, "restore", str(backup), "--force", expected=2)
    assert _python(two, script).split()[0] == told.split()[0], "a damaged backup changes nothing"


def _damage(backup: Path) -> None:
    """One byte of one file in the archive is another."""
    folder = backup.parent / "opened"
    with tarfile.open(backup, "r:gz") as archive:
        archive.extractall(folder, filter="data")
    victim = next(path for path in sorted((folder / "database").iterdir()) if path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    backup.unlink()
    with tarfile.open(backup, "w:gz") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.add(path, str(path.relative_to(folder)))


def test_a_server_starts_answers_does_background_work_and_stops(databases: Any, tmp_path: Path) -> None:
    one, _ = databases
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path / "serve.log").open("w+")
    server = subprocess.Popen(
        [SKUWISE, "serve", "--port", str(port)], env=one, stdout=log, stderr=subprocess.STDOUT, text=True
    )
    try:
        address, ready = f"http://127.0.0.1:{port}", {}
        for _ in range(300):
            time.sleep(0.2)
            assert server.poll() is None, Path(log.name).read_text()
            try:
                ready = httpx.get(f"{address}/readyz", timeout=5).json()
            except httpx.TransportError:
                continue
            if ready.get("ready"):
                break
        assert ready == {
            "ready": True,
            "checks": dict.fromkeys(("data_folder", "database", "migrated", "runner"), True),
        }
        told = Path(log.name).read_text()
        assert f"Skuwise answers at {address}" in told
        link = next(line for line in told.splitlines() if "/welcome/" in line).split(": ", 1)[1]
        page = httpx.get(link)
        assert page.status_code == 200
        style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
        assert "css" in httpx.get(f"{address}{style}").headers["Content-Type"]
        assert "skuwise_jobs" in httpx.get(f"{address}/metrics").text
        assert "cannot listen" in _command(one, "serve", "--port", str(port), expected=2)
    finally:
        server.terminate()
        assert server.wait(60) == 0
        log.close()


@pytest.mark.django_db
def test_the_figures_tell_of_requests_jobs_and_the_plan() -> None:
    imported()
    planned()
    client = Client()
    client.get("/healthz")
    told = client.get("/metrics").content.decode()
    assert "skuwise_plan_items 4.0" in told
    assert 'skuwise_requests_total{area="healthz",method="GET",status="200"}' in told
    assert client.get("/readyz").status_code == 503, "no runner looks after this database"
    assert health.checks()["migrated"]
    assert settings.CONFIG.data_folder.exists()
