import type { ColumnType, Generated } from 'kysely'

// The tables as rows. Times are milliseconds in a bigint, booleans 0 or 1, JSON goes in as text and comes back
// as text (SQLite) or parsed (PostgreSQL): `fromJson` reads both.

export type Json = ColumnType<unknown, string, string>
export type Bit = 0 | 1

export interface ProjectRow {
  id: string
  name: string
}

export interface HostRow {
  project: string
  id: string
  name: string
  serial: string | null
  /** The serial, or nothing: what a list by serial is ordered by, since a page cannot begin after a null. */
  serial_order: string
  uuid: string | null
  amt_guid: string | null
  state: string
  desired_amt: string
  current_amt: string
  policy: string
  created_at: number
  updated_at: number
  revision: number
  /** Every other field of the host. */
  data: Json
}

export interface OperationRow {
  project: string
  id: string
  host_id: string
  kind: string
  life: string
  epoch: number
  idempotency_key: string | null
  created_at: number
  revision: number
  data: Json
}

export interface AuditRow {
  seq: Generated<number>
  project: string
  host_id: string | null
  at: number
  data: Json
}

export interface EnrolmentRow {
  token_hash: string
  project: string
  host_id: string
  expires_at: number
  used_at: number | null
}

export interface DeviceRow {
  guid: string
  project: string
  hostname: string | null
  friendly_name: string | null
  dns_suffix: string | null
  mps_username: string
  tags: Json
  device_info: ColumnType<unknown, string | null, string | null>
  connected: Bit
  mps_instance: string | null
  last_connected: number | null
  last_seen: number | null
  last_disconnected: number | null
}

export interface DeviceTagRow {
  project: string
  tag: string
  guid: string
}

export interface ConfigurationRow {
  project: string
  kind: string
  name: string
  /** The name in lower case: what it is found and ordered by. */
  name_key: string
  /** Of a domain: its DNS suffix in lower case, and the SHA-256 of its root; together unique. */
  suffix: string | null
  root: string | null
  version: number
  data: Json
}

export interface TicketRow {
  project: string
  id: string
  alias_hash: string
  state: string
  expires_at: number
  ended_at: number | null
  data: Json
}

export interface AccountRow {
  id: string
  name: string
  kind: string
  password_hash: string
  host_id: string | null
  failed_logins: number
  locked_until: number | null
  created_at: number
  grants: Json
}

export interface IssuerRecordRow {
  model: string
  id: string
  payload: Json
  grant_id: string | null
  uid: string | null
  user_code: string | null
  consumed_at: number | null
  expires_at: number | null
}

export interface LeaseRow {
  key: string
  holder: string
  epoch: number
  until: number
}

export interface Schema {
  project: ProjectRow
  host: HostRow
  operation: OperationRow
  audit: AuditRow
  enrolment: EnrolmentRow
  device: DeviceRow
  device_tag: DeviceTagRow
  configuration: ConfigurationRow
  ticket: TicketRow
  account: AccountRow
  issuer_record: IssuerRecordRow
  lease: LeaseRow
}

/** A JSON column as it came from either engine. What is in it was written by this adapter. */
export const fromJson = <T>(column: unknown): T => (typeof column === 'string' ? JSON.parse(column) : column) as T

/** `change` without the fields that are absent, so that they stay as they are. */
export const present = <T extends object>(change: T): T =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as T
