-- migrate:up

-- Which building of a view's tables a position belongs to: a worker that still has the tables
-- before a rebuild in mind is not let on, and reads anew where it stands.
alter table checkpoint add column build integer not null default 0;

-- The last rebuild of each view. How far it is stands in the checkpoints of its consumer.
create table rebuild (
    view text primary key,
    consumer text not null,
    total bigint not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome text check (outcome in ('swapped', 'failed'))
);

-- migrate:down
drop table rebuild;
alter table checkpoint drop column build;
