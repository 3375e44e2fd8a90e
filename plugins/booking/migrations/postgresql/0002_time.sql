-- `schedule` takes the place of the resource's for this service. `price` is "USD 11999": minor units.
-- A limit counts one service's visits on a local day, or in a local week from Monday on.
alter table service add column description text;
alter table service add column category text;
alter table service add column schedule text;
alter table service add column price text;
alter table service add column assignment text not null default 'priority'
  check (assignment in ('specific', 'round_robin', 'least_loaded', 'priority'));
alter table service add column lead_max_per_day bigint;
alter table service add column lead_max_per_week bigint;
alter table service add column resource_max_per_day bigint;
alter table service add column resource_max_per_week bigint;
alter table service add column questions text not null default '[]';
create index service_by_schedule on service (tenant, schedule) where schedule is not null;

alter table resource add column time_zone text;
alter table resource add column weight bigint not null default 1;
alter table resource add column resource_group text;

-- With an RRULE all seven weekdays are set: the rule itself says which days count.
alter table schedule_rule add column rrule text;

-- `starts` and `ends` are both dates (the last one counts), wall times of each resource's zone, or instants.
-- `first_date` and `last_date` are bounds in any zone, for looking up.
create table blocked_period (
  tenant text not null, id text not null,
  reason text not null, starts text not null, ends text not null, first_date text not null, last_date text not null,
  active bigint not null, version bigint not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id)
);
create index blocked_period_by_date on blocked_period (tenant, last_date);

create table time_off (
  tenant text not null, id text not null, resource text not null,
  reason text not null, starts text not null, ends text not null, first_date text not null, last_date text not null,
  active bigint not null, version bigint not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id),
  foreign key (tenant, resource) references resource (tenant, id) on delete cascade
);
create index time_off_by_date on time_off (tenant, resource, last_date);

-- What is null is as the plugin's settings say.
create table tenant_settings (
  tenant text not null primary key,
  name text, time_zone text, locale text, currency text,
  default_notice_min bigint, horizon_days bigint, cancel_window_min bigint, no_show_grace_min bigint,
  hold_min bigint,
  booking_policy text check (booking_policy in ('auto', 'confirm')),
  tz_change_policy text check (tz_change_policy in ('keep_wall', 'keep_instant')),
  version bigint not null, updated_at bigint not null
);


-- One resource's visits in the order of their start.
alter table appointment_resource add column start_utc bigint not null default 0;
create index appointment_resource_by_start on appointment_resource (tenant, resource, start_utc, appointment);
