"""How the API is described and shown (drf-spectacular); read by settings."""

SETTINGS = {
    "TITLE": "Sufrah API",
    "DESCRIPTION": "Conversations, orders, menus and senders. Every call needs `Authorization: Bearer <token>`; an "
    "operator's token names the restaurant with `X-Restaurant-Id`. Every refusal is `{error, details}`.",
    "VERSION": "1.0.0",
    "DEFAULT_GENERATOR_CLASS": "bots.rest.schema.KeptSchema",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/sufrah/mark.svg",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": False, "displayOperationId": False},
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_NAME_OVERRIDES": {
        "HookEvent": "bots.hooks.models.HookEvent",
        "HookDeliveryStatus": "bots.hooks.models.HookDelivery.Status",
        "BotStatus": "bots.models.Bot.Status",
        "ConversationStatus": "conversations.models.Conversation.Status",
        "MessageStatus": "conversations.models.Message.Status",
        "OrderStatus": "orders.models.Order.Status",
    },
}
