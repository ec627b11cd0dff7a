"""One world for all tests: two restaurants with a sender each, an owner, an agent, an operator and a stranger."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import User

from bots.models import Bot, Membership, Restaurant
from orders.models import Branch, Category, Item

# The tenants of the payload fixtures (twilio/fixtures/index.json), so that a fixture reaches a sender of this world.
ACCOUNT_A, NUMBER_A, SENDER_A = (
    "AC55f89e6027029c962db6be6eee44f9ff",
    "+966500000101",
    "XEf48e86fc7376778df6637bc3e4bdb40e",
)
ACCOUNT_B, NUMBER_B, SENDER_B = (
    "ACe78d7c9f48d498dc0e3c38ba936186b6",
    "+966500000102",
    "XE741f4ca930c880c6100f2b51c2edf8ba",
)
TOKEN_A, TOKEN_B = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
PASSWORD = "correct horse battery"

_serial = itertools.count(1)


@dataclass(frozen=True)
class House:
    """One restaurant of the world."""

    restaurant: Restaurant
    bot: Bot
    owner: User
    agent: User
    items: tuple[Item, ...]
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class World:
    a: House
    b: House
    operator: User
    stranger: User


def make_world() -> World:
    return World(
        a=make_house("Shawarma House", "بيت الشاورما", NUMBER_A, ACCOUNT_A, SENDER_A, TOKEN_A, "a"),
        b=make_house("Falafel Corner", "ركن الفلافل", NUMBER_B, ACCOUNT_B, SENDER_B, TOKEN_B, "b"),
        operator=User.objects.create_superuser("operator", "operator@example.com", PASSWORD),
        stranger=User.objects.create_user("stranger", "stranger@example.com", PASSWORD),
    )


def make_house(name: str, name_ar: str, number: str, account: str, sender: str, token: str, tag: str) -> House:
    restaurant = Restaurant.objects.create(name=name, name_ar=name_ar, phone=number)
    bot = Bot.objects.create(
        restaurant=restaurant,
        name=f"{name} Bot",
        whatsapp_number=number,
        account_sid=account,
        auth_token=token,
        sender_sid=sender,
        waba_id="777730705047590",
        channel=Bot.Channel.SIMULATOR,
    )
    return House(
        restaurant,
        bot,
        make_member(restaurant, f"owner_{tag}", Membership.Role.OWNER),
        make_member(restaurant, f"agent_{tag}", Membership.Role.AGENT),
        make_menu(restaurant),
        make_branches(restaurant),
    )


def make_member(restaurant: Restaurant, username: str, role: str) -> User:
    user = User.objects.create_user(username, f"{username}@example.com", PASSWORD)
    Membership.objects.create(user=user, restaurant=restaurant, role=role)
    return user


def make_menu(restaurant: Restaurant) -> tuple[Item, ...]:
    grills = Category.objects.create(restaurant=restaurant, name_ar="شاورما", name_en="Shawarma", position=1)
    drinks = Category.objects.create(restaurant=restaurant, name_ar="مشروبات", name_en="Drinks", position=2)
    rows = [
        (grills, "شاورما دجاج", "Chicken shawarma", "12.00"),
        (grills, "شاورما لحم", "Beef shawarma", "15.00"),
        (drinks, "ماء", "Water", "2.00"),
        (drinks, "كولا", "Cola", "4.50"),
    ]
    return tuple(
        Item.objects.create(
            restaurant=restaurant, category=category, name_ar=ar, name_en=en, price=Decimal(price), position=n
        )
        for n, (category, ar, en, price) in enumerate(rows, start=1)
    )


def make_branches(restaurant: Restaurant) -> tuple[Branch, ...]:
    places = [("فرع العليا", "Olaya", "24.690000", "46.685000"), ("فرع الملز", "Malaz", "24.660000", "46.735000")]
    return tuple(
        Branch.objects.create(
            restaurant=restaurant,
            name_ar=ar,
            name_en=en,
            address_ar=f"الرياض، {ar}",
            address_en=f"Riyadh, {en}",
            latitude=Decimal(latitude),
            longitude=Decimal(longitude),
            position=n,
        )
        for n, (ar, en, latitude, longitude) in enumerate(places, start=1)
    )


def fresh_sid(prefix: str = "SM") -> str:
    """A message sid that no other message of this run has."""
    return f"{prefix}{next(_serial):032x}"
