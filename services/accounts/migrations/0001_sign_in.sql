-- migrate:up

-- Who may sign in, by which address. The hash is a secret: it stands here and in no event.
create table credential (
    user_id uuid primary key,
    brand text not null,
    email text not null,
    account_id uuid,
    language text not null,
    is_confirmed boolean not null,
    is_staff boolean not null,
    password_hash text not null,
    unique (brand, email)
);

create table session (
    id uuid primary key,
    token_hash bytea not null unique,
    user_id uuid not null references credential,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    ends_at timestamptz not null
);
create index session_of_user on session (user_id);

-- One live link per user and kind: the newest replaces the one before.
create table one_time_link (
    user_id uuid not null references credential,
    kind text not null check (kind in ('email_confirmation', 'password_reset')),
    token_hash bytea not null unique,
    expires_at timestamptz not null,
    primary key (user_id, kind)
);

-- Resets asked for, until a moment later somebody looks whether the address is known.
create table reset_request (
    id uuid primary key,
    brand text not null,
    email text not null
);

-- Attempts per subject, which is the SHA-256 of a limit's name and what it counts.
create table attempt (
    subject bytea primary key,
    recent integer not null,
    consecutive integer not null,
    first_at timestamptz not null,
    last_at timestamptz not null
);
create index attempt_age on attempt (last_at);

-- migrate:down
drop table attempt, reset_request, one_time_link, session, credential;
