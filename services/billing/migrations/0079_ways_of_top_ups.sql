-- migrate:up

-- By which of the brand's ways to pay the client said they would transfer; null: not kept then.
alter table top_up_by_transfer add column method text;
create index top_up_by_transfer_awaited on top_up_by_transfer (account_id, top_up_id desc)
    where credited_on is null;

-- migrate:down
drop index top_up_by_transfer_awaited;
alter table top_up_by_transfer drop column method;
