"""A newcomer in a browser: from the first link to an approved order, every page without a fault for anyone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import skuwise

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).parents[2] / "assets" / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "correct horse battery"
PAGES = (
    "/",
    "/items",
    "/orders",
    "/orders/PO-000001",
    "/watch",
    "/watch?state=applied",
    "/portfolio",
    "/portfolio?by=abc_xyz",
    "/imports",
    "/imports/1",
    "/sign-in",
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not here: python assets/collect.py"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Path]]:
    """A server of its own with its runner; its address, the link for the first account, and the demo shop's files."""
    folder = tmp_path_factory.mktemp("serve")
    skuwise.generate_demo_shop(folder / "shop")
    environment = {
        **os.environ,
        "SKUWISE_DATA": str(folder / "data"),
        "DJANGO_SETTINGS_MODULE": "skuwise.server.settings",
    }
    environment.pop("SKUWISE_DATABASE_URL", None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / "log").open("w+")
    command = [str(Path(sys.executable).with_name("skuwise")), "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/healthz", process)
        link = next(line for line in (folder / "log").read_text().splitlines() if "/welcome/" in line).split(": ", 1)[1]
        yield address, link, folder / "shop"
    finally:
        process.terminate()
        process.wait(60)
        log.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None
        try:
            httpx.get(address, timeout=2)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"{address} does not answer")


def _watched(browser: Browser, address: str, **more: Any) -> tuple[Page, list[str]]:
    """A page, and what went wrong on it: errors of the console, and requests that leave the machine."""
    page = browser.new_context(**more).new_page()
    wrong: list[str] = []
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else wrong.append(asked.url))
    return page, wrong


def test_from_the_first_link_to_an_approved_order_and_no_page_shuts_anyone_out(
    browser: Browser, server: tuple[str, str, Path]
) -> None:
    address, link, shop = server
    page, wrong = _watched(browser, address)
    page.goto(link)
    page.get_by_label("Name").fill("maya")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no plan yet")
    page.get_by_role("link", name="Import files").click()
    files = [str(path) for path in sorted(shop.iterdir()) if path.name not in ("rules.toml", "overrides.csv")]
    page.get_by_label("Files", exact=True).set_input_files(files)
    page.get_by_role("button", name="Read and compare").click()
    expect(page.get_by_role("button", name="Commit")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Commit").click()
    expect(page.get_by_text("The import is committed.")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Plan now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today", timeout=120_000)
    page.keyboard.press("/")
    page.keyboard.type("lantern")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text("Lantern")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Why: order quantity units")).to_be_visible()
    page.get_by_role("link", name="Purchasing").first.click()
    page.get_by_role("button", name="Show what would be drafted").click()
    page.get_by_role("button", name="Draft them").click()
    page.get_by_role("link", name="PO-000001").click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Mark as sent").click()
    expect(page.locator(".state").first).to_have_text("sent")
    page.get_by_role("link", name="Watch").first.click()
    page.locator("input[name=id]").first.check()
    page.get_by_role("button", name="Approve those chosen").click()
    expect(page.get_by_text("1 answered")).to_be_visible()
    page.get_by_role("link", name="Portfolio").first.click()
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
    assert wrong == []
    _check_pages(browser, address, page.context.storage_state())


def _check_pages(browser: Browser, address: str, state: Any) -> None:
    """Every page by axe, light and dark, wide and as on a phone; nothing is cut off."""
    for scheme in ("light", "dark"):
        for width in (1440, 390):
            page, wrong = _watched(
                browser, address, storage_state=state, bypass_csp=True, color_scheme=scheme,
                viewport={"width": width, "height": 900},
            )  # fmt: skip
            for path in PAGES:
                page.goto(address + path)
                if path == "/items":
                    first = page.locator("tbody a").first.get_attribute("href")
                _check(page, f"{scheme} {width} {path}")
            page.goto(f"{address}{first}")
            _check(page, f"{scheme} {width} item")
            assert wrong == []


def _check(page: Page, what: str) -> None:
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    told = [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found]
    assert told == [], f"{what}: {json.dumps(told, indent=1)}"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), (
        f"{what} is wider than the window"
    )
