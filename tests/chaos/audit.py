"""Who wrote what into the study's PostgreSQL, noted by the database itself, whatever the platform thinks it did."""

import json
from dataclasses import dataclass

import sqlalchemy

from garment_sweeps.study.database import DECISIONS, LEASES
from garment_sweeps.study.decisions import Event, read_log

_INSTALL = """
create schema chaos;
create table chaos.writes (id bigserial, writer text, place text, act text, body jsonb);
create index on chaos.writes (writer, place);
create function chaos.note() returns trigger language plpgsql as $$
begin
  insert into chaos.writes (writer, place, act, body)
    values (current_setting('application_name'), tg_table_name, tg_op, to_jsonb(coalesce(new, old)));
  return null;
end $$;
create function chaos.watch() returns event_trigger language plpgsql as $$
declare made record;
begin
  for made in select * from pg_event_trigger_ddl_commands()
      where command_tag = 'CREATE TABLE' and schema_name = 'public' loop
    execute format('create trigger note after insert or update or delete on %s '
                   'for each row execute function chaos.note()', made.object_identity);
  end loop;
end $$;
create event trigger watch on ddl_command_end execute function chaos.watch();
"""


@dataclass(frozen=True)
class Write:
    """One row that was inserted, changed or deleted, by a transaction that was committed."""

    number: int
    place: str
    """Its table."""
    act: str
    body: str


class StudyDatabase:
    """A study's PostgreSQL as seen from outside: who holds the lease and who wrote what. It survives `lose`.

    Drivers are known by the names that their supervisor gives them.

    Args:
        url: of the database, still empty.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = sqlalchemy.create_engine(url, pool_pre_ping=True)
        with self._engine.begin() as connection:
            connection.execute(sqlalchemy.text(_INSTALL))

    def lose(self) -> None:
        """Drops all tables with all that is in them, and leaves an empty database."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql("drop schema public cascade; create schema public")

    def holder(self, sweep: str) -> int:
        """Process id of the sweep's driver; 0 where nobody is."""
        if not sqlalchemy.inspect(self._engine).has_table(LEASES.name):
            return 0
        with self._engine.connect() as connection:
            query = sqlalchemy.select(LEASES.c.holder).where(LEASES.c.sweep == sweep)
            holder = connection.execute(query).scalar_one_or_none()
        return json.loads(holder)["pid"] if holder else 0

    def events(self, sweep: str) -> list[Event]:
        """The sweep's decision log; empty where there is none, and nothing is made."""
        there = sqlalchemy.inspect(self._engine).has_table(DECISIONS.name)
        return read_log(self._engine, sweep) if there else []

    def writes_of(self, writer: str) -> list[Write]:
        """All that a driver wrote, in order."""
        query = "select id, place, act, body::text from chaos.writes where writer = :writer order by id"
        with self._engine.connect() as connection:
            return [Write(*row) for row in connection.execute(sqlalchemy.text(query), {"writer": writer})]

    def has_written(self, writer: str, place: str) -> bool:
        """Whether a driver has written into that table."""
        query = "select exists (select from chaos.writes where writer = :writer and place = :place)"
        with self._engine.connect() as connection:
            return connection.execute(sqlalchemy.text(query), {"writer": writer, "place": place}).scalar_one()

    def held_up(self, writer: str) -> bool:
        """Whether a driver waits just now for somebody else's lock."""
        query = sqlalchemy.text(
            "select count(*) from pg_stat_activity where application_name = :writer and wait_event_type = 'Lock'"
        )
        with self._engine.connect() as connection:
            return connection.execute(query, {"writer": writer}).scalar_one() > 0

    def no_decisions(self) -> sqlalchemy.Connection:
        """A transaction in which nobody else can write into the decision log; close it to let them."""
        connection = self._engine.connect()
        connection.exec_driver_sql(f"lock table {DECISIONS.name} in share mode")
        return connection
