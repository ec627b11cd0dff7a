"""The menu that the talk reads."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from orders.catalogue import menu_of
from orders.models import Branch, Category, Item
from tests.world import World


def test_a_menu_takes_two_queries_whatever_its_size(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(30):
        category = Category.objects.create(restaurant=world.a.restaurant, name_ar=f"قسم {n}", position=10 + n)
        Item.objects.create(restaurant=world.a.restaurant, category=category, name_ar=f"صنف {n}", price=Decimal(n))
    with django_assert_num_queries(2):
        menu = menu_of(world.a.restaurant)
    assert len(menu.categories) == 32


def test_it_says_names_and_prices_by_public_code(world: World) -> None:
    menu = menu_of(world.a.restaurant)
    chicken = menu.item(str(world.a.items[0].code))
    assert chicken is not None
    assert (chicken.name.ar, chicken.name.en, chicken.price) == ("شاورما دجاج", "Chicken shawarma", Decimal("12"))
    assert (menu.restaurant.ar, menu.restaurant.en) == ("بيت الشاورما", "Shawarma House")
    assert [category.name.en for category in menu.categories] == ["Shawarma", "Drinks"]
    olaya = menu.branch(str(world.a.branches[0].code))
    assert olaya is not None
    assert (olaya.name.en, olaya.latitude) == ("Olaya", Decimal("24.69"))


def test_sold_out_stays_hidden_and_closed_go(world: World) -> None:
    Item.objects.filter(pk=world.a.items[0].pk).update(is_available=False)
    Category.objects.filter(restaurant=world.a.restaurant, name_en="Drinks").update(is_active=False)
    Branch.objects.filter(pk=world.a.branches[0].pk).update(is_active=False)
    menu = menu_of(world.a.restaurant)
    assert [(item.name.en, item.is_available) for item in menu.all_items()] == [
        ("Chicken shawarma", False),
        ("Beef shawarma", True),
    ]
    assert [branch.name.en for branch in menu.branches] == ["Malaz"]


def test_another_restaurants_menu_does_not_leak(world: World) -> None:
    menu = menu_of(world.a.restaurant)
    assert not {str(row.code) for row in world.b.items} & {item.id for item in menu.all_items()}
    assert not {str(row.code) for row in world.b.branches} & {branch.id for branch in menu.branches}


@pytest.mark.parametrize(("senders", "said"), [("", "help@house.example"), ("info@sender.example",) * 2])
def test_the_senders_contact_comes_before_the_restaurants(world: World, senders: str, said: str) -> None:
    world.a.restaurant.support_contact = "help@house.example"
    menu = menu_of(world.a.restaurant, support_contact=senders, payment_link="https://pay.example")
    assert (menu.support_contact, menu.payment_link) == (said, "https://pay.example")
