"""A thread: what it shows, and what staff do there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots.models import Membership
from conversations import threads
from conversations.content import Buttons, Choice, Content, Listing, body_of, kind_of, to_json
from conversations.models import Conversation, Media, Message
from tests.inbox import make_conversation, make_inbound, make_outbound
from tests.jobs import waiting_jobs
from tests.world import World

pytestmark = pytest.mark.django_db
ACTS = ["reply", "take-over", "hand-back", "mark-read"]
HTMX = {"HX-Request": "true"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def client(world: World) -> Client:
    return signed_in(world.a.agent)


@pytest.fixture
def hers(world: World) -> Conversation:
    return make_conversation(world.a, unread_count=2)


def page_of(client: Client, conversation: Conversation, **query: str) -> str:
    answer = client.get(f"/inbox/{conversation.code}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def snapshot(conversation: Conversation) -> dict[str, Any]:
    row = Conversation.objects.filter(pk=conversation.pk).values().get()
    return {**row, "messages": list(conversation.messages.values())}


# who may come in


@pytest.mark.parametrize("act", ACTS)
def test_strangers_change_nothing(world: World, hers: Conversation, act: str) -> None:
    before = snapshot(hers)
    form = {"text": "Hello", "key": "k"}
    outcomes = {
        "anonymous": Client().post(f"/inbox/{hers.code}/{act}/", form),
        "stranger": signed_in(world.stranger).post(f"/inbox/{hers.code}/{act}/", form),
        "other restaurant": signed_in(world.b.owner).post(f"/inbox/{hers.code}/{act}/", form),
        "operator": signed_in(world.operator).post(f"/inbox/{hers.code}/{act}/", form),
        "nothing there": signed_in(world.a.agent).post(f"/inbox/{uuid4()}/{act}/", form),
    }
    assert {name: answer.status_code for name, answer in outcomes.items()} == {
        "anonymous": 302,
        "stranger": 302,
        "other restaurant": 404,
        "operator": 302,
        "nothing there": 404,
    }
    assert outcomes["anonymous"].headers["Location"].startswith("/login/")
    assert snapshot(hers) == before


@pytest.mark.parametrize("act", ACTS)
def test_acts_are_posts_with_a_token(hers: Conversation, world: World, act: str) -> None:
    before = snapshot(hers)
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(world.a.agent)
    assert careful.get(f"/inbox/{hers.code}/{act}/").status_code == 405
    assert careful.post(f"/inbox/{hers.code}/{act}/", {"text": "Hello"}).status_code == 403
    assert snapshot(hers) == before


def test_reading_is_for_the_restaurants_own_people(world: World, hers: Conversation, client: Client) -> None:
    make_inbound(hers, "secret")
    url = f"/inbox/{hers.code}/"
    assert Client().get(url).headers["Location"].startswith("/login/")
    assert signed_in(world.b.owner).get(url).status_code == 404
    assert signed_in(world.b.owner).get(url, headers={**HTMX, "HX-Target": "messages"}).status_code == 404
    assert client.get("/inbox/not-a-code/").status_code == 404
    assert client.post(url).status_code == 405
    assert "secret" in page_of(client, hers)


def test_a_thread_of_ones_other_restaurant_brings_that_restaurant_to_the_screen(world: World) -> None:
    Membership.objects.create(user=world.a.agent, restaurant=world.b.restaurant)
    client = signed_in(world.a.agent)
    theirs = make_conversation(world.b, "Omar")
    make_conversation(world.a, "Sara")
    client.post("/restaurant/", {"restaurant": str(world.a.restaurant.code)})
    page = page_of(client, theirs)
    assert "Omar" in page
    assert "Sara" not in page


# what it shows


def test_reading_does_not_mark_as_read(hers: Conversation, client: Client) -> None:
    before = snapshot(hers)
    page_of(client, hers)
    assert snapshot(hers) == before


def test_bubbles_name_their_authors_and_carry_their_state(world: World, hers: Conversation, client: Client) -> None:
    world.a.owner.first_name, world.a.owner.last_name = "Noura", "Saleh"
    world.a.owner.save(update_fields=["first_name", "last_name"])
    make_inbound(hers, "Is anybody there?")
    make_outbound(hers, "Of course", author="staff", author_user=world.a.owner, status="queued")
    make_outbound(hers, "Hello", status="read")
    make_outbound(hers, "Lost", status="failed", error_code="63016")
    page = page_of(client, hers)
    assert "Noura Saleh" in page
    for words in (
        "waiting",
        ">read<",
        ">failed<",
        "Not delivered.",
        "More than 24 hours since the customer last wrote",
        "(63016)",
    ):
        assert words in page


CHOICES = (Choice("1", "Chicken", "12.00"), Choice("2", "Beef", "15.00"))


@pytest.mark.parametrize("content", [Buttons("How many?", CHOICES), Listing("The menu", "Open", CHOICES)])
def test_what_was_offered_is_shown_as_the_customer_saw_it(hers: Conversation, client: Client, content: Content) -> None:
    make_outbound(hers, body_of(content), kind=kind_of(content), content=to_json(content))
    page = page_of(client, hers)
    for words in (body_of(content), "Chicken", "Beef", "15.00"):
        assert words in page


def test_a_place_is_a_link_to_the_map(hers: Conversation, client: Client) -> None:
    place = {"latitude": "24.69", "longitude": "46.685", "label": "Home", "address": "Olaya"}
    make_inbound(hers, "", kind="location", content={"choice": None, "title": "", "place": place})
    page = page_of(client, hers)
    assert "https://www.openstreetmap.org/?mlat=24.690000&amp;mlon=46.685000#map=17/24.690000/46.685000" in page
    assert 'rel="noopener noreferrer"' in page
    assert "Home · Olaya" in page


@pytest.mark.parametrize("place", [None, {}, {"latitude": "x", "longitude": "1"}, {"latitude": "91", "longitude": "1"}])
def test_a_broken_place_is_no_link(hers: Conversation, client: Client, place: dict[str, str] | None) -> None:
    make_inbound(hers, "", kind="location", content={"place": place})
    page = page_of(client, hers)
    assert "openstreetmap" not in page
    assert "Location" in page


def test_media_are_named(hers: Conversation, client: Client) -> None:
    message = make_inbound(hers, "menu.pdf", kind="document")
    Media.objects.create(
        message=message, provider_url="https://example.com/1", content_type="application/pdf", name="menu.pdf"
    )
    page = page_of(client, hers)
    assert "Document" in page
    assert page.split('id="messages"')[1].count("menu.pdf") == 1
    assert "example.com" not in page


def test_days_are_told_apart_in_the_restaurants_time_zone(hers: Conversation, client: Client) -> None:
    today = timezone.localtime().replace(hour=0, minute=30)
    make_inbound(hers, "late", at=today - timedelta(hours=1))
    make_inbound(hers, "early", at=today)
    page = page_of(client, hers).split('id="messages"')[1]
    assert page.count('class="day"') == 2
    assert page.index("Yesterday") < page.index("late") < page.index("Today") < page.index("early")


def test_the_page_says_who_has_the_conversation(world: World, hers: Conversation, client: Client) -> None:
    assert "The bot is answering." in page_of(client, hers)
    Conversation.objects.filter(pk=hers.pk).update(is_bot_active=False, assigned_to=world.a.agent)
    assert "You have this conversation." in page_of(client, hers)
    Conversation.objects.filter(pk=hers.pk).update(assigned_to=world.a.owner)
    assert "<bdi>owner_a</bdi> has this conversation." in page_of(client, hers)
    Conversation.objects.filter(pk=hers.pk).update(assigned_to=None, needs_attention=True)
    assert "The customer asked for a person." in page_of(client, hers)


def test_after_a_day_of_silence_staff_are_warned(hers: Conversation, client: Client) -> None:
    assert "24 hours" not in page_of(client, hers)
    Conversation.objects.filter(pk=hers.pk).update(last_inbound_at=timezone.now() - timedelta(hours=25))
    assert "24 hours" in page_of(client, hers)


# stretches


def bodies(stretch: threads.Stretch) -> list[str]:
    return [message.body for message in stretch.messages]


def test_the_newest_are_shown_and_the_earlier_follow(hers: Conversation, client: Client) -> None:
    messages = [make_inbound(hers, f"m{n:03}") for n in range(100)]
    newest = threads.newest(hers)
    assert bodies(newest) == [f"m{n:03}" for n in range(60, 100)]
    assert newest.has_earlier
    earlier = threads.before(hers, messages[60].code)
    assert bodies(earlier) == [f"m{n:03}" for n in range(20, 60)]
    assert earlier.has_later
    first = threads.before(hers, messages[20].code)
    assert (bodies(first), first.has_earlier) == ([f"m{n:03}" for n in range(20)], False)
    page = page_of(client, hers, before=str(messages[60].code))
    assert "m059" in page
    assert ">m060<" not in page.split('id="messages"')[1]
    assert "You are reading older messages." in page


def test_a_refresh_keeps_what_was_loaded(hers: Conversation) -> None:
    messages = [make_inbound(hers, f"m{n:03}") for n in range(100)]
    since = messages[30].code
    make_inbound(hers, "new")
    assert bodies(threads.since(hers, since)) == [*[f"m{n:03}" for n in range(30, 100)], "new"]
    assert bodies(threads.since(hers, since, and_earlier=10))[0] == "m020"


def test_a_refresh_is_never_endless(hers: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MESSAGES_AT_MOST", 5)
    messages = [make_inbound(hers, f"m{n}") for n in range(9)]
    stretch = threads.since(hers, messages[0].code)
    assert (bodies(stretch), stretch.has_earlier) == (["m4", "m5", "m6", "m7", "m8"], True)


@pytest.mark.parametrize("query", ["before", "since"])
def test_a_message_of_another_conversation_is_no_place(
    world: World, hers: Conversation, client: Client, query: str
) -> None:
    other = make_inbound(make_conversation(world.a, "Omar", "+966541112223"))
    for code in (other.code, uuid4(), "nonsense"):
        assert client.get(f"/inbox/{hers.code}/", {query: str(code)}).status_code == 404


def test_htmx_gets_the_fragment_it_asks_for(hers: Conversation, client: Client) -> None:
    make_inbound(hers)
    pane = client.get(f"/inbox/{hers.code}/", headers={**HTMX, "HX-Target": "thread"}).content.decode()
    live = client.get(f"/inbox/{hers.code}/", headers={**HTMX, "HX-Target": "messages"}).content.decode()
    assert pane.lstrip().startswith('<div class="thread"')
    assert 'id="reply"' in pane
    assert live.lstrip().startswith('<header id="who"')
    assert 'id="reply"' not in live


def test_the_number_of_queries_does_not_grow(
    world: World, hers: Conversation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(world.a.agent)
    make_inbound(hers)
    url, live = f"/inbox/{hers.code}/", {**HTMX, "HX-Target": "messages"}
    client.get(url)
    # session, person, restaurants, conversation, messages, media, and the list's four
    with django_assert_num_queries(10):
        client.get(url)
    for n in range(60):
        make_inbound(hers, f"m{n}")
        make_outbound(hers, author="staff", author_user=world.a.owner)
    with django_assert_num_queries(10):
        client.get(url)
    with django_assert_num_queries(6):
        client.get(url, headers=live)


# replies


def test_a_reply_is_queued_once_and_takes_the_conversation_over(
    world: World, hers: Conversation, client: Client
) -> None:
    form = {"text": "  On its way!\r\nFive minutes.  ", "key": uuid4().hex}
    first = client.post(f"/inbox/{hers.code}/reply/", form)
    second = client.post(f"/inbox/{hers.code}/reply/", form)
    assert first.headers["Location"] == second.headers["Location"] == f"/inbox/{hers.code}/"
    said = hers.messages.get()
    assert (said.body, said.author, said.author_user, said.status) == (
        "On its way!\nFive minutes.",
        Message.Author.STAFF,
        world.a.agent,
        Message.Status.QUEUED,
    )
    assert waiting_jobs() == ["deliver"]
    hers.refresh_from_db()
    assert (hers.is_bot_active, hers.assigned_to) == (False, world.a.agent)


def test_the_same_words_with_another_page_are_said_again(hers: Conversation, client: Client) -> None:
    for _ in range(2):
        client.post(f"/inbox/{hers.code}/reply/", {"text": "Hello?", "key": uuid4().hex})
    assert hers.messages.count() == 2


def test_a_reply_leaves_a_colleague_in_charge(world: World, hers: Conversation, client: Client) -> None:
    Conversation.objects.filter(pk=hers.pk).update(is_bot_active=False, assigned_to=world.a.owner)
    client.post(f"/inbox/{hers.code}/reply/", {"text": "Hello", "key": "k"})
    hers.refresh_from_db()
    assert hers.assigned_to == world.a.owner


def test_whoever_answers_a_call_for_a_person_has_the_conversation(
    world: World, hers: Conversation, client: Client
) -> None:
    soon = timezone.now() + timedelta(hours=1)
    Conversation.objects.filter(pk=hers.pk).update(is_bot_active=False, needs_attention=True, handoff_until=soon)
    client.post(f"/inbox/{hers.code}/reply/", {"text": "Hello", "key": "k"})
    hers.refresh_from_db()
    assert (hers.assigned_to, hers.needs_attention) == (world.a.agent, False)
    assert hers.handoff_until is not None, "a person who falls silent gives the customer back"


@pytest.mark.parametrize("headers", [{}, {**HTMX, "HX-Target": "reply"}])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Write something first."),
        (" \r\n ", "Write something first."),
        ("x" * 1601, "has 1601 characters"),
        ("a\0b", "Null characters are not allowed."),
    ],
)
def test_a_reply_that_cannot_be_said_is_kept_and_changes_nothing(
    hers: Conversation, client: Client, text: str, words: str, headers: dict[str, str]
) -> None:
    before = snapshot(hers)
    answer = client.post(f"/inbox/{hers.code}/reply/", {"text": text, "key": "k1"}, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'value="k1"' in page
    assert text.strip("\0 \r\n")[:1] in page
    assert snapshot(hers) == before
    assert waiting_jobs() == []


def test_new_lines_count_once(hers: Conversation, client: Client) -> None:
    client.post(f"/inbox/{hers.code}/reply/", {"text": "\r\n".join(["x"] * 800), "key": "k"})
    assert len(hers.messages.get().body) == 1599


def test_a_reply_by_htmx_brings_an_empty_box_with_a_new_key(hers: Conversation, client: Client) -> None:
    answer = client.post(f"/inbox/{hers.code}/reply/", {"text": "Hello", "key": "k1"}, headers=HTMX)
    page = answer.content.decode()
    assert page.lstrip().startswith('<form id="reply"')
    assert "Hello" not in page
    assert 'value="k1"' not in page
    assert "sufrah:changed" in answer.headers["HX-Trigger"]


# who speaks


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_take_over_and_hand_back(world: World, hers: Conversation, client: Client, headers: dict[str, str]) -> None:
    taken = client.post(f"/inbox/{hers.code}/take-over/", headers=headers)
    hers.refresh_from_db()
    assert (hers.is_bot_active, hers.assigned_to) == (False, world.a.agent)
    given = client.post(f"/inbox/{hers.code}/hand-back/", headers=headers)
    hers.refresh_from_db()
    assert (hers.is_bot_active, hers.assigned_to) == (True, None)
    assert waiting_jobs() == ["talk_again"]
    assert {taken.status_code, given.status_code} == ({204} if headers else {302})


def test_handing_back_twice_wakes_the_bot_once(hers: Conversation, client: Client) -> None:
    client.post(f"/inbox/{hers.code}/take-over/")
    client.post(f"/inbox/{hers.code}/hand-back/")
    page = client.post(f"/inbox/{hers.code}/hand-back/", follow=True).content.decode()
    assert "The bot was answering already." in page
    assert waiting_jobs() == ["talk_again"]


def test_mark_read(hers: Conversation, client: Client) -> None:
    client.post(f"/inbox/{hers.code}/mark-read/")
    first = snapshot(hers)
    assert first["unread_count"] == 0
    client.post(f"/inbox/{hers.code}/mark-read/")
    assert snapshot(hers) == first, "what is read already is not announced again"


# what the bot could not answer


def test_a_parked_message_can_be_given_back_to_the_bot(hers: Conversation, client: Client) -> None:
    message = make_inbound(hers, turn_error="KeyError: 'secret detail'", handled_at=timezone.now())
    page = page_of(client, hers)
    assert "The bot could not answer this." in page
    assert "secret detail" not in page
    answer = client.post(f"/inbox/{hers.code}/messages/{message.code}/retry/")
    message.refresh_from_db()
    assert answer.status_code == 302
    assert (message.turn_error, message.handled_at) == ("", None)
    assert waiting_jobs() == ["take_turns"]


def test_only_a_message_of_this_conversation_is_tried_again(world: World, hers: Conversation, client: Client) -> None:
    parked = make_inbound(
        make_conversation(world.b, "Omar", "+966541112223"), turn_error="broken", handled_at=timezone.now()
    )
    url = f"/inbox/{hers.code}/messages/{parked.code}/retry/"
    theirs = f"/inbox/{parked.conversation.code}/messages/{parked.code}/retry/"
    assert client.post(url).status_code == client.post(theirs).status_code == 404
    assert Client().post(url).status_code == 302
    assert client.get(url).status_code == 405
    parked.refresh_from_db()
    assert parked.turn_error == "broken"
    assert waiting_jobs() == []


def test_a_reply_is_shown_as_whatsapp_shows_it(world: World) -> None:
    conversation = make_conversation(world.a)
    make_outbound(conversation, body="رقم *1* <b>x</b>")
    page = signed_in(world.a.agent).get(f"/inbox/{conversation.code}/").content.decode()
    assert "رقم <strong>1</strong> &lt;b&gt;x&lt;/b&gt;" in page
