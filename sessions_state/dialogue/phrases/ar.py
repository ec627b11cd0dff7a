"""What customers read in Arabic. The same names as `en.py`.

A line that may begin with a foreign name begins with a right-to-left mark, or the phone would turn it around.
"""

from __future__ import annotations

RLM = "\u200f"

OTHER_LANGUAGE = "English"
ORDER_NOW = "🍽 اطلب الآن"
ORDER_AGAIN = "🍽 طلب جديد"
MY_ORDER = "📦 وين طلبي؟"
STAFF = "🙋 كلّم موظف"
MENU = "📋 المنيو"
BACK_TO_MENU = "↩ رجوع للمنيو"
CHECKOUT = "✅ إتمام الطلب"
ADD_MORE = "➕ إضافة المزيد"
START_OVER = "🗑 ابدأ من جديد"
DELIVERY = "🛵 توصيل"
PICKUP = "🏃 استلام"
CASH = "💵 نقدًا"
CARD = {"delivery": "💳 شبكة عند التوصيل", "pickup": "💳 شبكة عند الاستلام"}
ONLINE = "🔗 دفع إلكتروني"
CONFIRM = "✅ تأكيد الطلب"
CHANGE = "✏️ تعديل"
CANCEL = "❌ إلغاء"
KEEP_CART = "🛒 نكمّل السلة"
FRESH_CART = "🆕 طلب جديد"
MORE = "⬅ المزيد"
PREVIOUS = "➡ السابق"
SHOW_CATEGORIES = "شوف المنيو"
SHOW_ITEMS = "شوف الأصناف"
SHOW_BRANCHES = "شوف الفروع"
SHOW_RATINGS = "قيّم طلبك"
STARS = ("⭐ سيئ", "⭐⭐ مقبول", "⭐⭐⭐ جيد", "⭐⭐⭐⭐ جيد جدًا", "⭐⭐⭐⭐⭐ ممتاز")

HOW_CAN_I_HELP = "كيف أقدر أخدمك؟"
MY_PLEASURE = "العفو، حياك الله 🌷"
CHOOSE_ORDER_TYPE = "تحب نوصّل لك الطلب، أو تستلمه من الفرع؟"
ASK_LOCATION = "📍 وين نوصّل لك؟ أرسل موقعك: اضغط 📎 (أو ＋) ثم *الموقع*."
NO_LOCATION = "ما ضبط معك إرسال الموقع؟ تقدر تستلم طلبك من الفرع، أو تكلّم أحد موظفينا."
CHOOSE_BRANCH = "أي فرع أقرب لك؟"
CHOOSE_CATEGORY = "وش تشتهي اليوم؟"
HOW_MANY = "كم تحب؟ اضغط على العدد أو اكتبه."
YOUR_CART = "🛒 سلتك:"
KEPT_CART = "🛒 سلتك من المرة السابقة ما زالت محفوظة:"
GO_ON_WITH_IT = "نكمّل عليها؟"
CART_EMPTY = "سلتك فاضية."
CHOOSE_PAYMENT = "كيف تحب تدفع؟"
CHECK_ORDER = "راجع طلبك الله يحييك:"
LOOKS_RIGHT = "نأكّد الطلب؟"
ORDER_CHANGED_MEANWHILE = "تغيّر شي في طلبك من آخر مرة شفته، راجعه مرة ثانية لو سمحت."
ALREADY_PLACED = "طلبك وصل المطعم، ما يحتاج تأكّده مرة ثانية 👌"
STALE = "هذا الزر من رسالة سابقة، فما غيّرت شي."
STARTED_OVER = "أبشر، فضّيت السلة ونبدأ من جديد."
START = "أبشر، نبدأ."
CANCELLED = "تم الإلغاء، وما انطلب شي."
NOTHING_TO_CANCEL = "ما فيه شي نلغيه."
PLACED_CANNOT_CANCEL = "هذا الطلب وصل المطعم. إذا تبي تلغيه، موظفينا يساعدونك."
PLACE_NOTED = "وصلني موقعك 📍"
PLACE_NOT_NEEDED = "شكرًا على الموقع، ما أحتاجه الحين."
GONE_FROM_MENU = "هذا الصنف ما عاد موجود في المنيو."
CART_FULL = "سلتك وصلت الحد الأعلى من الأصناف. أكّد هذا الطلب أول."
NO_ORDERS = "ما عندك طلبات عندنا إلى الآن."
TRACKING = "تأمر بشي ثاني؟"
HOW_WAS_IT = "كيف كان طلبك؟ قيّمه من 1 إلى 5:"
RATED = "شكرًا على تقييمك 🌟"
RATED_LOW = "شكرًا على صراحتك، ونعتذر إن التجربة ما كانت على قد توقعك. إذا تحب، موظفينا يسمعون منك وش صار."
PERSON_WILL_ANSWER = "🙋 بلّغت الفريق، وبيرد عليك أحد موظفينا هنا. وإذا تبيني أرجع لك اكتب *بوت*."
GOING_ROUND = "نلف وندور، فطلبت من فريقنا يرد عليك هنا. وإذا تبيني أرجع لك اكتب *بوت*."
BACK = "رجعت لك 🤖"
NOBODY_WAS_FREE = "نعتذر منك، ما كان فيه أحد متفرّغ يرد عليك. أنا معك، وإذا تبي تطلب موظف مرة ثانية اكتب *موظف*."
OFFER_PERSON = "المعذرة، ما قدرت أفهم عليك. تحب تكلّم أحد موظفينا؟"
CANNOT_LISTEN = "🎙 ما أقدر أسمع الرسائل الصوتية إلى الآن. اكتب لي لو سمحت، أو أرسل موقعك."
CANNOT_SEE = "أفهم الكتابة والمواقع فقط إلى الآن."

HINT = "المعذرة، ما فهمت عليك. اضغط على أحد الخيارات أو اكتب رقمه."
HINT_NAME = "المعذرة، ما فهمت عليك. اضغط على أحد الخيارات، أو اكتب اسمه أو رقمه."
HINT_LOCATION = "مشكور! عشان نوصلك بالضبط أحتاج موقعك على الخريطة بدل العنوان المكتوب."
HINT_QUANTITY = "اكتب عدد من 1 إلى 99."
HINT_RATING = "اختر من 1 إلى 5."

_STATUS = {
    "placed": "وصل المطعم، وننتظر قبوله",
    "accepted": "قبله المطعم ✅",
    "preparing": "يتجهّز الحين 👨‍🍳",
    "ready": "جاهز 🛍",
    "on_the_way": "في الطريق إليك 🛵",
    "delivered": "وصل، بالعافية عليك 😋",
    "picked_up": "استلمته، بالعافية عليك 😋",
    "cancelled": "ملغي",
}


def greeting(restaurant: str, name: str, salaam: bool) -> str:
    hello = "وعليكم السلام ورحمة الله" if salaam else "هلا والله"
    return f"{hello}{' يا ' + name if name else ''} 👋 حياك في {restaurant}!"


def hello_again(salaam: bool) -> str:
    return f"{'وعليكم السلام ورحمة الله' if salaam else 'هلا فيك من جديد'} 👋 سلتك محفوظة."


def hello_midway(salaam: bool) -> str:
    return f"{'وعليكم السلام ورحمة الله' if salaam else 'هلا والله'} 👋 خلّنا نكمّل."


def nothing_on_sale(support: str) -> str:
    line = "نعتذر منك، ما نقدر نستقبل طلبات الحين."
    return f"{line} تقدر تتواصل معنا هنا: {support}" if support else f"{line} جرّب بعد شوي لو سمحت."


def cart_line(quantity: int, name: str, total: str) -> str:
    return f"{RLM}• {quantity} × {name}: {total}"


def pieces(number: int) -> str:
    if number == 1:
        return "صنف واحد"
    if number == 2:
        return "صنفين"
    return f"{number} أصناف" if 3 <= number % 100 <= 10 else f"{number} صنف"


def cart_row(number: int) -> str:
    return f"🛒 السلة ({number})"


def total(amount: str) -> str:
    return f"*الإجمالي: {amount}*"


def minimum(missing: str, least: str) -> str:
    return f"أقل طلب {least}، باقي لك {missing} عشان تكمّل الطلب."


def items_of(name: str) -> str:
    return f"{RLM}*{name}*: أي واحد تحب؟"


def page(number: int, pages: int) -> str:
    return f"(صفحة {number} من {pages})"


def item(name: str, price: str, about: str) -> str:
    return f"{RLM}*{name}*: {price}" + (f"\n{RLM}{about}" if about else "")


def added(quantity: int, name: str) -> str:
    return f"أضفت {quantity} × {name} ✅"


def changed_to(quantity: int, name: str) -> str:
    return f"صارت {quantity} × {name} ✅"


def this_many(quantity: int, name: str) -> str:
    return f"{quantity} × {name}"


def of_what(number: int) -> str:
    return f"تقصد {number} من أي صنف؟ اختر عشان أعدّل الصح:"


def most_per_item(most: int) -> str:
    return f"أقصى عدد من الصنف الواحد {most}. إذا تبي أكثر، موظفينا يساعدونك."


def which_one(said: str) -> str:
    return f"أي واحد تقصد بـ«{said}»؟"


def sold_out(name: str) -> str:
    return f"نعتذر منك، *{name}* خلص حاليًا."


def taken_out(names: str, more: int) -> str:
    """`names` are sold out, `more` is how many others are no longer on the menu."""
    if not names:
        return f"نعتذر منك، شلت من سلتك {pieces(more)} ما عاد موجود في المنيو."
    tail = f"، ومعه {pieces(more)} ما عاد موجود في المنيو" if more else ""
    return f"نعتذر منك، خلص وشلته من سلتك: {names}{tail}."


def nearest_branch(branch: str) -> str:
    return f"طلبك بيجيك من: {branch}"


def for_delivery(branch: str, address: str) -> str:
    return f"🛵 توصيل من {branch}" + (f"\n{RLM}📍 {address}" if address else "\n📍 إلى الموقع اللي أرسلته")


def for_pickup(branch: str, address: str) -> str:
    return f"🏃 استلام من {branch}" + (f"\n{RLM}📍 {address}" if address else "")


def paid_by(way: str) -> str:
    return f"الدفع: {way}"


def placed(number: int, total: str, order_type: str) -> str:
    then = "يطلع لك" if order_type == "delivery" else "يجهز"
    return f"🎉 تسلم! تم طلبك رقم *{number}*.\nالإجمالي: {total}\nببلّغك هنا أول ما {then}."


def pay_here(link: str) -> str:
    return f"للدفع الإلكتروني: {link}"


REFUSED = {
    "gone": "نعتذر منك، خلص شي من سلتك قبل شوي. راجع سلتك لو سمحت.",
    "minimum": "نعتذر منك، طلبك أقل من الحد الأدنى للطلب.",
    "branch": "نعتذر منك، هذا الفرع ما يقدر يستقبل طلبك الحين.",
    "closed": "نعتذر منك، المطعم مقفل الحين. سلتك محفوظة.",
}


def order_status(number: int, status: str, order_type: str) -> str:
    words = "جاهز للاستلام 🛍" if (status, order_type) == ("ready", "pickup") else _STATUS[status]
    return f"طلبك رقم *{number}*: {words}"


def more_orders(number: int) -> str:
    return f"وعندك طلبات ثانية: {number}"


def reach_us(support: str) -> str:
    return f"وتقدر تتواصل معنا هنا: {support}"
