"""Twilio's words to ours and back: every payload that was captured or documented, and hostile ones."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from conversations.wire import (
    Inbound,
    PlaceIn,
    WireError,
    inbound_of,
    status_of,
    storable,
)
from tests.twilio_posts import FIXTURES, fixture_named
from tests.world import ACCOUNT_A, ACCOUNT_B, NUMBER_A, NUMBER_B

INDEX: dict[str, Any] = json.loads((FIXTURES / "index.json").read_text(encoding="utf-8"))
INBOUND = [entry for entry in INDEX["fixtures"] if entry["kind"] == "inbound"]
STATUS = [entry for entry in INDEX["fixtures"] if entry["kind"] == "status"]
CUSTOMER = INDEX["customer"]


def form_of(params: dict[str, str]) -> QueryDict:
    return QueryDict(urlencode(params))


def heard(name: str = "in_02_text_english", /, **changes: str | None) -> Inbound:
    """What we make of this payload with these changes; None takes a field away."""
    params: dict[str, str | None] = {**fixture_named(name), **changes}
    return inbound_of(form_of({key: value for key, value in params.items() if value is not None}))


def test_no_payload_is_left_out() -> None:
    named = {entry["file"] for entry in INBOUND + STATUS}
    assert named == {path.name for path in FIXTURES.glob("*.json")} - {"index.json"}
    assert (len(INBOUND), len(STATUS)) == (36, 19)


@pytest.mark.parametrize("entry", INBOUND, ids=lambda entry: str(entry["file"]))
def test_every_inbound_payload(entry: dict[str, Any]) -> None:
    params = fixture_named(entry["file"].removesuffix(".json"))
    told, expect = inbound_of(form_of(params)), entry["expect"]
    assert told.kind == expect.get("type", told.kind)
    assert told.choice == expect.get("payload")
    assert told.body == params["Body"]
    assert len(told.body) == expect.get("len", len(told.body))
    assert told.sid == params["MessageSid"]
    assert told.account_sid in (ACCOUNT_A, ACCOUNT_B)
    assert told.to in (NUMBER_A, NUMBER_B)
    assert told.address == told.phone
    assert told.name == params.get("ProfileName", "")
    assert len(told.media) == int(params["NumMedia"])
    assert told.reply_to_sid == params.get("OriginalRepliedMessageSid")
    assert told.payload == params


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("in_08_text_empty_body", "unknown"),
        ("in_04_text_rtl_marks", "text"),
        ("in_16_text_stop_word", "text"),
        ("in_38_two_media", "image"),
        ("in_50_reply_to_message", "text"),
        ("in_60_bsuid_with_phone", "text"),
    ],
)
def test_kinds_that_the_index_does_not_name(name: str, kind: str) -> None:
    assert heard(name).kind == kind


def test_places() -> None:
    assert heard("in_20_location_pin").place == PlaceIn(Decimal("24.713551998138"), Decimal("46.675296783447"))
    assert heard("in_21_location_named_place").place == PlaceIn(
        Decimal("24.774265"), Decimal("46.738586"), "طريق الملك عبدالله، حي المغرزات، الرياض 12483", "مطعم البيت"
    )


def test_taps_bring_the_id_and_the_title() -> None:
    button, row = heard("in_40_button_quick_reply"), heard("in_44_list_reply_description")
    assert (button.choice, button.choice_title) == ("order:confirm:7f3a", "تأكيد الطلب")
    assert (row.choice, row.choice_title) == ("item:222", "برجر لحم")


def test_a_tap_without_its_id_still_has_its_title() -> None:
    button = heard("in_40_button_quick_reply", ButtonPayload=None)
    row = heard("in_43_list_reply", ListId=None)
    assert (button.kind, button.choice, button.choice_title) == ("button", None, "تأكيد الطلب")
    assert (row.kind, row.choice, row.choice_title) == ("list", None, "شاورما دجاج")


def test_an_unfilled_placeholder_is_no_id() -> None:
    assert heard("in_43_list_reply", ListId="{{7}}").choice is None
    assert heard("in_43_list_reply", ListId="{{7}}").choice_title == "شاورما دجاج"


def test_files_have_their_name_in_the_body() -> None:
    document = heard("in_35_document_pdf").media[0]
    assert (document.content_type, document.name) == ("application/pdf", "فاتورة-2026-11.pdf")
    assert heard("in_30_image_caption").media[0].name == ""


@pytest.mark.parametrize(
    ("mime", "hint", "kind"),
    [
        ("image/webp", "sticker", "sticker"),
        ("image/webp", None, "sticker"),
        ("image/webp", "image", "image"),
        ("IMAGE/JPEG", None, "image"),
        ("audio/ogg; codecs=opus", None, "audio"),
        ("video/mp4", "text", "video"),
        ("text/x-vcard; charset=utf-8", None, "contacts"),
        ("application/vnd.ms-excel", None, "document"),
        ("", "image", "document"),
    ],
)
def test_media_by_what_it_is(mime: str, hint: str | None, kind: str) -> None:
    assert heard("in_31_image_no_caption", MediaContentType0=mime, MessageType=hint).kind == kind


def test_forwarded_is_a_word_and_not_a_presence() -> None:
    assert not heard("in_40_button_quick_reply").forwarded
    assert heard("in_51_forwarded").forwarded
    assert heard(FrequentlyForwarded="true").forwarded


def test_a_hidden_number() -> None:
    told = heard(From="whatsapp:SA.4566546130240823", WaId=None, ExternalUserId=None)
    assert (told.address, told.phone, told.external_id) == ("SA.4566546130240823", None, "SA.4566546130240823")


def test_a_hidden_number_beside_the_phone() -> None:
    told = heard("in_60_bsuid_with_phone")
    assert (told.address, told.phone, told.external_id) == (CUSTOMER, CUSTOMER, "SA.4566546130240823")
    by_wa_id = heard(From="whatsapp:SA.4566546130240823", WaId="966550000201")
    assert by_wa_id.phone == CUSTOMER


@pytest.mark.parametrize("wa_id", ["", "abc", "0", "+", "966 55", "٩٦٦٥٥٠٠٠٠٢٠١", "9" * 40])
def test_what_is_no_phone_is_none(wa_id: str) -> None:
    assert heard(From="whatsapp:SA.1", WaId=wa_id).phone is None


@pytest.mark.parametrize("field", ["MessageSid", "From", "To"])
@pytest.mark.parametrize("value", [None, "", "  ", "x" * 170])
def test_without_these_there_is_no_message(field: str, value: str | None) -> None:
    with pytest.raises(WireError):
        heard(**{field: value})


def test_a_bare_prefix_is_no_address() -> None:
    with pytest.raises(WireError):
        heard(From="whatsapp:")


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ("NaN", "46.7"),
        ("sNaN", "46.7"),
        ("Infinity", "46.7"),
        ("-Infinity", "46.7"),
        ("24.7", ""),
        ("", "46.7"),
        ("91", "46.7"),
        ("24.7", "-180.1"),
        ("1e999999999", "46.7"),
        ("twenty", "46.7"),
        ("24,7", "46,7"),
    ],
)
def test_a_broken_place_is_no_place_and_is_kept(latitude: str, longitude: str) -> None:
    told = heard("in_20_location_pin", Latitude=latitude, Longitude=longitude)
    assert (told.kind, told.place) == ("unknown", None)
    assert told.payload["Latitude"] == latitude


@pytest.mark.parametrize("text", ["24." + "7" * 5000, "1e-999999", "-0", " 24.7 "])
def test_an_odd_place_is_a_place(text: str) -> None:
    told = heard("in_20_location_pin", Latitude=text)
    assert told.place is not None
    assert len(str(told.place.latitude)) < 40


@pytest.mark.parametrize("count", ["x", "-1", "", "999999999999", "1.5", None])
def test_a_wrong_count_loses_no_media(count: str | None) -> None:
    told = heard("in_38_two_media", NumMedia=count)
    assert [part.content_type for part in told.media] == ["image/jpeg", "image/png"]


def test_a_count_without_media_is_stored_as_it_is() -> None:
    told = heard("in_08_text_empty_body", NumMedia="3")
    assert (told.kind, told.media) == ("unknown", ())


def test_what_the_columns_cannot_hold_is_cut_and_the_payload_keeps_it() -> None:
    told = heard("in_31_image_no_caption", ProfileName="ا" * 999, MediaContentType0="image/" + "x" * 999)
    assert (len(told.name), len(told.media[0].content_type)) == (255, 100)
    assert len(str(told.payload["ProfileName"])) == 999
    assert heard("in_31_image_no_caption", MediaUrl0="https://x/" + "y" * 999).media == ()


def test_nul_and_half_characters_become_storable() -> None:
    form = QueryDict("", mutable=True)
    form.update(fixture_named("in_02_text_english"))
    form["Body"], form["Na\x00me"], form["ProfileName"] = "a\x00b\ud83dc", "\x00", "\udcff"
    told = inbound_of(form)
    assert (told.body, told.name, told.payload["Na\ufffdme"]) == ("a\ufffdb\ufffdc", "\ufffd", "\ufffd")
    assert "\x00" not in json.dumps(told.payload, ensure_ascii=False).encode().decode()


def test_whole_characters_stay_whole() -> None:
    assert storable("👨‍👩‍👧‍👦 🇸🇦 شُكْرًا \ud83d\ude00") == "👨‍👩‍👧‍👦 🇸🇦 شُكْرًا 😀"


def test_a_repeated_field_keeps_all_its_values() -> None:
    form = QueryDict(urlencode(fixture_named("in_02_text_english")) + "&Extra=1&Extra=2&Body=last")
    told = inbound_of(form)
    assert told.payload["Extra"] == ["1", "2"]
    assert told.body == "last"


@pytest.mark.parametrize("invisible", ["\u200f\u200e", " \n\t", "\u2066\u2069", "\ufeff\u200b", "\u202a\u202c"])
def test_a_text_of_nothing_visible_is_unknown(invisible: str) -> None:
    told = heard(Body=invisible)
    assert (told.kind, told.body) == ("unknown", invisible)


@pytest.mark.parametrize("entry", STATUS, ids=lambda entry: str(entry["file"]))
def test_every_status_payload(entry: dict[str, Any]) -> None:
    params = fixture_named(entry["file"].removesuffix(".json"))
    told = status_of(form_of(params))
    assert (told.sid, told.reported, told.account_sid) == (
        params["MessageSid"],
        params["MessageStatus"],
        params["AccountSid"],
    )
    assert told.sender in (NUMBER_A, NUMBER_B)
    assert told.error_code == params.get("ErrorCode", "").removeprefix("0")


@pytest.mark.parametrize(
    ("reported", "ours"),
    [
        ("accepted", "accepted"),
        ("scheduled", "accepted"),
        ("queued", "accepted"),
        ("sending", "accepted"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("failed", "failed"),
        ("canceled", "failed"),
        ("undelivered", "undelivered"),
        ("partially_delivered", None),
        ("receiving", None),
        ("received", None),
        ("DELIVERED", None),
        ("a word of tomorrow", None),
    ],
)
def test_their_statuses_in_our_words(reported: str, ours: str | None) -> None:
    told = status_of(form_of({**fixture_named("st_02_sent"), "MessageStatus": reported}))
    assert (told.status, told.reported) == (ours, reported)


@pytest.mark.parametrize("field", ["MessageSid", "MessageStatus"])
def test_a_status_needs_these(field: str) -> None:
    params = fixture_named("st_02_sent")
    with pytest.raises(WireError):
        status_of(form_of({**params, field: ""}))
