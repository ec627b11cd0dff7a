"""Old code lives on under a new schema: every migration is read, and each harm is known when it is seen."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, models
from django.db.migrations import AddField, AddIndex, AlterField, Migration, RemoveField
from django.db.migrations.loader import MigrationLoader

from tests import migrations

pytestmark = pytest.mark.django_db(transaction=True)

CODE = models.CharField(max_length=5)
INDEX = models.Index(fields=["name"], name="restaurants_by_name")


def codes_of(*operations: Any, atomic: bool = True) -> set[str]:
    loader = MigrationLoader(connection, replace_migrations=False)
    parents = loader.graph.leaf_nodes("bots")
    tried = type("Tried", (Migration,), {"operations": list(operations), "atomic": atomic, "dependencies": parents})
    migration: Migration = tried("9999_tried", "bots")
    loader.graph.add_node(("bots", "9999_tried"), migration)
    for parent in parents:
        loader.graph.add_dependency(migration, ("bots", "9999_tried"), parent)
    sentences = migrations.faults_of(migration, migrations.statements(loader, migration))
    return {sentence.rpartition("(")[2].partition(")")[0] for sentence in sentences}


def test_every_migration_of_the_house_lets_old_code_live() -> None:
    assert list(migrations.faults()) == []


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (AddField("restaurant", "colour", models.CharField(max_length=5, default="red")), "NO_DB_DEFAULT"),
        (AddIndex("restaurant", INDEX), "CREATE_INDEX"),
        (RemoveField("restaurant", "name_ar"), "DROP_COLUMN"),
        (AlterField("restaurant", "name", models.CharField(max_length=5)), "ALTER_COLUMN"),
        (AlterField("restaurant", "has_hooks", models.BooleanField(default=False)), "DROP_DEFAULT"),
        (AlterField("membership", "role", models.CharField(max_length=10, unique=True)), "ADD_UNIQUE"),
    ],
)
def test_what_harms_a_running_process_is_refused(operation: Any, code: str) -> None:
    assert code in codes_of(operation)


@pytest.mark.parametrize(
    "field",
    [
        models.CharField(max_length=5, default="red", db_default="red"),
        models.CharField(max_length=5, null=True),
    ],
)
def test_a_column_that_old_code_may_leave_out_is_let_in(field: Any) -> None:
    assert codes_of(AddField("restaurant", "colour", field)) == set()


def test_an_index_is_built_beside_the_traffic_and_alone_in_its_migration() -> None:
    assert codes_of(AddIndexConcurrently("restaurant", INDEX), atomic=False) == set()
    other = models.Index(fields=["phone"], name="restaurants_by_phone")
    two = [AddIndexConcurrently("restaurant", INDEX), AddIndexConcurrently("restaurant", other)]
    assert codes_of(*two, atomic=False) == {"HALF_DONE"}
