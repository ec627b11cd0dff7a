"""The audit log has no holes: each door that changes something leaves a row with a name that stays."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from bots.admin.kinds import Noted
from bots.admin.people import UserAdmin
from bots.models import ApiToken, AuditEvent, Bot, Membership
from tests.api_calls import Caller, caller, furnished, operator_for
from tests.bots.test_admin_people import inline, ordered, restaurant_form
from tests.bots.test_api_senders import SENDER
from tests.bots.test_passwords import NEW, link_for, set_anew, signed_in, text_of
from tests.bots.test_who_may_what import change
from tests.world import World

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]


def noted() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.order_by("id").values_list("action", "actor"))


def last() -> AuditEvent:
    return AuditEvent.objects.latest("id")


@pytest.fixture
def page(world: World) -> Client:
    return signed_in(world.operator)


def test_memberships_saved_beside_a_restaurant_are_noted(page: Client, world: World) -> None:
    path = f"/admin/bots/restaurant/{world.a.restaurant.pk}/change/"
    page.post(path, restaurant_form(**inline("memberships", user=world.stranger.pk, role="agent")))
    event = last()
    assert (event.action, event.actor, event.restaurant) == ("membership.made", "operator", world.a.restaurant)
    assert event.changes["role"] == [None, "agent"]
    member = Membership.objects.get(user=world.stranger)
    kept = {"memberships-INITIAL_FORMS": "1", "memberships-0-id": str(member.pk)}
    row = inline("memberships", user=world.stranger.pk, role="owner", restaurant=world.a.restaurant.pk)
    page.post(path, restaurant_form(**{**row, **kept}))
    assert (last().action, last().changes) == ("membership.changed", {"role": ["agent", "owner"]})
    page.post(path, restaurant_form(**{**row, **kept, "memberships-0-DELETE": "on"}))
    assert (last().action, last().changes["role"]) == ("membership.deleted", ["owner", None])
    assert not Membership.objects.filter(user=world.stranger).exists()


def test_memberships_saved_beside_a_person_are_noted(page: Client, world: World) -> None:
    change(page, world.stranger, **inline("memberships", restaurant=world.b.restaurant.pk, role="owner"))
    assert [row for row in noted() if row[0].startswith("membership")] == [("membership.made", "operator")]
    assert last().restaurant == world.b.restaurant


def test_rights_that_are_given_are_noted(page: Client, world: World) -> None:
    group = Group.objects.create(name="helpers")
    change(page, world.stranger, is_staff="on", groups=str(group.pk))
    changed = {name: values for event in AuditEvent.objects.all() for name, values in event.changes.items()}
    assert changed == {"is_staff": [False, True], "groups": [[], ["helpers"]]}


@pytest.mark.parametrize("how", ["typed", "taken away"])
def test_a_password_set_by_an_operator_is_noted(page: Client, world: World, how: str) -> None:
    typed = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    form = typed if how == "typed" else {"usable_password": "false", "unset-password": "1"}
    assert page.post(f"/admin/auth/user/{world.a.agent.pk}/password/", form).status_code == 302
    event = last()
    assert (event.action, event.user, event.subject) == ("user.password_set", world.operator, "agent_a")
    assert event.changes == {"usable": [None, how == "typed"]}
    assert User.objects.get(pk=world.a.agent.pk).has_usable_password() is (how == "typed")
    assert NEW not in str(AuditEvent.objects.values_list())


def test_a_password_set_behind_an_owners_link_says_whose_it_was(world: World) -> None:
    set_anew(link_for(world, world.a.agent))
    assert noted() == [("user.password_link", "owner_a"), ("user.password_changed", "agent_a")]
    assert last().changes == {"link_made_by": [None, "owner_a"]}


def test_ones_own_password_has_no_second_door_without_a_note(page: Client) -> None:
    assert page.get("/admin/password_change/").headers["Location"] == "/account/"
    assert page.post("/admin/password_change/", {"new_password1": NEW}).headers["Location"] == "/account/"


def test_passwords_and_superusers_made_by_commands_are_noted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda *args, **kwargs: NEW)
    call_command("changepassword", "agent_a", verbosity=0)
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW)
    call_command("createsuperuser", "--noinput", username="chief", email="chief@example.com", verbosity=0)
    assert User.objects.get(username="agent_a").check_password(NEW)
    assert noted() == [("user.password_set", "manage.py changepassword"), ("user.made", "manage.py createsuperuser")]


def api_changes(world: World, own: Caller, operator: Caller) -> Iterator[tuple[str, Any]]:
    """The action that each call must leave, and the call."""
    bot, item = Bot.objects.get(pk=world.b.bot.pk), world.a.items[0]
    order, hook = ordered(world), furnished(world.a).hook
    yield "sender.registered", operator.post("/api/admin/bots", SENDER)
    yield "sender.changed", operator("PUT", f"/api/admin/bots/{bot.code}", {"name": "Another"})
    yield "sender.retired", operator("DELETE", f"/api/admin/bots/{bot.code}")
    yield "item.changed", own("PATCH", f"/api/menu/items/{item.code}", {"isAvailable": False})
    yield "order.moved", own.post(f"/api/orders/{order.code}/advance", {"status": "accepted"})
    yield "order.moved", own.post(f"/api/orders/{order.code}/advance", {"status": "cancelled"})
    hooks = {"url": "https://till.example.com/new", "events": ["order.created"]}
    yield "webhook.made", own.post("/api/webhooks", hooks)
    yield "webhook.removed", own("DELETE", f"/api/webhooks/{hook.code}")


@pytest.mark.django_db(transaction=True)
def test_a_change_by_the_api_says_which_token_it_was(world: World) -> None:
    own, operator = caller(world.a.restaurant), operator_for(world.b.restaurant)
    names = {kind: str(ApiToken.objects.get(restaurant=r)) for kind, r in (("own", world.a.restaurant), ("op", None))}
    for action, answer in api_changes(world, own, operator):
        assert answer.status_code < 300, (action, answer.content)
        event = last()
        assert (event.action, event.user) == (action, None)
        assert event.actor == names["op" if action.startswith("sender") else "own"]


@pytest.mark.django_db(transaction=True)
def test_the_fixed_token_has_a_name_and_the_next_call_does_not_inherit_it(world: World, settings: Any) -> None:
    settings.DASHBOARD_PAT = "a fixed token that is long enough to be one"
    client = Client(headers={"Authorization": f"Bearer {settings.DASHBOARD_PAT}"})
    path = f"/api/admin/bots/{world.a.bot.code}"
    assert client.put(path, {"name": "Another"}, content_type="application/json").status_code == 200
    assert last().actor == "DASHBOARD_PAT"
    signed_in(world.operator).post("/admin/bots/bot/", {"action": "turn_off", "_selected_action": [world.a.bot.pk]})
    assert last().actor == "operator"
    call_command("create_token", "--name", "Till", "--operator", verbosity=0)
    assert (last().action, last().actor) == ("token.made", "")


def test_an_order_moved_by_staff_is_noted(world: World) -> None:
    order = ordered(world)
    signed_in(world.a.agent).post(f"/orders/{order.code}/advance/", {"status": "accepted"})
    event = last()
    assert (event.action, event.actor, event.restaurant) == ("order.moved", "agent_a", world.a.restaurant)
    assert (event.subject, event.changes) == (f"#{order.number}", {"status": ["placed", "accepted"]})


def test_a_name_stays_when_the_account_is_deleted(page: Client, world: World) -> None:
    world.a.owner.first_name = "Salma"
    world.a.owner.save()
    signed_in(world.a.owner).post("/team/invite/", {"email": "new@example.com", "role": "agent"})
    path = f"/admin/auth/user/{world.a.owner.pk}/delete/"
    assert page.post(path, {"post": "yes"}).status_code == 302
    event = AuditEvent.objects.get(action="invitation.made")
    assert (event.user, event.actor) == (None, "owner_a (Salma)")
    assert "owner_a (Salma)" in text_of(page.get("/admin/bots/auditevent/"))
    assert "owner_a (Salma)" in text_of(page.get(f"/admin/bots/auditevent/{event.pk}/change/"))
    assert last().action == "user.deleted"


def test_every_field_that_operators_edit_freely_is_noted() -> None:
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    silent: dict[str, set[str]] = {}
    for model, place in admin.site._registry.items():
        if isinstance(place, Noted):
            fields = set(place.get_form(request, model(), change=True).base_fields)
            silent[model.__name__] = fields - set(place.noted) - set(place.noted_many)
    assert silent.pop("User") == {"password", "last_login", "date_joined"}, "shown; the password has its own page"
    assert set(silent) == {"Restaurant", "Membership", "Group", "Category", "Item", "Branch"}
    assert not any(silent.values()), silent


def test_rows_edited_beside_others_are_noted() -> None:
    for place in admin.site._registry.values():
        free = [inline for inline in place.inlines if getattr(inline, "can_delete", True)]
        assert {inline.model for inline in free} <= set(getattr(place, "noted_beside", {})), place
    assert UserAdmin.noted_beside


# Verbs that write what the log is about, by the names of their parameters: whoever takes a doer notes what was done.
QUIET = {
    "bots/admin": "pages, which call verbs or are Noted",
    "bots/access.py": "answers whether one may",
    "bots/audit.py": "the log itself",
    "bots/registration.py:ensure": "by `register` and `change`",
    "conversations": "who speaks is told by the conversation's own rows",
}


def verbs() -> Iterator[tuple[str, ast.FunctionDef]]:
    for app in ("bots", "orders", "conversations"):
        for path in sorted((ROOT / app).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef) and not any(f"{name}:{node.name}".startswith(q) for q in QUIET):
                    yield name, node


def calls_in(node: ast.AST) -> set[str]:
    found = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
    return {func.id for func in found if isinstance(func, ast.Name)} | {
        func.attr for func in found if isinstance(func, ast.Attribute)
    }


def test_whoever_is_told_who_does_it_writes_it_down() -> None:
    """A verb with a `by` notes, or hands it to one that does."""
    every = list(verbs())
    noting = {"note"}
    while True:
        more = {node.name for _name, node in every if calls_in(node) & noting} | noting
        if more == noting:
            break
        noting = more
    doers = [(name, node) for name, node in every if {arg.arg for arg in _args(node)} & {"by"}]
    assert len(doers) > 15
    assert [f"{name}:{node.name}" for name, node in doers if node.name not in noting] == []


def _args(node: ast.FunctionDef) -> list[ast.arg]:
    return [*node.args.args, *node.args.kwonlyargs]


def test_rows_of_before_get_the_names_of_today(world: World) -> None:
    """The migration's own words, on a row that an older process wrote."""
    event = AuditEvent.objects.create(action="sender.changed", subject="S", user=world.a.owner, at=timezone.now())
    migration: Any = import_module("bots.migrations.0008_audit_actor_names")
    with connection.cursor() as cursor:
        cursor.execute(migration.Migration.operations[0].sql)
    event.refresh_from_db()
    assert event.actor == "owner_a"
