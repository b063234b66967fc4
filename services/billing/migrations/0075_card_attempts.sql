-- migrate:up

-- Attempts to pay by card or to save one, per subject: the SHA-256 of an account or a network.
create table card_attempt (
    subject bytea not null,
    attempt_id uuid not null,
    began_at timestamptz not null,
    saves_card boolean not null,
    primary key (subject, attempt_id)
);
create index card_attempt_age on card_attempt (began_at);

-- migrate:down
drop table card_attempt;
