"""The words that mean the same in every step, in both languages and as people in the Gulf write them."""

from __future__ import annotations

from conversations.spelling import fold
from sessions_state.dialogue.words import match, without_fillers

_COMMANDS = {
    "go:menu": """menu | the menu | show menu | categories | main menu | items | browse
        قائمة | القائمة | منيو | المنيو | المنو | مينيو | المينيو | قائمة الطعام | الاصناف | الأقسام | وش عندكم
        ايش عندكم | شو عندكم | شنو عندكم | رجوع للمنيو""",
    "go:cart": """cart | my cart | basket | the cart | show cart | view cart
        سلة | السلة | سلتي | السله حقتي | عربة | العربة | وش في السلة | ايش في السلة""",
    "go:start_over": """start over | restart | reset | start again | begin again | empty cart | clear cart
        ابدأ من جديد | من جديد | نبدأ من جديد | ابدا من اول | من الاول | اعادة | فضي السلة | فرغ السلة | امسح السلة""",
    "go:cancel": """cancel | cancel order | cancel my order | never mind | nevermind
        الغاء | الغي | الغ | كنسل | كنسل الطلب | الغاء الطلب | الغي الطلب | الغي طلبي | الغاء طلبي | بطلت | هونت""",
    "go:staff": """staff | agent | human | person | support | talk to staff | talk to a person | talk to a human
        talk staff | talk person | talk human | real person | customer service | help
        موظف | الموظف | موظفين | كلم موظف | اكلم موظف | احد يكلمني | ابي احد يكلمني | اكلم احد | بشر | انسان
        manager | the manager | talk to the manager | your manager | owner | the boss
        مدير | المدير | اكلم المدير | كلم المدير | مسؤول | المسؤول | اكلم المسؤول | صاحب المطعم
        خدمة العملاء | الدعم | مساعدة | شخص | كلموني | تواصل معي""",
    "go:orders": """where is my order | wheres my order | my order | my orders | track | track order | track my order
        tracking | order status | status | where is it
        وين طلبي | طلبي | وين طلبي الحين | وين الطلب | فين طلبي | اين طلبي | طلباتي | حالة الطلب | حالة طلبي | تتبع
        تتبع الطلب | وصل طلبي | متى يوصل طلبي | متى يوصل | متي يوصل الطلب | وين وصل طلبي""",
    "go:order": """order | order now | new order | i want to order | start order | make an order
        طلب | اطلب | اطلب الان | ابي اطلب | ابغي اطلب | طلب جديد | ودي اطلب | اريد ان اطلب | بطلب""",
    "go:checkout": """checkout | check out | pay | done | finish | complete order
        اتمام الطلب | اتمم الطلب | كمل الطلب | خلاص | خلصت | الدفع | ادفع | بس كذا | بس كذه | هذا كل شي""",
    "go:back": "back | go back | رجوع | ارجع | الرجوع | رجعني",
    "go:bot": "bot | the bot | back to bot | بوت | البوت | رجع البوت | ابي البوت",
    "go:hello": """hi | hello | hey | hi there | hello there | hola | good morning | good evening | good afternoon
        start | السلام عليكم | السلام عليكم ورحمة الله | السلام عليكم ورحمة الله وبركاته | سلام | سلام عليكم | السلام
        هلا | هلا والله | اهلا | اهلين | مرحبا | مرحبتين | هاي | الو | صباح الخير | مساء الخير | ياهلا | يا هلا | حياكم
        قوة | القوه | شخبارك | شلونك | كيف الحال | كيفك""",
    "go:thanks": """thanks | thank you | thank you so much | thx | ty | thanks a lot
        شكرا | مشكور | مشكورين | يعطيك العافية | الله يعطيك العافية | تسلم | تسلمون | جزاك الله خير | شكرا لك""",
    "type:delivery": "delivery | deliver | توصيل | التوصيل | ابي توصيل | دلفري | ديلفري",
    "type:pickup": "pickup | pick up | takeaway | take away | استلام | الاستلام | سفري | بستلم",
    "lang:en": "english | انجليزي | انقليزي | الانجليزية | بالانجليزي | انجلش | in english | speak english",
    "lang:ar": "arabic | عربي | العربية | بالعربي | بالعربية | in arabic | عربى | speak arabic",
}
_YES = """yes | y | yeah | yep | sure | ok | okay | confirm | correct | go ahead | place it
    نعم | اي | ايه | ايوه | ايوا | اوك | اوكي | اوكيه | تمام | اكيد | موافق | تاكيد | اكد | اكدوه | ماشي | طيب | زين
    صح"""
_NO = "no | n | nope | not yet | change | edit | لا | لالا | مو الحين | ليس الان | تعديل | عدل | غير"
_SALAAM = fold("السلام")


def _phrases(text: str) -> frozenset[str]:
    return frozenset(fold(said) for line in text.splitlines() for said in line.split("|") if said.strip())


_BY_PHRASE = {phrase: command for command, text in _COMMANDS.items() for phrase in _phrases(text)}
_BY_COMMAND = {command: _phrases(text) for command, text in _COMMANDS.items() if command != "go:order"}
_YES_PHRASES, _NO_PHRASES = _phrases(_YES), _phrases(_NO)


def command_in(text: str) -> str:
    """The id of the command that the text is, however it is spelled; empty when it is none."""
    return _BY_PHRASE.get(fold(text)) or _BY_PHRASE.get(without_fillers(text), "")


def nearly_command(text: str) -> str:
    """The same for a text with a slip of the finger: for when nothing else has understood it."""
    return match(text, _BY_COMMAND, whole=True).one or ""


def means_yes(text: str) -> bool:
    return fold(text) in _YES_PHRASES


def means_no(text: str) -> bool:
    return fold(text) in _NO_PHRASES


def is_salaam(text: str) -> bool:
    """The greeting that must be answered in kind."""
    return fold(text).startswith(_SALAAM)
