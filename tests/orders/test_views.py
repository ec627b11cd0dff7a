"""The orders' board and an order's page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from orders import board
from orders.models import Order, OrderEvent, OrderLine
from tests.inbox import make_conversation
from tests.jobs import waiting_jobs
from tests.world import House, World

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(world: World) -> Client:
    return signed_in(world.a.agent)


def make_order(house: House, number: int = 1, **fields: Any) -> Order:
    conversation = fields.pop("conversation", None) or make_conversation(house, phone=f"+9665000{number:05}")
    order = Order.objects.create(
        restaurant=house.restaurant,
        number=number,
        conversation=conversation,
        branch=house.branches[0],
        currency="SAR",
        total=Decimal("28.5"),
        payment=Order.Payment.CASH,
        **{"type": Order.Type.DELIVERY, **fields},
    )
    OrderLine.objects.create(
        order=order,
        item=house.items[0],
        name_ar="شاورما دجاج",
        name_en="Chicken shawarma",
        quantity=2,
        unit_price=Decimal(12),
        total=Decimal(24),
    )
    OrderEvent.objects.create(order=order, status=Order.Status.PLACED)
    return order


def snapshot(order: Order) -> dict[str, Any]:
    return {**Order.objects.filter(pk=order.pk).values().get(), "events": order.events.count()}


@pytest.mark.parametrize("url", ["/orders/", "/orders/{code}/", "/orders/of/{conversation}/"])
def test_the_doors_know_their_people(world: World, url: str) -> None:
    order = make_order(world.a, 4711)
    address = url.format(code=order.code, conversation=order.conversation.code)
    assert Client().get(address).headers["Location"].startswith("/login/")
    assert signed_in(world.stranger).get(address).headers["Location"] == "/"
    theirs = signed_in(world.b.owner).get(address)
    assert theirs.status_code == (200 if url == "/orders/" else 404)
    assert "4711" not in theirs.content.decode()
    assert "4711" in signed_in(world.a.agent).get(address).content.decode()
    assert signed_in(world.a.agent).post(address).status_code == 405


@pytest.mark.parametrize(("act", "form"), [("advance", {"status": "accepted"}), ("cancel", {"sure": "yes"})])
def test_strangers_change_nothing(world: World, act: str, form: dict[str, str]) -> None:
    order = make_order(world.a)
    before, url = snapshot(order), f"/orders/{order.code}/{act}/"
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(world.a.agent)
    assert Client().post(url, form).status_code == 302
    assert signed_in(world.stranger).post(url, form).status_code == 302
    assert signed_in(world.b.owner).post(url, form).status_code == 404
    assert signed_in(world.a.agent).post(f"/orders/{uuid4()}/{act}/", form).status_code == 404
    assert signed_in(world.a.agent).get(url).status_code == 405
    assert careful.post(url, form).status_code == 403
    assert snapshot(order) == before


def test_the_board_shows_what_is_open_unless_asked_for_more(world: World, client: Client) -> None:
    make_order(world.a, 1)
    make_order(world.a, 2, status=Order.Status.DELIVERED)
    make_order(world.b, 3)
    shown = {show: client.get("/orders/", {"show": show}).content.decode() for show in ("", "all", "delivered", "x")}
    assert {show: [n for n in (1, 2, 3) if f">#{n}<" in page] for show, page in shown.items()} == {
        "": [1],
        "all": [1, 2],
        "delivered": [2],
        "x": [1],
    }


def test_an_empty_board_says_so(client: Client) -> None:
    assert "No such orders." in client.get("/orders/").content.decode()
    assert "No orders yet." in client.get("/orders/?show=all").content.decode()


def test_pages_of_the_board_follow_each_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "ORDERS", 3)
    conversation = make_conversation(world.a)
    orders = [make_order(world.a, n, conversation=conversation) for n in range(1, 9)]
    rows = Order.objects.filter(restaurant=world.a.restaurant)
    first = board.page_of(rows, show="open")
    second = board.page_of(rows, show="open", before=first.orders[-1].code)
    third = board.page_of(rows, show="open", before=second.orders[-1].code)
    assert [o.number for page in (first, second, third) for o in page.orders] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert [page.has_more for page in (first, second, third)] == [True, True, False]
    again = board.page_of(rows, show="open", until=orders[2].code)
    assert ([o.number for o in again.orders], again.has_more) == ([8, 7, 6, 5, 4, 3], True)


def test_a_place_that_cannot_be_one_is_404(client: Client) -> None:
    assert client.get("/orders/?before=nonsense").status_code == 404


def test_htmx_gets_the_fragment_it_asks_for(world: World, client: Client) -> None:
    order = make_order(world.a)
    fragments = {
        "board": client.get("/orders/", headers={**HTMX, "HX-Target": "board"}),
        "more": client.get("/orders/", headers={**HTMX, "HX-Target": "more"}),
        "order": client.get(f"/orders/{order.code}/", headers={**HTMX, "HX-Target": "order"}),
    }
    begins = {name: answer.content.decode().lstrip()[:20] for name, answer in fragments.items()}
    assert begins["board"].startswith('<ul id="board"')
    assert begins["more"].startswith('<li id="o-')
    assert begins["order"].startswith('<article id="order"')


def test_an_order_shows_everything_about_it(world: World, client: Client) -> None:
    order = make_order(world.a, 12, latitude=Decimal("24.69"), longitude=Decimal("46.685"), address="Olaya 5", rating=4)
    page = client.get(f"/orders/{order.code}/").content.decode()
    for words in (
        "Order #12",
        "Chicken shawarma",
        "SAR\xa024.00",
        "SAR\xa028.50",
        "Sara",
        "Olaya 5",
        "mlat=24.690000",
        "Mark as “accepted”",
        "4 of 5",
        f"/inbox/{order.conversation.code}/",
    ):
        assert words in page


def test_an_order_that_is_over_has_no_buttons(world: World, client: Client) -> None:
    page = client.get(f"/orders/{make_order(world.a, status=Order.Status.DELIVERED).code}/").content.decode()
    assert "Mark as" not in page
    assert "Cancel the order" not in page


def test_an_order_moves_on_and_the_customer_is_told(world: World, client: Client) -> None:
    order = make_order(world.a)
    answer = client.post(f"/orders/{order.code}/advance/", {"status": "accepted"})
    order.refresh_from_db()
    assert answer.headers["Location"] == f"/orders/{order.code}/"
    assert order.status == Order.Status.ACCEPTED
    assert order.events.latest("id").by == world.a.agent
    assert waiting_jobs() == ["tell_customer"]


def test_by_htmx_the_order_comes_back(world: World, client: Client) -> None:
    order = make_order(world.a)
    headers = {**HTMX, "HX-Target": "order"}
    page = client.post(f"/orders/{order.code}/advance/", {"status": "accepted"}, headers=headers).content.decode()
    assert page.lstrip().startswith('<article id="order"')
    assert "Mark as “being prepared”" in page


@pytest.mark.parametrize("headers", [{}, {**HTMX, "HX-Target": "order"}])
@pytest.mark.parametrize("status", ["delivered", "placed", "nonsense", ""])
def test_a_step_that_is_not_possible_is_refused_in_words(
    world: World, client: Client, status: str, headers: dict[str, str]
) -> None:
    order = make_order(world.a)
    before = snapshot(order)
    answer = client.post(f"/orders/{order.code}/advance/", {"status": status}, headers=headers, follow=True)
    assert "Order #1 is" in answer.content.decode()
    assert snapshot(order) == before
    assert waiting_jobs() == []


def test_cancelling_needs_a_yes(world: World, client: Client) -> None:
    order = make_order(world.a)
    page = client.post(f"/orders/{order.code}/cancel/", follow=True).content.decode()
    assert "Please confirm" in page
    order.refresh_from_db()
    assert order.status == Order.Status.PLACED
    client.post(f"/orders/{order.code}/cancel/", {"sure": "yes"})
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELLED
    page = client.post(f"/orders/{order.code}/cancel/", {"sure": "yes"}, follow=True).content.decode()
    assert "already cancelled" in page


def test_the_latest_orders_of_a_conversation(world: World, client: Client) -> None:
    conversation = make_conversation(world.a)
    for number in range(1, 6):
        make_order(world.a, number, conversation=conversation)
    make_order(world.a, 9)
    page = client.get(f"/orders/of/{conversation.code}/").content.decode()
    assert [n for n in range(1, 10) if f"#{n} " in page] == [3, 4, 5]
    assert client.get(f"/orders/of/{uuid4()}/").status_code == 404


def test_the_number_of_queries_does_not_grow(
    world: World, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 31):
        make_order(world.a, number)
    client.get("/orders/")
    with django_assert_num_queries(5):  # session, person, restaurants, orders, lines
        client.get("/orders/")
