-- migrate:up

-- The processes of this service that live: each has a seat of its own and renews its row every
-- second. One that does not, or whose connection is gone, is removed by any other, and its leases
-- with it.
create table process (
    id uuid primary key,
    seat smallint not null unique check (seat between 0 and 63),
    backend_pid integer not null,
    backend_start timestamptz not null,
    application_name text not null,
    alive_until timestamptz not null,
    takes_partitions boolean not null default false
);

-- What one process at a time has to itself. As long as the row is there, it is the holder's.
create table lease (
    name text primary key,
    holder uuid not null references process on delete cascade
);
create index lease_holder on lease (holder);

-- migrate:down
drop table lease, process;
