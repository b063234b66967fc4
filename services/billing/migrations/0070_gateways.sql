-- migrate:up

-- What a webhook is about, as its gateway says: read when it is kept, its signature being checked.
alter table webhook
    add column about text not null default '',
    add column kind text not null default 'other';

-- What the first gateway told: its name is sandbox now.
update webhook set source = 'sandbox', about = coalesce(body #>> '{data,id}', ''), kind = 'attempt'
where source = 'gateway';

-- How often gateway or panel were asked about something since it is what it is, and when they are
-- asked again; without an instant they are not.
alter table inquiry
    add column asked integer not null default 0,
    add column since timestamptz,
    add column next_at timestamptz;

-- migrate:down
alter table inquiry drop column asked, drop column since, drop column next_at;
update webhook set source = 'gateway' where source = 'sandbox';
alter table webhook drop column about, drop column kind;
