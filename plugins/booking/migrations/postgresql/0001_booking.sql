-- Instants are seconds since 1970-01-01T00:00:00Z. Every key begins with the tenant.

create table location (
  tenant text not null, id text not null,
  name text not null, time_zone text not null, address text,
  active bigint not null, version bigint not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id)
);

create table service (
  tenant text not null, id text not null,
  name text not null, duration_min bigint not null, other_durations_min text not null, slot_step_min bigint not null,
  buffer_before_min bigint not null, buffer_after_min bigint not null, min_notice_min bigint, horizon_days bigint,
  requires_confirmation bigint not null,
  active bigint not null, version bigint not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id)
);

-- `revision` is a fresh id at every change of the schedule, its rules or its exceptions.
create table schedule (
  tenant text not null, id text not null,
  name text not null, time_zone text not null, revision text not null,
  active bigint not null, version bigint not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id)
);

-- Bit 0 of `weekdays` is Monday; minutes count from local midnight, 1440 is its end.
create table schedule_rule (
  tenant text not null, schedule text not null, id text not null,
  weekdays bigint not null check (weekdays between 1 and 127),
  begin_min bigint not null check (begin_min between 0 and 1439),
  end_min bigint not null check (end_min > begin_min and end_min <= 1440),
  valid_from text, valid_to text,
  primary key (tenant, schedule, id),
  foreign key (tenant, schedule) references schedule (tenant, id) on delete cascade
);

-- `hours` is "540-720,780-1020": minutes of the local day.
create table schedule_exception (
  tenant text not null, schedule text not null, id text not null,
  date text not null, kind text not null check (kind in ('closed', 'open', 'replace')), hours text not null,
  primary key (tenant, schedule, id),
  foreign key (tenant, schedule) references schedule (tenant, id) on delete cascade
);
create index schedule_exception_by_date on schedule_exception (tenant, schedule, date);

create table resource (
  tenant text not null, id text not null,
  name text not null, kind text not null check (kind in ('staff', 'room', 'equipment')),
  location text, schedule text not null, priority bigint not null,
  active bigint not null, version bigint not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id),
  foreign key (tenant, schedule) references schedule (tenant, id),
  foreign key (tenant, location) references location (tenant, id)
);
create index resource_by_schedule on resource (tenant, schedule);
create index resource_by_location on resource (tenant, location);

create table resource_service (
  tenant text not null, service text not null, resource text not null,
  primary key (tenant, service, resource),
  foreign key (tenant, service) references service (tenant, id),
  foreign key (tenant, resource) references resource (tenant, id) on delete cascade
);
create index resource_service_by_resource on resource_service (tenant, resource);

create table lead (
  tenant text not null, id text not null,
  name text, phone text, email text, time_zone text, language text,
  source text not null, status text not null, notes text not null,
  version bigint not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id),
  check (phone is not null or email is not null)
);
create unique index lead_by_phone on lead (tenant, phone) where phone is not null;
create unique index lead_by_email on lead (tenant, email) where email is not null;

create table appointment (
  tenant text not null, id text not null,
  service text not null, lead text, location text,
  start_utc bigint not null, end_utc bigint not null check (end_utc > start_utc),
  local_start text not null, time_zone text not null, tzdata_version text not null,
  status text not null check (status in ('held', 'pending', 'confirmed', 'checked_in', 'completed', 'no_show',
                                         'cancelled', 'declined', 'expired')),
  hold_expires_at bigint, source text not null, notes text not null,
  cancelled_by text, cancel_reason text, ended_at bigint,
  ics_sequence bigint not null, reschedule_count bigint not null,
  version bigint not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id),
  foreign key (tenant, service) references service (tenant, id),
  foreign key (tenant, lead) references lead (tenant, id)
);
create index appointment_by_start on appointment (tenant, start_utc, id);
create index appointment_by_lead on appointment (tenant, lead, start_utc, id);
create index appointment_by_service on appointment (tenant, service);
create index appointment_by_location on appointment (tenant, location) where location is not null;

-- What an appointment takes of a resource: its time with buffers. `live` follows the status.
create table appointment_resource (
  tenant text not null, appointment text not null, resource text not null,
  block_start bigint not null, block_end bigint not null, live bigint not null check (live in (0, 1)),
  hold_until bigint,
  primary key (tenant, appointment, resource),
  check (block_end - block_start between 1 and 86400),
  foreign key (tenant, appointment) references appointment (tenant, id),
  foreign key (tenant, resource) references resource (tenant, id)
);
create index appointment_resource_live on appointment_resource (tenant, resource, block_start) where live = 1;
create index appointment_resource_held on appointment_resource (tenant, resource, block_start) where hold_until is not null;

-- No double booking, whoever writes: the plugin's own checks are only the polite form of this.
create extension if not exists btree_gist;
alter table appointment_resource add constraint appointment_resource_overlap
  exclude using gist (tenant with =, resource with =, int8range(block_start, block_end) with &&) where (live = 1);
create function drive_live() returns trigger language plpgsql as $$
begin
  update appointment_resource set
      live = case when new.status in ('held', 'pending', 'confirmed', 'checked_in') then 1 else 0 end,
      hold_until = case when new.status = 'held' then new.hold_expires_at end
    where tenant = new.tenant and appointment = new.id;
  return null;
end $$;
create trigger appointment_status_drives_live after update of status on appointment
  for each row execute function drive_live();

create table appointment_history (
  tenant text not null, appointment text not null, version bigint not null,
  action text not null, from_status text, to_status text not null,
  start_utc bigint not null, end_utc bigint not null, resource text not null,
  actor text not null, request_id text not null, reason text not null, at bigint not null,
  primary key (tenant, appointment, version),
  foreign key (tenant, appointment) references appointment (tenant, id)
);
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'HISTORY_IS_FINAL';
end $$;
create trigger appointment_history_is_final before update or delete on appointment_history
  for each row execute function refuse_change();
create trigger appointment_history_is_not_emptied before truncate on appointment_history
  for each statement execute function refuse_change();
