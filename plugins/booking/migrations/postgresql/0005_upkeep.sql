-- expand
create index appointment_resource_overdue on appointment_resource (hold_until) where hold_until is not null;
create index appointment_confirmed on appointment (end_utc) where status = 'confirmed';

-- Versions of the zone data that have been applied to the appointments that were there.
create table zone_rebase (tzdata_version text not null primary key, begun_at bigint not null);
