-- migrate:up

-- The files by which banks tell what became of boletos: kept first, read and booked later. A file
-- is there once for each brand, by its bytes; these go when all lines of it are read.
create table return_file (
    return_file_id uuid primary key,
    brand text not null,
    digest text not null,
    name text not null,
    received_by text not null,
    received_at timestamptz not null,
    bank text not null,
    columns smallint not null,
    written_on date,
    state text not null,
    problem jsonb,
    occurrences integer,
    discrepancies jsonb,
    settled_at timestamptz,
    body bytea,
    unique (brand, digest)
);
create index return_file_open on return_file (received_at) where state in ('received', 'read');

-- What a file says, an occurrence a row, and what came of it. Payers' names are not kept.
create table return_line (
    return_file_id uuid not null references return_file,
    line integer not null,
    fact text not null,
    kind text not null,
    code text not null,
    reasons text[] not null,
    own_number text not null,
    document text not null,
    occurred_on date,
    credited_on date,
    amount_minor bigint not null,
    paid_minor bigint not null,
    charges_minor bigint not null,
    fee_minor bigint not null,
    outcome text,
    detail text not null default '',
    boleto_id uuid,
    account_id uuid,
    primary key (return_file_id, line)
);
create index return_line_outcome on return_line (return_file_id, outcome, line);

-- migrate:down
drop table return_line, return_file;
