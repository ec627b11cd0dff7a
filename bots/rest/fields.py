"""JSON fields that take their own type only, and bodies that know what they know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, ClassVar, TypeVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty

T = TypeVar("T")
UNKNOWN_PARAMETER = "unknown parameter"
WHOLE_LIMIT = 2_147_483_647


class Text(serializers.CharField):
    """A JSON string. With `allow_null`, null says the same as the empty string."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is None and self.allow_null:
            return True, ""
        return super().validate_empty_values(data)

    def run_validation(self, data: Any = empty) -> Any:
        if data is not None and data is not empty and not isinstance(data, str):
            self.fail("invalid")
        return super().run_validation(data)


class Optional(Text):
    """A text that may be absent: null in answers, null or empty in requests."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "allow_null": True, "allow_blank": True, **options})

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value) or None


class Flag(serializers.BooleanField):
    """A JSON boolean, not “yes”."""

    def run_validation(self, data: Any = empty) -> Any:
        if data is not None and data is not empty and not isinstance(data, bool):
            self.fail("invalid", input=data)
        return super().run_validation(data)


class Whole(serializers.IntegerField):
    """A JSON number without a fraction, 0 to 2,147,483,647 unless told otherwise."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": WHOLE_LIMIT, **options})

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, bool | str | float):
            self.fail("invalid")
        return super().run_validation(data)


class Moment(serializers.DateTimeField):
    """ISO 8601; answered in UTC, as `2026-03-14T12:00:00Z`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"default_timezone": UTC, **options})


class YesNo(serializers.ChoiceField):
    """A yes or no in an address; in small letters or not: some languages write True."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"choices": ["true", "false"], "required": False, **options})

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(str(data).lower())


class Query(serializers.Serializer[Any]):
    """What an address may carry behind its question mark. Parameters that do not exist are refused by name."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(name for name in data if name not in self.fields)
        if unknown:
            wrong = ErrorDetail("This parameter does not exist.", code=UNKNOWN_PARAMETER)
            raise ValidationError({name: [wrong] for name in unknown})
        return super().to_internal_value(data)


class Body(serializers.Serializer[T]):
    """What a call may send. Fields that the answer shows and nobody may write are ignored when they are sent back;
    fields that do not exist are refused by name."""

    shown_only: ClassVar[frozenset[str]] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        refused = self._unknown(data)
        try:
            taken = super().to_internal_value(data)
        except ValidationError as error:
            found = error.detail if isinstance(error.detail, dict) else {}
            known = {name: self._told(name, errors) for name, errors in found.items()}
            raise ValidationError({**known, **refused}) from error
        if refused:
            raise ValidationError(refused)
        return taken

    def _told(self, name: str, errors: Any) -> Any:
        """Null is no missing field where the field may be left out."""
        if name not in self.fields or self.fields[name].required or not isinstance(errors, list):
            return errors
        return [ErrorDetail(one, "invalid") if getattr(one, "code", "") in ("null", "blank") else one for one in errors]

    def _unknown(self, data: Any) -> dict[str, list[ErrorDetail]]:
        if not isinstance(data, Mapping):
            return {}
        names = sorted(str(name) for name in data if name not in self.fields and name not in self.shown_only)
        return {name: [ErrorDetail("This field does not exist.", code="unknown")] for name in names}


def fields_of(shape: type[serializers.Serializer[Any]]) -> frozenset[str]:
    """The names that an answer of this shape shows."""
    return frozenset(shape._declared_fields)
