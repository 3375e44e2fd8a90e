-- What slot tokens and cursors are signed with, where no setting says so.
create table signing_secret (name text not null primary key, secret bytea not null);

-- `previous` is a JSON array of the times before each move; `made_from` the digest of the PUT that made it;
-- `answers` a JSON object by the ids of the service's questions; `price` what it was when it was booked.
alter table appointment add column hold_extended bigint not null default 0 check (hold_extended in (0, 1));
alter table appointment add column previous text not null default '[]';
alter table appointment add column made_from text;
alter table appointment add column answers text not null default '{}';
alter table appointment add column price text;
alter table appointment_history add column acted_by text;
alter table appointment_history add column changes text not null default '{}';

-- One index for each order that lists can be asked for.
create index appointment_by_created on appointment (tenant, created_at, id);
create index appointment_by_updated on appointment (tenant, updated_at, id);
create index lead_by_created on lead (tenant, created_at, id);
create index lead_by_updated on lead (tenant, updated_at, id);
create index lead_by_name on lead (tenant, (coalesce(name, '')), id);
create index location_by_name on location (tenant, name, id);
create index location_by_updated on location (tenant, updated_at, id);
create index service_by_name on service (tenant, name, id);
create index service_by_updated on service (tenant, updated_at, id);
create index schedule_by_name on schedule (tenant, name, id);
create index schedule_by_updated on schedule (tenant, updated_at, id);
create index resource_by_name on resource (tenant, name, id);
create index resource_by_updated on resource (tenant, updated_at, id);
create index blocked_period_by_updated on blocked_period (tenant, updated_at, id);
create index time_off_by_updated on time_off (tenant, updated_at, id);

-- Round robin: who has waited longest has the lowest turn.
create table assignment_turn (
  tenant text not null, service text not null, resource text not null, turn bigint not null,
  primary key (tenant, service, resource),
  foreign key (tenant, service) references service (tenant, id) on delete cascade,
  foreign key (tenant, resource) references resource (tenant, id) on delete cascade
);
create index assignment_turn_by_resource on assignment_turn (tenant, resource);

-- Requests of many items: what each run of consecutive items came to, written with its effect.
create table bulk_request (
  tenant text not null, route text not null, key text not null,
  fingerprint text not null, started_at bigint not null,
  primary key (tenant, route, key)
);
create index bulk_request_by_start on bulk_request (started_at);
create table bulk_part (
  tenant text not null, route text not null, key text not null, first bigint not null,
  items bigint not null check (items > 0), results text not null,
  primary key (tenant, route, key, first),
  foreign key (tenant, route, key) references bulk_request (tenant, route, key) on delete cascade
);
