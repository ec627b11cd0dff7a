"""Menus for talks: a small restaurant in Riyadh, and changes to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from orders.menu import Branch, Category, Item, Menu, Words


def item(key: str, ar: str, en: str, price: str, about: Words = Words()) -> Item:
    return Item(key, Words(ar, en), Decimal(price), about)


SHAWARMA = Category(
    "shawarma",
    Words("شاورما", "Shawarma"),
    (
        item("chicken", "شاورما دجاج", "Chicken shawarma", "14", Words("مع ثوم ومخلل", "With garlic and pickles")),
        item("beef", "شاورما لحم", "Beef shawarma", "16.50"),
        item("plate", "صحن شاورما عربي مع بطاطس مقلية", "Arabic shawarma plate with French fries", "27"),
    ),
)
GRILLS = Category(
    "grills",
    Words("مشويات", "Grills"),
    (
        item("kebab", "كباب لحم", "Lamb kebab", "32"),
        item("tawook", "شيش طاووق", "Shish tawook", "29"),
        item("mixed", "مشكل مشويات", "Mixed grill", "58"),
    ),
)
DRINKS = Category(
    "drinks",
    Words("مشروبات", "Drinks"),
    (
        item("pepsi", "بيبسي", "Pepsi", "4"),
        item("7up", "سفن اب", "7up", "4"),
        item("water", "موية", "Water", "2"),
        item("lemon", "ليمون بالنعناع", "Lemon with mint", "12"),
    ),
)
SWEETS = Category("sweets", Words("حلويات", "Sweets"), (item("kunafa", "كنافة", "Kunafa", "22"),))

OLAYA = Branch(
    "olaya",
    Words("فرع العليا", "Olaya"),
    Words("شارع العليا، الرياض", "Olaya Street, Riyadh"),
    Decimal("24.6944"),
    Decimal("46.6853"),
)
MALQA = Branch(
    "malqa",
    Words("فرع الملقا", "Malqa"),
    Words("طريق أنس بن مالك، الرياض", "Anas bin Malik Road, Riyadh"),
    Decimal("24.8103"),
    Decimal("46.6125"),
)

DEMO = Menu(
    restaurant=Words("بيت الشاورما", "Shawarma House"),
    currency="SAR",
    language="ar",
    categories=(SHAWARMA, GRILLS, DRINKS, SWEETS),
    branches=(OLAYA, MALQA),
    support_contact="+966 11 000 0000",
)

_JUICES = """برتقال مانجو فراولة أناناس رمان تفاح جوافة كيوي بطيخ شمام عنب جزر موز خوخ مشمش كرز توت ليمون
    كوكتيل قصب تمر بابايا كركديه نعناع زنجبيل دراق"""
JUICES = Category(
    "juices",
    Words("عصائر", "Juices"),
    tuple(
        item(f"juice{number}", f"عصير {name}", f"Juice {number}", f"{8 + number}")
        for number, name in enumerate(_JUICES.split(), start=1)
    ),
)


def with_category(menu: Menu, category: Category) -> Menu:
    return replace(menu, categories=(*menu.categories, category))


def change_items(menu: Menu, change: Callable[[Item], Item | None]) -> Menu:
    """The menu with every item changed; None takes one away."""
    return replace(
        menu,
        categories=tuple(
            replace(c, items=tuple(new for old in c.items if (new := change(old)) is not None)) for c in menu.categories
        ),
    )


def sold_out(menu: Menu, *keys: str) -> Menu:
    return change_items(menu, lambda item: replace(item, is_available=False) if item.id in keys else item)


def removed(menu: Menu, *keys: str) -> Menu:
    return change_items(menu, lambda item: None if item.id in keys else item)


def priced(menu: Menu, key: str, price: str) -> Menu:
    return change_items(menu, lambda item: replace(item, price=Decimal(price)) if item.id == key else item)


MENUS = {
    "demo": DEMO,
    "one branch": replace(DEMO, branches=(OLAYA,), payment_link="https://pay.example/shawarma"),
    "minimum 50": replace(DEMO, branches=(OLAYA,), minimum_order=Decimal(50)),
    "juices": with_category(DEMO, JUICES),
    "closed": replace(DEMO, categories=()),
    "no branches": replace(DEMO, branches=()),
}
