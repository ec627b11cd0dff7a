"""What customers read, once in each language. `Phrases` is what both must have; the type checker compares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from orders.menu import Language
from sessions_state.dialogue.phrases import ar, en


class Phrases(Protocol):
    OTHER_LANGUAGE: str
    ORDER_NOW: str
    ORDER_AGAIN: str
    MY_ORDER: str
    STAFF: str
    MENU: str
    BACK_TO_MENU: str
    CHECKOUT: str
    ADD_MORE: str
    START_OVER: str
    DELIVERY: str
    PICKUP: str
    CASH: str
    CARD: dict[str, str]
    ONLINE: str
    CONFIRM: str
    CHANGE: str
    CANCEL: str
    KEEP_CART: str
    FRESH_CART: str
    MORE: str
    PREVIOUS: str
    SHOW_CATEGORIES: str
    SHOW_ITEMS: str
    SHOW_BRANCHES: str
    SHOW_RATINGS: str
    STARS: tuple[str, str, str, str, str]

    HOW_CAN_I_HELP: str
    MY_PLEASURE: str
    CHOOSE_ORDER_TYPE: str
    ASK_LOCATION: str
    NO_LOCATION: str
    CHOOSE_BRANCH: str
    CHOOSE_CATEGORY: str
    HOW_MANY: str
    YOUR_CART: str
    KEPT_CART: str
    GO_ON_WITH_IT: str
    CART_EMPTY: str
    CHOOSE_PAYMENT: str
    CHECK_ORDER: str
    LOOKS_RIGHT: str
    ORDER_CHANGED_MEANWHILE: str
    ALREADY_PLACED: str
    STALE: str
    STARTED_OVER: str
    START: str
    CANCELLED: str
    NOTHING_TO_CANCEL: str
    PLACED_CANNOT_CANCEL: str
    PLACE_NOTED: str
    PLACE_NOT_NEEDED: str
    GONE_FROM_MENU: str
    CART_FULL: str
    NO_ORDERS: str
    TRACKING: str
    HOW_WAS_IT: str
    RATED: str
    RATED_LOW: str
    PERSON_WILL_ANSWER: str
    GOING_ROUND: str
    BACK: str
    NOBODY_WAS_FREE: str
    OFFER_PERSON: str
    CANNOT_LISTEN: str
    CANNOT_SEE: str
    HINT: str
    HINT_NAME: str
    HINT_LOCATION: str
    HINT_QUANTITY: str
    HINT_RATING: str
    REFUSED: dict[str, str]

    def greeting(self, restaurant: str, name: str, salaam: bool) -> str: ...
    def hello_again(self, salaam: bool) -> str: ...
    def hello_midway(self, salaam: bool) -> str: ...
    def nothing_on_sale(self, support: str) -> str: ...
    def cart_line(self, quantity: int, name: str, total: str) -> str: ...
    def pieces(self, number: int) -> str: ...
    def cart_row(self, number: int) -> str: ...
    def total(self, amount: str) -> str: ...
    def minimum(self, missing: str, least: str) -> str: ...
    def items_of(self, name: str) -> str: ...
    def page(self, number: int, pages: int) -> str: ...
    def item(self, name: str, price: str, about: str) -> str: ...
    def added(self, quantity: int, name: str) -> str: ...
    def changed_to(self, quantity: int, name: str) -> str: ...
    def this_many(self, quantity: int, name: str) -> str: ...
    def of_what(self, number: int) -> str: ...
    def most_per_item(self, most: int) -> str: ...
    def which_one(self, said: str) -> str: ...
    def sold_out(self, name: str) -> str: ...
    def taken_out(self, names: str, more: int) -> str: ...
    def nearest_branch(self, branch: str) -> str: ...
    def for_delivery(self, branch: str, address: str) -> str: ...
    def for_pickup(self, branch: str, address: str) -> str: ...
    def paid_by(self, way: str) -> str: ...
    def placed(self, number: int, total: str, order_type: str) -> str: ...
    def pay_here(self, link: str) -> str: ...
    def order_status(self, number: int, status: str, order_type: str) -> str: ...
    def more_orders(self, number: int) -> str: ...
    def reach_us(self, support: str) -> str: ...


_BY_LANGUAGE: Mapping[Language, Phrases] = {"ar": ar, "en": en}


def phrases_in(language: Language) -> Phrases:
    return _BY_LANGUAGE[language]
