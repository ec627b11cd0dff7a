"""JSON bodies that the rest of the house can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StorableJSONParser(JSONParser):
    """A body of a million brackets ends in a RecursionError, and half of a surrogate pair, which JSON can spell, in
    no database and no answer."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            parsed = super().parse(stream, media_type, parser_context)
            json.dumps(parsed, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("JSON parse error - too deeply nested") from error
        except UnicodeEncodeError as error:
            raise ParseError("JSON parse error - half of a surrogate pair") from error
        return parsed
