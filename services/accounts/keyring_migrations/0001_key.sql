-- migrate:up

-- The key of each subject's personal data, wrapped by the master key. Deleting a row erases them.
create table key (
    subject uuid primary key,
    wrapped bytea not null,
    created_at timestamptz not null default now()
);

-- migrate:down
drop table key;
