"""The watch as a person meets it: the digest, the answers, the history, and the message that reaches a mailbox."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from email import message_from_string
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from skuwise.cli import app
from skuwise.watching.digest import Digest, Line, Section, as_html, as_markdown, as_text
from skuwise.watching.journal import read_journal
from tests.contract.watched_shop import AS_OF, write_shop

SINCE = ["--as-of", str(AS_OF), "--since", "2025-12-15"]
BY = ["--by", "Maya", "--why", "a test"]


def skuwise(*words: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "120", "SKUWISE_NOTIFY": ""}).invoke(app, [str(word) for word in words])


def told(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("watched") / "shop")


@pytest.fixture
def journal(shop: Path, tmp_path: Path) -> Path:
    result = skuwise("monitor", shop, *SINCE, "--journal", tmp_path / "journal")
    assert result.exit_code == 0, result.output
    return tmp_path / "journal"


def test_the_digest_says_what_changed_in_words_and_money_and_how_to_go_on(shop: Path, tmp_path: Path) -> None:
    result = skuwise("monitor", shop, *SINCE, "--journal", tmp_path / "journal")
    assert result.exit_code == 0
    for words in (
        "alarms came up, with",
        "at stake",
        "Changed by itself",
        "the forecast learns from",
        "Stages that moved",
        "mature → growing",
        "Waits for you",
        "supply for at most",
        "skuwise changes undo",
        "skuwise rules history",
    ):
        assert words in told(result), words
    assert {"alarms.csv", "changes.csv", "log.csv", "journal.json"} <= {
        path.name for path in (tmp_path / "journal").iterdir()
    }


def test_the_journal_lies_beside_the_folder_and_a_second_look_has_no_news(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    assert skuwise("monitor", shop, "--as-of", AS_OF).exit_code == 0
    assert read_journal(tmp_path / "shop-journal").state.changes
    again = json.loads(skuwise("monitor", shop, "--as-of", AS_OF, "--json").output)
    first = read_journal(tmp_path / "shop-journal").state
    assert again["as_of"] == str(AS_OF)
    assert again["kept"] is True
    assert str(first.as_of) == str(AS_OF)


def test_a_preview_writes_nothing(shop: Path, tmp_path: Path) -> None:
    result = skuwise("monitor", shop, "--as-of", AS_OF, "--journal", tmp_path / "journal", "--preview")
    assert result.exit_code == 0
    assert "nothing was written" in result.output
    assert not (tmp_path / "journal").exists()


def test_the_plan_with_the_changes_can_be_written_and_explained(shop: Path, journal: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    result = skuwise("plan", shop, "--as-of", AS_OF, "--journal", journal, "--out", plan)
    assert result.exit_code == 0, result.output
    explained = skuwise("rules", "explain", "JUMP", "learn_from", "--plan", plan)
    assert "changed by itself" in told(explained)
    again = skuwise("monitor", shop, "--as-of", AS_OF, "--journal", journal, "--out", tmp_path / "other")
    assert again.exit_code == 0
    orders = [pl.read_parquet(folder / "order_proposals.parquet") for folder in (plan, tmp_path / "other")]
    assert orders[0].equals(orders[1])
    taken = skuwise("monitor", shop, "--as-of", AS_OF, "--journal", journal, "--out", plan)
    assert taken.exit_code == 2
    assert "--overwrite" in taken.stderr


def test_names_cannot_carry_markup_into_a_message() -> None:
    line = Line("a-1", "USD 5.00", "<b>*SKU*</b> @ [x](http://y)", "told & <script>", is_new=True)
    digest = Digest("title", ("lead",), (Section("look", "Look at: 1", "", (line,), 3, "skuwise alarms list"),), True)
    assert "&lt;b&gt;*SKU*&lt;/b&gt;" in as_html(digest)
    assert "<script" not in as_html(digest)
    assert r"\<b\>\*SKU\*\</b\> @ \[x\](http://y)" in as_markdown(digest)
    assert "- USD 5.00  <b>*SKU*</b> @ [x](http://y): told & <script> [a-1]" in as_text(digest)
    assert "3 more: skuwise alarms list" in as_text(digest)


def test_alarms_are_listed_shown_acknowledged_and_snoozed(journal: Path) -> None:
    listed = skuwise("alarms", "list", "--journal", journal)
    assert "Dead stock" in listed.output
    state = read_journal(journal).state
    dead = next(i for i, kind in zip(state.alarms.alarm_id, state.alarms.kind, strict=True) if kind == "dead_stock")
    shown = told(skuwise("alarms", "show", dead, "--journal", journal))
    for words in ("STOPPED @", "state", "at stake", "first seen", "What to do:"):
        assert words in shown, words
    assert skuwise("alarms", "acknowledge", dead, *BY, "--journal", journal).exit_code == 0
    assert "acknowledged by Maya: a test" in told(skuwise("alarms", "show", dead, "--journal", journal))
    assert skuwise("alarms", "snooze", dead, "--until", "2027-01-01", *BY, "--journal", journal).exit_code == 0
    assert "snoozed until 2027-01-01" in told(skuwise("alarms", "show", dead[:7], "--journal", journal))
    assert dead not in skuwise("alarms", "list", "--journal", journal).output
    assert dead in skuwise("alarms", "list", "--journal", journal, "--state", "snoozed").output


def test_changes_are_listed_shown_undone_and_approved(journal: Path) -> None:
    state = read_journal(journal).state
    applied = next(one for one in state.changes if one.state == "applied" and one.sku_id == "JUMP")
    waiting = next(one for one in state.changes if one.state == "waiting")
    listed = skuwise("changes", "list", "--journal", journal, "--sku", "JUMP").output
    assert applied.change_id in listed
    shown = told(skuwise("changes", "show", applied.change_id, "--journal", journal))
    assert "within the guard-rails" in shown
    assert f"skuwise changes undo {applied.change_id}" in shown
    of_alarm = told(skuwise("alarms", "show", applied.alarm_id, "--journal", journal))
    assert f"Its change {applied.change_id}: the forecast learns from" in of_alarm
    undone = skuwise("changes", "undo", applied.change_id, *BY, "--journal", journal)
    assert "1 change undone" in undone.output
    assert "undone by Maya: a test" in told(skuwise("changes", "show", applied.change_id, "--journal", journal))
    assert "1 change applied" in skuwise("changes", "approve", waiting.change_id, *BY, "--journal", journal).output
    history = told(skuwise("rules", "history", "JUMP", "--journal", journal))
    assert "applied by itself" in history
    assert "undone by Maya" in history
    everything = skuwise("changes", "undo", "--all", *BY, "--journal", journal)
    assert everything.exit_code == 0
    assert {one.state for one in read_journal(journal).state.changes} <= {"undone", "waiting", "withdrawn", "over"}


def test_changes_of_one_kind_are_decided_together(journal: Path) -> None:
    applied = [one for one in read_journal(journal).state.changes if one.state == "applied" and one.field == "stage"]
    assert len(applied) > 1
    result = skuwise("changes", "undo", "--field", "stage", *BY, "--journal", journal)
    assert f"{len(applied)} changes undone" in result.output
    after = read_journal(journal).state.changes
    assert not [one for one in after if one.state == "applied" and one.field == "stage"]
    assert [one for one in after if one.state == "applied" and one.field == "learn_from"]


def test_a_waiting_change_is_refused(journal: Path) -> None:
    waiting = next(one for one in read_journal(journal).state.changes if one.state == "waiting")
    assert "1 change refused" in skuwise("changes", "refuse", waiting.change_id, *BY, "--journal", journal).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["changes", "undo", "c-000000zzzz", *BY], "there is no change"),
        (["changes", "undo", *BY], "name changes by their ids, or choose them"),
        (["changes", "approve", "--kind", "forecast_bais", *BY], "is not known"),
        (["changes", "approve", "--sku", "JUMP", *BY], "no change like that is waiting"),
        (["changes", "list", "--state", "aplied"], 'Did you mean "applied"?'),
        (["alarms", "list", "--kind", "deadstock"], 'Did you mean "dead_stock"?'),
        (["alarms", "list", "--todo", "supplyer"], 'Did you mean "supplier"?'),
        (["alarms", "snooze", "a", "--until", "tomorrow", *BY], "write it as YYYY-MM-DD"),
        (["rules", "history", "JUMPP"], 'did you mean "JUMP"?'),
    ],
)
def test_a_mistake_is_told_with_its_mend(journal: Path, words: list[str], said: str) -> None:
    result = skuwise(*words, "--journal", journal)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_without_a_journal_the_way_to_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = skuwise("alarms", "list")
    assert result.exit_code == 2
    assert "skuwise monitor FOLDER" in " ".join(result.stderr.split())


def test_the_only_journal_of_the_folder_need_not_be_named(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(journal.parent)
    assert skuwise("changes", "list").exit_code == 0


@pytest.fixture
def webhook() -> Iterator[tuple[int, list[dict[str, str]]]]:
    received: list[dict[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(403 if self.path == "/refuse" else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the screen of the tests."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server.server_port, received
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def test_one_message_reaches_a_webhook_and_nothing_new_sends_none(
    shop: Path, tmp_path: Path, webhook: tuple[int, list[dict[str, str]]]
) -> None:
    port, received = webhook
    monitor = ["monitor", shop, "--as-of", str(AS_OF), "--journal", tmp_path / "journal"]
    result = skuwise(*monitor, "--notify", f"json://maya:s3cret@127.0.0.1:{port}/hook")
    assert result.exit_code == 0, result.output
    (message,) = received
    assert "Stock watch" in message["title"]
    assert "the forecast learns from" in message["message"]
    assert "s3cret" not in result.output + result.stderr
    for path in (tmp_path / "journal").iterdir():
        assert b"s3cret" not in path.read_bytes(), path


def test_a_message_that_cannot_be_sent_is_told_without_its_secrets_and_loses_nothing(
    shop: Path, tmp_path: Path, webhook: tuple[int, list[dict[str, str]]]
) -> None:
    port, received = webhook
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    urls = (
        f"json://maya:s3cret@127.0.0.1:{closed}",
        f"json://maya:s3cret@127.0.0.1:{port}/refuse",
        "nonsense://s3cret",
        f"json://maya:s3cret@127.0.0.1:{port}/hook",
    )
    notify = [word for url in urls for word in ("--notify", url)]
    result = skuwise("monitor", shop, "--as-of", AS_OF, "--journal", tmp_path / "journal", *notify)
    assert result.exit_code == 1
    stderr = " ".join(result.stderr.split())
    assert "could not be delivered: check host, port" in stderr
    assert "does not accept the user or token" in stderr
    assert "no address that Apprise understands" in stderr
    assert "s3cret" not in result.output + result.stderr
    assert "The digest went to JSON" in told(result)
    assert len(received) == 2
    assert read_journal(tmp_path / "journal").state.changes


@pytest.fixture
def mailbox() -> Iterator[tuple[int, list[str]]]:
    """A mail server for one message: it says yes to everything and stops by itself."""
    mails: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def serve() -> None:
        connection, _ = listener.accept()
        connection.settimeout(20)
        with connection, connection.makefile("rwb") as stream:

            def answer(text: str) -> None:
                stream.write(f"{text}\r\n".encode())
                stream.flush()

            answer("220 here")
            while line := stream.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "DATA":
                    answer("354 go on")
                    lines = []
                    while (part := stream.readline().decode().rstrip("\r\n")) != ".":
                        lines.append(part)
                    mails.append("\n".join(lines))
                answer("221 bye" if word == "QUIT" else "250 ok")
                if word == "QUIT":
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], mails
    thread.join(timeout=20)
    listener.close()


def test_a_mail_holds_the_digest_as_html(shop: Path, tmp_path: Path, mailbox: tuple[int, list[str]]) -> None:
    port, mails = mailbox
    url = f"mailto://127.0.0.1:{port}?from=watch@example.com&to=maya@example.com"
    runner = CliRunner(env={"COLUMNS": "120", "SKUWISE_NOTIFY": url})
    words = ["monitor", str(shop), "--as-of", str(AS_OF), "--journal", str(tmp_path / "journal")]
    result = runner.invoke(app, words)
    assert result.exit_code == 0, result.output + result.stderr
    (mail,) = mails
    message = message_from_string(mail)
    assert "maya@example.com" in str(message["To"])
    bodies = [part.get_payload(decode=True) for part in message.walk() if part.get_content_type() == "text/html"]
    (body,) = [body.decode() for body in bodies if isinstance(body, bytes)]
    assert "<h3>Changed by itself" in body
    assert "<script" not in body
