import type { Host } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import type { Guid } from '@outrider/protocols/values'
import type { Insertable, Selectable } from 'kysely'
import { fromJson, type HostRow } from '../schema.ts'

/** Fields with a column of their own, because they are found, ordered or guarded by it. */
type Columns =
  | 'id'
  | 'project'
  | 'name'
  | 'serial'
  | 'uuid'
  | 'amtGuid'
  | 'state'
  | 'desiredAmt'
  | 'currentAmt'
  | 'policy'
  | 'createdAt'
  | 'updatedAt'
  | 'revision'

export const toRow = (host: Host): Insertable<HostRow> => {
  const { id, project, name, serial, uuid, amtGuid, state, desiredAmt, currentAmt, policy, ...rest } = host
  const { createdAt, updatedAt, revision, ...data } = rest
  return {
    project,
    id,
    name,
    serial: serial ?? null,
    serial_order: serial ?? '',
    uuid: uuid ?? null,
    amt_guid: amtGuid ?? null,
    state,
    desired_amt: desiredAmt,
    current_amt: currentAmt,
    policy,
    created_at: createdAt,
    updated_at: updatedAt,
    revision,
    data: JSON.stringify(data),
  }
}

export const toHost = (row: Selectable<HostRow>): Host => ({
  ...fromJson<Omit<Host, Columns>>(row.data),
  id: row.id,
  project: row.project as ProjectId,
  name: row.name,
  ...(row.serial === null ? {} : { serial: row.serial }),
  ...(row.uuid === null ? {} : { uuid: row.uuid as Guid }),
  ...(row.amt_guid === null ? {} : { amtGuid: row.amt_guid as Guid }),
  state: row.state as Host['state'],
  desiredAmt: row.desired_amt as Host['desiredAmt'],
  currentAmt: row.current_amt as Host['currentAmt'],
  policy: row.policy as Host['policy'],
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  revision: row.revision,
})
