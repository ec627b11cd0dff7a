"""What the customer reads when the bot cannot talk; apart, so that it needs nothing that could fail as well."""

from orders.menu import Language

COULD_NOT_ANSWER: dict[Language, str] = {
    "ar": (
        "نعتذر منك 🙏 صار عندنا خلل وما قدرنا نرد على رسالتك. "
        "وصلت لفريقنا وبيتابعها معك، وتقدر تكمل طلبك أو ترسل «القائمة»."
    ),
    "en": (
        "Sorry 🙏 something went wrong and I could not answer your message. "
        "Our team has it and will follow up; you can go on with your order or write “menu”."
    ),
}

PAUSED: dict[Language, str] = {
    "ar": "حياك الله 🌷 ما نستقبل الطلبات هنا في الوقت الحالي. وصلتنا رسالتك، وفريقنا يشوفها.",
    "en": "Welcome 🌷 We are not taking orders here at the moment. Your message has arrived and our team can see it.",
}
REACH_US: dict[Language, str] = {
    "ar": "وتقدر تتواصل معنا هنا: {contact}",
    "en": "You can also reach us here: {contact}",
}
