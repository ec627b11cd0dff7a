"""Places to share from a phone without a map. Degrees, read from public maps."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class NamedPlace:
    label: Promise | str
    address: Promise | str
    latitude: str
    longitude: str


PLACES = (
    NamedPlace(_("Olaya, Kingdom Centre"), _("King Fahd Road, Riyadh"), "24.711400", "46.674400"),
    NamedPlace(_("Al Malaz, King Abdullah Park"), _("Al Malaz, Riyadh"), "24.665900", "46.737800"),
    NamedPlace(_("Riyadh Park"), _("Northern Ring Road, Riyadh"), "24.756300", "46.630100"),
    NamedPlace(_("Diriyah, At-Turaif"), _("Diriyah, Riyadh"), "24.734200", "46.572600"),
    NamedPlace(_("Al Balad"), _("Historic Jeddah, Jeddah"), "21.485800", "39.186800"),
    NamedPlace(_("Corniche, King Fahd's Fountain"), _("Al Hamra, Jeddah"), "21.515600", "39.145000"),
    NamedPlace(_("AlUla"), "", "26.608500", "37.923200"),
)
