"""What is wrong with a page: too wide for a screen, or a fault that axe finds.

Rules: axe-core's for WCAG 2.2 A and AA and its best practices (https://dequeuniversity.com/rules/axe/).
"""

from __future__ import annotations

import os
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (320, 360, 768, 1024, 1280)
PHONE_AND_DESK = (360, 1280)
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_AXE = Axe()
_FAULTS = """async (tags) => {
  const found = await axe.run({ runOnly: tags, resultTypes: ["violations"] });
  const words = (node) => `${node.target.join(" ")}: ${node.any[0]?.message || ""}`;
  return found.violations.map((rule) => [rule.impact, rule.id, rule.nodes.slice(0, 3).map(words)]);
}"""


def too_wide(page: Page, name: str) -> list[str]:
    """With PICTURES=folder the page is kept there at every width, under its name."""
    folder, wrong = os.environ.get("PICTURES", ""), []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if folder:
            page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
        too_much = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        wrong += [f"{name} at {width}: {too_much} px too wide"] if too_much > 0 else []
    return wrong


def faults(page: Page, name: str) -> list[str]:
    """On a phone and on a desk; the lesser ones of axe ("minor") are left out."""
    wrong: list[str] = []
    page.evaluate(_AXE.axe_script)
    for width in PHONE_AND_DESK:
        page.set_viewport_size({"width": width, "height": 800})
        for impact, rule, nodes in page.evaluate(_FAULTS, _TAGS):
            wrong += [f"{name} at {width}: {rule} ({impact}) {nodes}"] if impact != "minor" else []
    return wrong
