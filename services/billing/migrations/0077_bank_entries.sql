-- migrate:up

-- The entries of bank statements as the bank wrote them: a record that tax law keeps, and that goes
-- on its day. It names payers, which the events of an entry do not.
create table bank_entry_kept (
    entry_id uuid primary key,
    statement_id uuid not null,
    brand text not null,
    method text not null,
    account text not null,
    source text not null,
    line integer not null,
    booked_on date not null,
    value_on date not null,
    amount_minor bigint not null,
    currency text not null,
    is_credit boolean not null,
    is_reversal boolean not null,
    payer_name text not null,
    payer_account text not null,
    remittance text not null,
    reference_kinds text not null,
    reference_values text not null,
    bank_reference text not null,
    delete_on date not null
);
create index bank_entry_kept_of_account on bank_entry_kept (brand, account, booked_on);
create index bank_entry_kept_until on bank_entry_kept (delete_on);

-- Entries that nothing was decided about yet; one goes with the transaction that decides.
create table bank_entry_waiting (
    entry_id uuid primary key references bank_entry_kept,
    brand text not null,
    booked_on date not null,
    line integer not null
);
create index bank_entry_waiting_of_brand on bank_entry_waiting (brand, booked_on, line, entry_id);

-- migrate:down
drop table bank_entry_waiting, bank_entry_kept;
