-- `schedule` takes the place of the resource's for this service. `price` is "USD 11999": minor units.
-- A limit counts one service's visits on a local day, or in a local week from Monday on.
alter table service add column description text;
alter table service add column category text;
alter table service add column schedule text;
alter table service add column price text;
alter table service add column assignment text not null default 'priority'
  check (assignment in ('specific', 'round_robin', 'least_loaded', 'priority'));
alter table service add column lead_max_per_day integer;
alter table service add column lead_max_per_week integer;
alter table service add column resource_max_per_day integer;
alter table service add column resource_max_per_week integer;
alter table service add column questions text not null default '[]';
create index service_by_schedule on service (tenant, schedule) where schedule is not null;

alter table resource add column time_zone text;
alter table resource add column weight integer not null default 1;
alter table resource add column resource_group text;

-- With an RRULE all seven weekdays are set: the rule itself says which days count.
alter table schedule_rule add column rrule text;

-- `starts` and `ends` are both dates (the last one counts), wall times of each resource's zone, or instants.
-- `first_date` and `last_date` are bounds in any zone, for looking up.
create table blocked_period (
  tenant text not null, id text not null,
  reason text not null, starts text not null, ends text not null, first_date text not null, last_date text not null,
  active integer not null, version integer not null, created_at integer not null, updated_at integer not null,
  primary key (tenant, id)
) without rowid;
create index blocked_period_by_date on blocked_period (tenant, last_date);

create table time_off (
  tenant text not null, id text not null, resource text not null,
  reason text not null, starts text not null, ends text not null, first_date text not null, last_date text not null,
  active integer not null, version integer not null, created_at integer not null, updated_at integer not null,
  primary key (tenant, id),
  foreign key (tenant, resource) references resource (tenant, id) on delete cascade
) without rowid;
create index time_off_by_date on time_off (tenant, resource, last_date);

-- What is null is as the plugin's settings say.
create table tenant_settings (
  tenant text not null primary key,
  name text, time_zone text, locale text, currency text,
  default_notice_min integer, horizon_days integer, cancel_window_min integer, no_show_grace_min integer,
  hold_min integer,
  booking_policy text check (booking_policy in ('auto', 'confirm')),
  tz_change_policy text check (tz_change_policy in ('keep_wall', 'keep_instant')),
  version integer not null, updated_at integer not null
) without rowid;


-- One resource's visits in the order of their start.
alter table appointment_resource add column start_utc integer not null default 0;
create index appointment_resource_by_start on appointment_resource (tenant, resource, start_utc, appointment);
