"""Rules are changed with a reason, shown before, and every change can be taken back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

import skuwise
from skuwise.server.audit.models import AuditEntry
from skuwise.server.dataset import shop_dataset
from skuwise.server.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError
from skuwise.server.operations.previews import commit, preview, undo
from skuwise.server.rules.looking import counted, explained, fields, history
from skuwise.server.rules.models import Override, RulebookVersion
from skuwise.server.rules.overrides import add, end, expiring, tell_ending, visible
from skuwise.server.rules.rulebook import rulebook_in_force, write_version
from tests.server.shops import OF_ALDER, PLANNER, VIEWER, imported, planned

pytestmark = pytest.mark.django_db
TEXT = """
[defaults]
review_period_days = 28
"""
ROW = {"sku_id": "CAP-1", "field": "service_target", "value": "0.99", "reason": "it is on the cover"}


def _quantities() -> dict[str, int]:
    made = skuwise.tables(skuwise.plan(shop_dataset(), rulebook_in_force()))["items"]
    return dict(zip(made["sku_id"], made["order_quantity_units"], strict=True))


def test_overrides_hold_from_and_until_their_days_and_end_with_their_author_known() -> None:
    imported()
    made = add(PLANNER, [ROW | {"from": "2026-01-01", "until": date(2026, 6, 1)}, ROW | {"sku_id": "MUG-1"}])
    told = skuwise.plan(shop_dataset(), rulebook_in_force())
    values = dict(zip(told.columns["sku_id"], told.columns["service_target"], strict=True))
    assert (values["CAP-1"], values["MUG-1"]) == (0.99, 0.99)
    assert values["TEE-RED"] != 0.99
    again = add(PLANNER, [ROW | {"value": "0.95", "reason": "less after all"}])[0]
    first = Override.objects.get(pk=made[0].pk)
    assert (first.ended_by, first.end_reason) == ("pat", "another took its place")
    assert end(PLANNER, [again.pk], "the season is over") == 1
    assert [line["by"] for line in history(VIEWER, "CAP-1", "service_target")] == ["pat", "pat"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"field": "colour"}, "OVR-WRONG"),
        ({"value": "2"}, "OVR-WRONG"),
        ({"value": "much"}, "OVR-WRONG"),
        ({"reason": ""}, "OVR-WRONG"),
        ({"until": "soon"}, "OVR-WRONG"),
        ({"sku_id": "NOPE"}, "OVR-SKU"),
        ({"field": "order_units", "value": "-1", "location_id": "MAIN"}, "OVR-WRONG"),
        ({"field": "order_units", "value": "5"}, "OVR-WRONG"),
        ({"brand": "Birch"}, "OVR-WRONG"),
    ],
)
def test_an_override_that_cannot_be_is_refused_with_the_way_to_mend_it(change: dict[str, str], code: str) -> None:
    imported()
    with pytest.raises(RefusedError) as refused:
        add(PLANNER, [ROW, ROW | change])
    assert refused.value.code == code
    assert refused.value.mend
    assert not Override.objects.exists()


def test_people_override_and_see_only_their_brands() -> None:
    imported()
    made = add(PLANNER, [ROW, ROW | {"sku_id": "TEE-RED"}])
    assert [one.sku_id for one in visible(OF_ALDER)] == ["TEE-RED"]
    with pytest.raises(NotFoundError):
        add(OF_ALDER, [ROW])
    with pytest.raises(NotFoundError):
        end(OF_ALDER, [made[0].pk], "x")
    with pytest.raises((NotAllowedError, NotFoundError)):
        add(VIEWER, [ROW])


def test_what_ends_soon_is_known() -> None:
    imported()
    today = timezone.localdate()
    add(
        PLANNER,
        [ROW | {"until": today + timedelta(days=3)}, ROW | {"sku_id": "MUG-1", "until": today + timedelta(days=30)}],
    )
    assert [one.sku_id for one in expiring(7)] == ["CAP-1"]
    for _ in range(2):
        tell_ending(timezone.now())
    told = AuditEntry.objects.filter(action="override.expiring")
    assert [entry.after["sku_id"] for entry in told] == ["CAP-1"], "each is told of once"


def test_a_rulebook_is_shown_before_it_is_written_and_goes_back_in_every_number() -> None:
    imported()
    planned()
    before = _quantities()
    shown, effect = preview(PLANNER, "rulebook.write", {"text": TEXT, "reason": "the port is far"})
    assert {"field": "review_period_days", "items": 4} in effect.rows
    assert effect.money_minor is not None
    assert _quantities() == before
    assert commit(PLANNER, shown.token)["version"] == 1
    assert _quantities() != before
    add(PLANNER, [ROW])
    undo(PLANNER, shown.token, "back")
    end(PLANNER, [Override.objects.get().pk], "back")
    assert _quantities() == before
    assert [one.reason for one in RulebookVersion.objects.order_by("number")] == ["the port is far", "back"]


def test_of_two_who_write_the_rulebook_one_is_told() -> None:
    write_version(PLANNER, TEXT, "first", 0)
    with pytest.raises(ConflictError) as conflict:
        write_version(PLANNER, TEXT, "second", 0)
    assert conflict.value.details["version"] == 1
    with pytest.raises(RefusedError) as wrong:
        write_version(PLANNER, "[[rule]]\nlayer = 7\n", "third", 1)
    assert wrong.value.details["problems"][0]["line"] > 0
    with pytest.raises(NotAllowedError):
        write_version(OF_ALDER, TEXT, "mine", 1)
    assert "review_period_days" in {one["field"] for one in fields()}


def test_every_layer_that_was_tried_is_told_and_what_each_rule_decides() -> None:
    imported()
    add(PLANNER, [ROW])
    planned()
    tried = explained(VIEWER, "CAP-1", "MAIN", "service_target")
    assert [one["value"] for one in tried if one["holds"]] == ["0.99"]
    assert tried[-1]["layer"] == "override"
    with pytest.raises(NotFoundError):
        explained(OF_ALDER, "CAP-1", "MAIN", "service_target")
    assert sum(one["items"] for one in counted(VIEWER)) > 0
