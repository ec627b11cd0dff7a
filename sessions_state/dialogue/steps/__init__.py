"""The steps of the talk by their stored names, one file each."""

from __future__ import annotations

from sessions_state.dialogue.step import Step
from sessions_state.dialogue.steps import (
    choosing_branch,
    choosing_category,
    choosing_item,
    choosing_order_type,
    choosing_payment,
    choosing_quantity,
    confirming,
    rating,
    reviewing_cart,
    sharing_location,
    tracking,
    welcome,
    with_staff,
)

STEPS: dict[str, Step] = {
    "welcome": welcome.STEP,
    "choosing_order_type": choosing_order_type.STEP,
    "sharing_location": sharing_location.STEP,
    "choosing_branch": choosing_branch.STEP,
    "choosing_category": choosing_category.STEP,
    "choosing_item": choosing_item.STEP,
    "choosing_quantity": choosing_quantity.STEP,
    "reviewing_cart": reviewing_cart.STEP,
    "choosing_payment": choosing_payment.STEP,
    "confirming": confirming.STEP,
    "tracking": tracking.STEP,
    "rating": rating.STEP,
    "with_staff": with_staff.STEP,
}
