"""What customers read in English. The same names as `ar.py`."""

from __future__ import annotations

OTHER_LANGUAGE = "العربية"
ORDER_NOW = "🍽 Order now"
ORDER_AGAIN = "🍽 New order"
MY_ORDER = "📦 My order"
STAFF = "🙋 Talk to staff"
MENU = "📋 Menu"
BACK_TO_MENU = "↩ Back to the menu"
CHECKOUT = "✅ Checkout"
ADD_MORE = "➕ Add more"
START_OVER = "🗑 Start over"
DELIVERY = "🛵 Delivery"
PICKUP = "🏃 Pickup"
CASH = "💵 Cash"
CARD = {"delivery": "💳 Card on delivery", "pickup": "💳 Card at pickup"}
ONLINE = "🔗 Pay online"
CONFIRM = "✅ Confirm"
CHANGE = "✏️ Change"
CANCEL = "❌ Cancel"
KEEP_CART = "🛒 Continue"
FRESH_CART = "🆕 Start fresh"
MORE = "➡ More"
PREVIOUS = "⬅ Previous"
SHOW_CATEGORIES = "Show the menu"
SHOW_ITEMS = "Show the items"
SHOW_BRANCHES = "Show the branches"
SHOW_RATINGS = "Rate"
STARS = ("⭐ Poor", "⭐⭐ Fair", "⭐⭐⭐ Good", "⭐⭐⭐⭐ Very good", "⭐⭐⭐⭐⭐ Excellent")

HOW_CAN_I_HELP = "What would you like to do?"
MY_PLEASURE = "You're very welcome 🌷"
CHOOSE_ORDER_TYPE = "Would you like it delivered, or will you pick it up?"
ASK_LOCATION = "📍 Where should we deliver? Please share your location: tap 📎 (or ＋), then *Location*."
NO_LOCATION = "Can't share your location? You can pick the order up from a branch, or talk to our staff."
CHOOSE_BRANCH = "Which branch suits you?"
CHOOSE_CATEGORY = "What are you in the mood for?"
HOW_MANY = "How many would you like? Tap, or type a number."
YOUR_CART = "🛒 Your cart:"
KEPT_CART = "🛒 Your cart from last time is still here:"
GO_ON_WITH_IT = "Shall we continue with it?"
CART_EMPTY = "Your cart is empty."
CHOOSE_PAYMENT = "How would you like to pay?"
CHECK_ORDER = "Please check your order:"
LOOKS_RIGHT = "Shall I place it?"
ORDER_CHANGED_MEANWHILE = "Something changed since you last saw your order. Please check it once more."
ALREADY_PLACED = "Your order is already with the restaurant, there is no need to confirm again 👌"
STALE = "That button is from an earlier message, so I left things as they are."
STARTED_OVER = "Done, I emptied your cart. Let's start over."
START = "Let's start."
CANCELLED = "Done, I cancelled it. Nothing was ordered."
NOTHING_TO_CANCEL = "There is nothing to cancel."
PLACED_CANNOT_CANCEL = "This order is already with the restaurant. If you want to cancel it, our staff can help you."
PLACE_NOTED = "Got your location 📍"
PLACE_NOT_NEEDED = "Thanks for the location. I don't need it right now."
GONE_FROM_MENU = "This item is no longer on the menu."
CART_FULL = "Your cart has as many different items as it can hold. Please place this order first."
NO_ORDERS = "You have no orders with us yet."
TRACKING = "Anything else I can do for you?"
HOW_WAS_IT = "How was it? Rate it from 1 to 5:"
RATED = "Thank you for your rating 🌟"
RATED_LOW = "Thank you for telling us. We're sorry it wasn't good. If you like, our staff will hear what went wrong."
PERSON_WILL_ANSWER = "🙋 I've told our team. A person will answer you here. To have me back, write *bot*."
GOING_ROUND = "We keep going round in circles, so I've asked our team to answer you here. To have me back, write *bot*."
BACK = "I'm back with you 🤖"
NOBODY_WAS_FREE = (
    "We're sorry, nobody was free to answer you. I'm back with you. To ask for our team again, write *staff*."
)
OFFER_PERSON = "I'm sorry, I'm having trouble understanding. Would you like to talk to a person?"
CANNOT_LISTEN = "🎙 I can't listen to voice notes yet. Please type your words, or share a location."
CANNOT_SEE = "I only understand text and locations for now."

HINT = "Sorry, I didn't get that. Please tap a choice, or type its number."
HINT_NAME = "Sorry, I didn't get that. Please tap a choice, or type its name or number."
HINT_LOCATION = "Thanks! To reach you exactly I need the pin on the map rather than a written address."
HINT_QUANTITY = "Please type a number from 1 to 99."
HINT_RATING = "Please choose from 1 to 5."

_STATUS = {
    "placed": "received, waiting for the restaurant to accept it",
    "accepted": "accepted by the restaurant ✅",
    "preparing": "being prepared 👨‍🍳",
    "ready": "ready 🛍",
    "on_the_way": "on its way to you 🛵",
    "delivered": "delivered, enjoy your meal 😋",
    "picked_up": "picked up, enjoy your meal 😋",
    "cancelled": "cancelled",
}


def greeting(restaurant: str, name: str, salaam: bool) -> str:
    hello = "Wa alaikum assalam" if salaam else "Hello"
    return f"{hello}{' ' + name if name else ''} 👋 Welcome to {restaurant}!"


def hello_again(salaam: bool) -> str:
    return f"{'Wa alaikum assalam' if salaam else 'Hello again'} 👋 Your cart is right here."


def hello_midway(salaam: bool) -> str:
    return f"{'Wa alaikum assalam' if salaam else 'Hello'} 👋 Let's carry on."


def nothing_on_sale(support: str) -> str:
    line = "Sorry, we can't take orders at the moment."
    return f"{line} You can reach us here: {support}" if support else f"{line} Please try again later."


def cart_line(quantity: int, name: str, total: str) -> str:
    return f"• {quantity} × {name}: {total}"


def pieces(number: int) -> str:
    return f"{number} item" if number == 1 else f"{number} items"


def cart_row(number: int) -> str:
    return f"🛒 Cart ({pieces(number)})"


def total(amount: str) -> str:
    return f"*Total: {amount}*"


def minimum(missing: str, least: str) -> str:
    return f"The smallest order is {least}: add {missing} more to check out."


def items_of(name: str) -> str:
    return f"*{name}*: which one would you like?"


def page(number: int, pages: int) -> str:
    return f"(page {number} of {pages})"


def item(name: str, price: str, about: str) -> str:
    return f"*{name}*: {price}" + (f"\n{about}" if about else "")


def added(quantity: int, name: str) -> str:
    return f"Added {quantity} × {name} ✅"


def changed_to(quantity: int, name: str) -> str:
    return f"Changed to {quantity} × {name} ✅"


def this_many(quantity: int, name: str) -> str:
    return f"{quantity} × {name}"


def of_what(number: int) -> str:
    return f"{number} of what? Choose, so that I change the right thing:"


def most_per_item(most: int) -> str:
    return f"{most} is the most I can take of one item. For more, our staff can help you."


def which_one(said: str) -> str:
    return f"Which one do you mean by “{said}”?"


def sold_out(name: str) -> str:
    return f"Sorry, *{name}* is sold out for now."


def taken_out(names: str, more: int) -> str:
    """`names` are sold out, `more` is how many others are no longer on the menu."""
    if not names:
        return f"Sorry, {pieces(more)} of your cart left the menu, so I took it out."
    tail = f" and {pieces(more)} that left the menu" if more else ""
    return f"Sorry, sold out and taken out of your cart: {names}{tail}."


def nearest_branch(branch: str) -> str:
    return f"Your order will come from: {branch}"


def for_delivery(branch: str, address: str) -> str:
    return f"🛵 Delivery from {branch}" + (f"\n📍 {address}" if address else "\n📍 to the location that you shared")


def for_pickup(branch: str, address: str) -> str:
    return f"🏃 Pickup at {branch}" + (f"\n📍 {address}" if address else "")


def paid_by(way: str) -> str:
    return f"Payment: {way}"


def placed(number: int, total: str, order_type: str) -> str:
    then = "on its way" if order_type == "delivery" else "ready for you"
    return f"🎉 Thank you! Order number *{number}* is placed.\nTotal: {total}\nI'll tell you here when it is {then}."


def pay_here(link: str) -> str:
    return f"To pay online: {link}"


REFUSED = {
    "gone": "Sorry, something in your cart just sold out. Please check your cart.",
    "minimum": "Sorry, the order is below the smallest order that the restaurant takes.",
    "branch": "Sorry, this branch can't take your order right now.",
    "closed": "Sorry, the restaurant is closed right now. Your cart is kept.",
}


def order_status(number: int, status: str, order_type: str) -> str:
    words = "ready for pickup 🛍" if (status, order_type) == ("ready", "pickup") else _STATUS[status]
    return f"Order *{number}*: {words}"


def more_orders(number: int) -> str:
    return f"and {number} more"


def reach_us(support: str) -> str:
    return f"You can also reach us here: {support}"
