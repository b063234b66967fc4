-- migrate:up

-- What was published about one account, in order: its statement and why something was charged. Its
-- partition alone has a sixty-fourth of all accounts.
create index log_of_account on log (partition, account_id, position) where account_id is not null;

-- migrate:down
drop index log_of_account;
