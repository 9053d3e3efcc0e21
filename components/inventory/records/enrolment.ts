import { createHash } from 'node:crypto'
import { conditionOf, type Host, type HostChange, withCondition, withoutConditions } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import type { InventoryTables } from '@outrider/domain/ports'
import { Fault, type Guid, isUnsetGuid, parseGuid, type Secret, secret } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import { isSerial } from '../northbound/host-body.ts'
import type { InventoryParts } from './deps.ts'
import type { Notifier } from './notify.ts'
import { DEFAULT_PROJECT } from './projects.ts'
import type { Requester } from './requests.ts'
import { fieldName, transact, writeHost } from './transact.ts'

/** What a machine says of itself when it enrols. */
export interface Machine {
  readonly serial: string
  readonly uuid: string
}

export interface Enrolled {
  readonly project: ProjectId
  readonly hostId: string
  readonly clientId: string
  readonly clientSecret: Secret
}

const TOKEN_BYTES = 32
const RETRIES = 3

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Base64 that needs no quoting in a file of environment variables. */
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/**
 * Names the n-th repetition of an exchange by the machine that made the first. The reply may have been lost with
 * the process that asked: the same token from the same serial number and UUID is good again for a short while.
 */
const retryHash = (token: string, machine: Machine, n: number): string =>
  sha256(`${n}\n${token}\n${machine.serial.toLowerCase()}\n${machine.uuid.toLowerCase()}`)

/** How a machine's identity and a host's record go together. */
const matched = (host: Host, machine: Machine): { readonly change: HostChange } | undefined => {
  const serial = machine.serial.trim()
  const uuid = parseGuid(machine.uuid)
  if (host.serial !== undefined && host.serial.toLowerCase() !== serial.toLowerCase()) return undefined
  if (host.uuid !== undefined && host.uuid !== uuid) return undefined
  const known: { serial?: string; uuid?: Guid } = {}
  // What boards say that nobody has set up identifies no machine.
  if (host.serial === undefined && isSerial(serial)) known.serial = serial
  if (host.uuid === undefined && uuid !== undefined && !isUnsetGuid(uuid)) known.uuid = uuid
  return { change: known }
}

/** Undoes a transaction whose token is not good for this machine. */
class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: string
  /** The host the token was made for, where it is known. */
  readonly host: Host | undefined
  constructor(code: string, host?: Host) {
    super(code)
    this.code = code
    this.host = host
  }
}

/** The identity of this machine is another host's. */
class IdentityTaken extends Refused {
  readonly field: string
  constructor(host: Host, field: string) {
    super('IDENTITY', host)
    this.field = field
  }
}

/** One-time tokens that admit one machine's agents (architecture 6). */
export const createEnrolment = (parts: InventoryParts, notify: Notifier) => {
  const { store, clock, random, events, agentCredentials, config } = parts

  const admit = async (tables: InventoryTables, token: string, machine: Machine, from: string): Promise<Host> => {
    const now = clock.now()
    let enrolment = await tables.enrolments.use(sha256(token), now)
    let n = 0
    while (enrolment === undefined && n < RETRIES) {
      n++
      enrolment = await tables.enrolments.use(retryHash(token, machine, n), now)
    }
    if (enrolment === undefined) throw new Refused('TOKEN')
    const { project, hostId } = enrolment
    const host = await tables.hosts.get(project, { id: hostId })
    if (host === undefined || host.state === 'untrusted' || host.state === 'deleted') throw new Refused('HOST', host)
    const match = matched(host, machine)
    if (match === undefined) throw new Refused('MACHINE', host)
    if (n < RETRIES && config.enrolmentRetryMs > 0)
      await tables.enrolments.insert({
        tokenHash: retryHash(token, machine, n + 1),
        project,
        hostId,
        expiresAt: Math.min(enrolment.expiresAt, now + config.enrolmentRetryMs),
      })
    await tables.audit.append({
      at: now,
      project,
      subject: host.id,
      name: host.name,
      from,
      act: 'enrol',
      hostId,
      outcome: 'succeeded',
    })
    return writeHost(
      tables,
      host,
      {
        ...match.change,
        // The machine that enrols is the one that counts.
        ...(conditionOf(host, 'duplicate-identity') === undefined
          ? {}
          : { conditions: withoutConditions(host, 'duplicate-identity') }),
        state: 'onboarded',
        onboardingStatus: { text: 'Onboarded', indicator: 'idle', at: now },
        registrationStatus: { text: 'Registered', indicator: 'idle', at: now },
      },
      now,
      (field) => {
        throw new IdentityTaken(host, field)
      },
    )
  }

  /** Records that a machine was turned away, and with which fault. */
  const refuse = async (refused: Refused, machine: Machine, from: string, signal: AbortSignal): Promise<Fault> => {
    const taken = refused instanceof IdentityTaken
    const fault = taken
      ? faults.ENROLMENT_IDENTITY_TAKEN({ field: fieldName(refused.field) })
      : faults.ENROLMENT_REFUSED()
    const marked = await transact(
      store,
      refused.host?.id ?? 'of this token',
      async (tables) => {
        // A token nobody knows is of no project: the first one's administrators are to see it.
        const project = refused.host?.project ?? (await tables.projects.byName(DEFAULT_PROJECT))?.id
        if (project === undefined) return undefined
        const id = refused.host?.id
        await tables.audit.append({
          at: clock.now(),
          project,
          subject: id ?? '',
          name: refused.host?.name ?? '',
          from,
          act: 'enrol',
          ...(id === undefined ? {} : { hostId: id }),
          outcome: 'refused',
          fault: fault.record(),
        })
        return taken ? markTaken(tables, project, refused, machine, fault) : undefined
      },
      signal,
    )
    if (marked !== undefined) notify.hostChanged(marked)
    return fault
  }

  const markTaken = async (
    tables: InventoryTables,
    project: ProjectId,
    { host, field }: IdentityTaken,
    machine: Machine,
    fault: Fault,
  ): Promise<Host | undefined> => {
    const row = await tables.hosts.get(project, { id: host!.id })
    const uuid = parseGuid(machine.uuid)
    const owner = await tables.hosts.get(
      project,
      field === 'serial' || uuid === undefined ? { serial: machine.serial.trim() } : { uuid },
    )
    if (row === undefined || owner === undefined) return undefined
    const condition = {
      type: 'duplicate-identity',
      other: owner.id,
      fault: fault.record(),
      since: clock.now(),
    } as const
    return writeHost(tables, row, { conditions: withCondition(row, condition) }, clock.now())
  }

  return {
    /**
     * A token for this host; earlier ones of the host end. Only its hash is kept. Throws `HOST_NOT_FOUND` and
     * `HOST_UNTRUSTED`.
     */
    issue: async (
      project: ProjectId,
      hostId: string,
      spanMs: number,
      requester: Requester,
      signal: AbortSignal,
    ): Promise<{ readonly token: Secret; readonly host: Host; readonly expiresAt: number }> => {
      const token = base64url(random.bytes(TOKEN_BYTES))
      const expiresAt = clock.now() + spanMs
      const host = await store.transaction(async (tables) => {
        const row = await tables.hosts.get(project, { id: hostId })
        if (row === undefined) throw faults.HOST_NOT_FOUND({ host: hostId })
        if (row.state === 'untrusted' || row.state === 'deleted') throw faults.HOST_UNTRUSTED({ host: row.name })
        const retiring = conditionOf(row, 'retiring')
        if (retiring !== undefined) throw new Fault(retiring.fault)
        await tables.enrolments.deleteOf(project, hostId)
        await tables.enrolments.insert({ tokenHash: sha256(token), project, hostId, expiresAt })
        await tables.audit.append({
          at: clock.now(),
          project,
          ...requester,
          act: 'generate-agent-env',
          hostId,
          outcome: 'succeeded',
        })
        return row
      }, signal)
      return { token: secret(token), host, expiresAt }
    },

    /**
     * Exchanges a token for credentials. Every token that is not good for this machine is answered alike with
     * `ENROLMENT_REFUSED`, whatever the reason; the event tells it. Throws `ENROLMENT_IDENTITY_TAKEN` where the
     * token is good but another host has the machine's serial number or UUID.
     */
    exchange: async (token: Secret, machine: Machine, from: string, signal: AbortSignal): Promise<Enrolled> => {
      const admitted = await transact(
        store,
        'of this token',
        // What it throws undoes the use of the token: another machine must not burn it.
        (tables) => admit(tables, token.reveal(), machine, from),
        signal,
      ).catch(async (error: unknown) => {
        if (!(error instanceof Refused)) throw error
        events.emit('enrolment.refused', { address: from, code: error.code })
        throw await refuse(error, machine, from, signal)
      })
      notify.hostChanged(admitted)
      const { project, id } = admitted
      const credentials = await agentCredentials.create(project, id, signal)
      // Whoever deauthorised it meanwhile revoked before these were made.
      const still = await store.transaction((tables) => tables.hosts.get(project, { id }), signal)
      if (still === undefined || still.state === 'untrusted' || still.state === 'deleted') {
        await agentCredentials.revoke(project, id, signal)
        events.emit('enrolment.refused', { address: from, code: 'HOST' })
        throw faults.ENROLMENT_REFUSED()
      }
      events.emit('enrolment.used', { host: id, address: from })
      return { project, hostId: id, ...credentials }
    },
  }
}
export type Enrolment = ReturnType<typeof createEnrolment>
