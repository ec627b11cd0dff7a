"""Whatever happens, in whatever order, on whatever menu: no error, every limit kept, nobody without an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.content import TEXT_LIMIT, as_text, choices_of, from_json, to_json
from orders.menu import Branch, Category, Item, Menu, Words
from sessions_state.dialogue.effects import FindOrders, PlaceOrder
from sessions_state.dialogue.events import Said, SentMedia, SharedPlace
from sessions_state.dialogue.state import Place
from sessions_state.dialogue.steps import STEPS
from tests.sessions_state.dialogue.menus import DEMO, MENUS, sold_out
from tests.sessions_state.dialogue.talk import Talk

ID_LIMIT = 200

_WORDS = """hi|السلام عليكم|menu|المنيو|cart|السلة|checkout|خلاص|start over|cancel|staff|موظف|English|عربي|pickup|توصيل
|وين طلبي|back|yes|نعم|no|لا|thanks|more|المزيد|2 pepsi|شاورما|2 شاورما|شاورما دجاج ٣|kebab|olaya|cash|شبكة|online|bot
|order|99|100|0|-1|1.5|ممتاز|🍕|👍|\u202e\u200f|x|""".replace("\n", "").split("|")
_IDS = """go:menu|go:cart|go:order|go:checkout|go:staff|go:orders|go:nothing|go:|item:pepsi|item:none|category:drinks
|category:none|qty:2:pepsi|qty:x:pepsi|qty:2|qty:-1:none|type:pickup|type:flying|branch:olaya|branch:none|page:1|page:99999
|page:x|kept:use|kept:drop|pay:cash|pay:online|pay:none|confirm:0|confirm:|rate:5:order-1|rate:9|lang:en|lang:fr|:|unknown
""".replace("\n", "").split("|")

_said = st.one_of(
    st.sampled_from(_WORDS).map(lambda text: ("says", text, None)),
    st.integers(0, 12).map(lambda number: ("says", str(number), None)),
    st.sampled_from(_IDS).map(lambda choice: ("says", "a title", choice)),
    st.text(max_size=40).map(lambda text: ("says", text, None)),
    st.just(("says", "شاورما " * 700, None)),
)
_tapped = st.tuples(st.just("offer"), st.integers(0, 9), st.booleans())
_other = st.sampled_from(
    [
        ("shares", "24.7", "46.6"),
        ("sends", "audio", ""),
        ("sends", "image", "2 pepsi"),
        ("passes", 5, None),
        ("passes", 45, None),
        ("passes", 3000, None),
        ("sells_out", "pepsi", None),
        ("closes", None, None),
        ("opens", None, None),
        ("refuses", "gone", None),
        ("refuses", "closed", None),
        ("order_becomes", 1, "on_the_way"),
        ("order_becomes", 1, "delivered"),
        ("handed_back", False, None),
        ("handed_back", True, None),
        ("named", "\u202e*Ali*\n" * 30, None),
    ]
)  # fmt: skip
_moves = st.lists(
    st.integers(0, 9).flatmap(lambda dice: _tapped if dice < 6 else _said if dice < 9 else _other), max_size=30
)
_walk = st.lists(
    _tapped | st.sampled_from([("shares", "24.7", "46.6"), ("order_becomes", 1, "delivered")]), min_size=20
)

_letters = st.text(alphabet="abكب x\u202e\n‏🍕", max_size=90)
_words = st.builds(Words, _letters, _letters)
_money = st.decimals(0, 10**7, places=2)


@st.composite
def menus(draw: st.DrawFn) -> Menu:
    """Any menu that the catalogue could hold: nameless things, no prices, 0 to 3 categories of up to 14 items."""
    categories = []
    for number in range(draw(st.integers(0, 3))):
        items = tuple(
            Item(f"i{number}-{n}", draw(_words), draw(_money), draw(_words), draw(st.booleans()))
            for n in range(draw(st.integers(0, 14)))
        )
        categories.append(Category(f"c{number}", draw(_words), items))
    degrees = st.none() | st.decimals(-90, 90, places=4)
    branches = tuple(
        Branch(f"b{n}", draw(_words), draw(_words), draw(degrees), draw(degrees))
        for n in range(draw(st.integers(0, 3)))
    )
    return Menu(
        restaurant=draw(_words),
        currency=draw(st.sampled_from(["SAR", "KWD", "JPY", "XXX"])),
        language=draw(st.sampled_from(["ar", "en"])),
        categories=tuple(categories),
        branches=branches,
        minimum_order=draw(st.sampled_from([Decimal(0), Decimal(50)])),
        cart_hours=draw(st.integers(0, 48)),
        support_contact=draw(_letters),
        payment_link=draw(st.sampled_from(["", "https://pay.example/x", "https://pay.example/" + "x" * 3000])),
    )


def play(talk: Talk, moves: list[tuple[object, ...]]) -> None:
    """Every move; `Talk.hears` itself proves that the state goes through JSON unchanged."""
    for kind, one, two in moves:
        talk.said = ()
        effects = len(talk.done)
        match kind:
            case "says":
                _customer(talk, Said(talk.at, str(one), str(two) if two else None, talk.name))
            case "offer" if talk.state.offers:
                offer = talk.state.offers[int(str(one)) % len(talk.state.offers)]
                _customer(talk, Said(talk.at, offer.title, offer.id if two else None, talk.name))
            case "shares":
                _customer(talk, SharedPlace(talk.at, Place(Decimal(str(one)), Decimal(str(two)))))
            case "sends":
                _customer(talk, SentMedia(talk.at, str(one), str(two)))
            case "passes":
                talk.passes(int(str(one)))
            case "sells_out":
                talk.menu = sold_out(talk.menu, str(one))
            case "closes":
                talk.menu = MENUS["closed"]
            case "opens":
                talk.menu = DEMO
            case "refuses":
                talk.refuses_next = "gone" if one == "gone" else "closed"
            case "order_becomes" if talk.orders:
                talk.order_becomes(1, "delivered" if two == "delivered" else "on_the_way")
            case "handed_back":
                talk.handed_back(unanswered=bool(one))
            case "named":
                talk.name = str(one)
        check(talk)
        assert all(isinstance(done, FindOrders | PlaceOrder) is False or talk.said for done in talk.done[effects:])


def _customer(talk: Talk, event: Said | SharedPlace | SentMedia) -> None:
    assert talk.hears(event), f"No answer to {event} in {talk.state}"


def check(talk: Talk) -> None:
    """What was said could be made, so it keeps WhatsApp's limits; here is what the values cannot see by themselves."""
    assert talk.state.step in STEPS
    for content in talk.said:
        assert from_json(to_json(content)) == content
        assert len(as_text(content)) <= TEXT_LIMIT
        choices = choices_of(content)
        assert all(choice.description in as_text(content) for choice in choices)
        assert all(len(choice.id) <= ID_LIMIT for choice in choices)
        assert len({choice.id for choice in choices}) == len(choices)
    placed = [effect for effect in talk.done if isinstance(effect, PlaceOrder)]
    assert all(order.cart and (order.order_type == "pickup") == (order.place is None) for order in placed)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(_moves)
def test_any_talk_over_the_demo_menu(moves: list[tuple[object, ...]]) -> None:
    play(Talk(), moves)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(menus(), _moves)
def test_any_talk_over_any_menu(menu: Menu, moves: list[tuple[object, ...]]) -> None:
    play(Talk(menu), moves)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.booleans(), _walk)
def test_any_walk_by_taps(long: bool, moves: list[tuple[object, ...]]) -> None:
    talk = Talk(MENUS["juices" if long else "one branch"])
    talk.says("2 pepsi")
    play(talk, moves)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.sampled_from(sorted(STEPS)), st.sampled_from(["ar", "en"]), _moves)
def test_any_talk_from_any_step(step: str, language: str, moves: list[tuple[object, ...]]) -> None:
    talk = Talk()
    talk.says("هلا" if language == "ar" else "hi")
    talk.at += timedelta(minutes=1)
    talk.says("2 pepsi")
    talk.hears(SharedPlace(talk.at, Place(Decimal("24.7"), Decimal("46.6"))))
    talk.state = replace(talk.state, step=step, rating_order="order-1")
    play(talk, moves)
