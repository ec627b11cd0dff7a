"""`python -m tests.migrations`: does a process of the version before live on under each new migration?

django-migration-linter reads the SQL; what it cannot see in SQL is asked here of the operations. docs/migrations.md
says how each thing is done instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import django
from django.db import connection, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, CreateModel
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

OURS = ("bots", "conversations", "orders", "sessions_state")
# The newest of each app that was there before the rule.
BEFORE_THE_RULE = {"bots": 5, "conversations": 3, "orders": 2, "sessions_state": 1}
# What the linter finds and is no harm: {migration: {code: why}}.
LOOKED_AT = {
    "bots/0014_deliveries_index": {"DROP_INDEX": "dropping takes the table for a moment, and migrate steps aside"},
    "conversations/0005_addresses_of_160": {
        "ALTER_COLUMN": "a longer varchar rewrites nothing, and old code writes less"
    },
}


def faults() -> Iterator[str]:
    """One sentence for each thing that would harm a running process; nothing for a migration before the rule."""
    loader = MigrationLoader(connection, replace_migrations=False)
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if app in OURS and int(name[:4]) > BEFORE_THE_RULE[app]:
            yield from faults_of(migration, statements(loader, migration))


def statements(loader: MigrationLoader, migration: Migration) -> list[str]:
    sql = [line for line in loader.collect_sql([(migration, False)]) if not line.startswith("--")]
    return ["BEGIN;", *sql, "COMMIT;"] if migration.atomic else sql


def faults_of(migration: Migration, sql: list[str]) -> Iterator[str]:
    place = f"{migration.app_label}/{migration.name}"
    found = {**_in_sql(sql), **_in_operations(migration)}
    for code, what in found.items():
        if code not in LOOKED_AT.get(place, {}):
            yield f"{place}: {what} ({code}). See docs/migrations.md."


def _in_sql(sql: list[str]) -> dict[str, str]:
    analyser = PostgresqlAnalyser(exclude_migration_tests=None)
    analyser.analyse(sql)
    found = {issue.code: issue.message for issue in (*analyser.errors, *analyser.warnings)}
    if any("DROP DEFAULT" in line for line in sql):
        found["DROP_DEFAULT"] = "older code leaves this column out and counts on its default"
    return found


def _in_operations(migration: Migration) -> dict[str, str]:
    made = {operation.name_lower for operation in migration.operations if isinstance(operation, CreateModel)}
    found = {}
    for operation in migration.operations:
        if isinstance(operation, AddField) and operation.model_name_lower not in made and _is_owed(operation.field):
            found["NO_DB_DEFAULT"] = f"older code cannot insert without {operation.name}: give it a db_default"
    if not migration.atomic and len(migration.operations) > 1:
        found["HALF_DONE"] = "a migration that is not atomic can break off in the middle: one operation each"
    return found


def _is_owed(field: models.Field) -> bool:  # type: ignore[type-arg]
    """Whether an insert that does not name the column is refused."""
    return not isinstance(field, models.ManyToManyField) and not field.null and not field.has_db_default()


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sufrah.settings")
    django.setup()
    found = list(faults())
    print("\n".join(found) or "Older code lives on under every migration.")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
