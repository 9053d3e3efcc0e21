/** How much an event matters: `warn` and above are for a person to look at some time. */
export type Level = 'debug' | 'info' | 'warn' | 'error'
type FieldType = 'text' | 'number' | 'flag'

export interface EventDeclaration {
  readonly level: Level
  /** One sentence: what it means, and when to worry. */
  readonly about: string
  readonly fields: Readonly<Record<string, FieldType>>
  /** Fields that also label the counter of this event: few values only. */
  readonly labels?: readonly string[]
}

/** Every event of every component. A name that is missing here does not compile. Never a secret in a field. */
export const catalogue = {
  'http.request': {
    level: 'debug',
    about: 'A request was answered.',
    fields: { method: 'text', route: 'text', status: 'number', milliseconds: 'number', operation: 'text' },
    labels: ['method', 'route', 'status'],
  },
  'http.refused': {
    level: 'info',
    about: 'A request was refused with a fault.',
    fields: { method: 'text', route: 'text', status: 'number', code: 'text', subject: 'text' },
    labels: ['route', 'code'],
  },
  'http.failed': {
    level: 'error',
    about: 'A request ended in a bug of ours; the cause is logged with it.',
    fields: { method: 'text', route: 'text', cause: 'text' },
    labels: ['route'],
  },
  'service.started': { level: 'info', about: 'The process serves.', fields: { roles: 'text', version: 'text' } },
  'service.stopping': { level: 'info', about: 'The process was asked to stop and drains.', fields: { reason: 'text' } },
  'service.error': {
    level: 'error',
    about: 'An error reached the outermost place of the process. Always worry.',
    fields: { where: 'text', cause: 'text' },
    labels: ['where'],
  },
  'service.dependency': {
    level: 'warn',
    about: 'Something needed went away or came back.',
    fields: { dependency: 'text', state: 'text' },
    labels: ['dependency', 'state'],
  },
  'cira.connected': {
    level: 'info',
    about: 'A device opened its tunnel.',
    fields: { guid: 'text', project: 'text', address: 'text', trigger: 'number', epoch: 'number' },
    labels: ['trigger'],
  },
  'cira.disconnected': {
    level: 'info',
    about: 'A tunnel ended.',
    fields: { guid: 'text', project: 'text', reason: 'text', seconds: 'number' },
    labels: ['reason'],
  },
  'cira.rejected': {
    level: 'warn',
    about: 'A connection on the CIRA port was closed before it became a tunnel. Worry when one reason grows.',
    fields: { reason: 'text', address: 'text', guid: 'text' },
    labels: ['reason'],
  },
  'wsman.call': {
    level: 'debug',
    about: 'A WS-MAN call to a device ended.',
    fields: { guid: 'text', class: 'text', action: 'text', milliseconds: 'number', outcome: 'text' },
    labels: ['outcome'],
  },
  'provisioning.admitted': {
    level: 'info',
    about: 'A ticket admitted an activation or deactivation.',
    fields: { operation: 'text', host: 'text', guid: 'text', purpose: 'text', address: 'text' },
    labels: ['purpose'],
  },
  'provisioning.refused': {
    level: 'warn',
    about: 'A provisioning client was turned away.',
    fields: { code: 'text', address: 'text', guid: 'text' },
    labels: ['code'],
  },
  'provisioning.step': {
    level: 'info',
    about: 'An activation made progress.',
    fields: { operation: 'text', host: 'text', guid: 'text', step: 'text' },
    labels: ['step'],
  },
  'provisioning.signed': {
    level: 'info',
    about: 'The key of a provisioning certificate signed for one device. Worry where nobody asked for an activation.',
    fields: { operation: 'text', host: 'text', guid: 'text', domain: 'text', suffix: 'text', root: 'text' },
    labels: ['domain'],
  },
  'domain.expiring': {
    level: 'warn',
    about: 'A provisioning certificate ends soon, or has ended: upload a new one before activations need it.',
    fields: { project: 'text', domain: 'text', suffix: 'text', days: 'number' },
  },
  'provisioning.ended': {
    level: 'info',
    about: 'An activation or deactivation ended.',
    fields: { operation: 'text', host: 'text', guid: 'text', outcome: 'text', code: 'text', milliseconds: 'number' },
    labels: ['outcome', 'code'],
  },
  'operation.requested': {
    level: 'info',
    about: 'Somebody asked for an act on a host.',
    fields: { operation: 'text', host: 'text', project: 'text', kind: 'text', subject: 'text' },
    labels: ['kind'],
  },
  'operation.step': {
    level: 'info',
    about: 'An operation made progress.',
    fields: { operation: 'text', host: 'text', step: 'text', message: 'text' },
    labels: ['step'],
  },
  'operation.ended': {
    level: 'info',
    about: 'An operation ended.',
    fields: { operation: 'text', host: 'text', kind: 'text', life: 'text', code: 'text', milliseconds: 'number' },
    labels: ['kind', 'life', 'code'],
  },
  'operation.interrupted': {
    level: 'warn',
    about: 'Work on the operations of a host broke off and is taken up again. Worry when one code stays.',
    fields: { host: 'text', code: 'text', cause: 'text' },
    labels: ['code'],
  },
  'policy.gave-up': {
    level: 'warn',
    about: 'A policy has tried as often as it may, and leaves its host as it is. Somebody has to look.',
    fields: { host: 'text', policy: 'text' },
    labels: ['policy'],
  },
  'host.identity-conflict': {
    level: 'warn',
    about: 'A machine reports an identity that another host has. Nothing was taken over; somebody has to look.',
    fields: { host: 'text', other: 'text', guid: 'text' },
  },
  'order.offered': {
    level: 'info',
    about: 'dm-manager gave an agent an order.',
    fields: { operation: 'text', host: 'text', kind: 'text', attempt: 'number' },
    labels: ['kind'],
  },
  'agent.connected': { level: 'info', about: 'An agent listens for orders.', fields: { host: 'text' } },
  'agent.disconnected': { level: 'info', about: 'An agent stopped listening.', fields: { host: 'text' } },
  'agent.reported': {
    level: 'info',
    about: 'An agent reported what it detected.',
    fields: { host: 'text', support: 'text', reason: 'text' },
    labels: ['support', 'reason'],
  },
  'enrolment.used': {
    level: 'info',
    about: 'A node exchanged its enrolment token.',
    fields: { host: 'text', address: 'text' },
  },
  'enrolment.refused': {
    level: 'warn',
    about: 'A node presented an enrolment token that is not good. Worry: somebody may be guessing.',
    fields: { address: 'text', code: 'text' },
    labels: ['code'],
  },
  'login.succeeded': {
    level: 'info',
    about: 'Somebody logged in.',
    fields: { subject: 'text', grant: 'text' },
    labels: ['grant'],
  },
  'login.refused': {
    level: 'warn',
    about: 'A login failed. Worry when it grows: somebody may be guessing.',
    fields: { name: 'text', reason: 'text' },
    labels: ['reason'],
  },
  'agent.detected': {
    level: 'info',
    about: 'On the node: detection ran.',
    fields: { support: 'text', reason: 'text', mode: 'text' },
    labels: ['support', 'reason'],
  },
  'agent.order': {
    level: 'info',
    about: 'On the node: an order was taken, or ended.',
    fields: { operation: 'text', kind: 'text', state: 'text', code: 'text' },
    labels: ['kind', 'state'],
  },
  'agent.rpc': {
    level: 'info',
    about: 'On the node: RPC was started as a process, or ended, then with its exit code.',
    fields: { rpcPid: 'number', command: 'text', code: 'number' },
    labels: ['command', 'code'],
  },
  'agent.token': {
    level: 'info',
    about: 'On the node: a token was refreshed, or could not be.',
    fields: { client: 'text', outcome: 'text', code: 'text' },
    labels: ['outcome'],
  },
  'agent.connection': {
    level: 'info',
    about: 'On the node: the way to the orchestrator changed.',
    fields: { peer: 'text', state: 'text', code: 'text' },
    labels: ['peer', 'state'],
  },
} as const satisfies Readonly<Record<string, EventDeclaration>>

export type EventName = keyof typeof catalogue
type TypeOf<T> = T extends 'text' ? string : T extends 'number' ? number : boolean
/** Every declared field may be left out where it is not known. */
export type EventFields<N extends EventName> = {
  readonly [K in keyof (typeof catalogue)[N]['fields']]?: TypeOf<(typeof catalogue)[N]['fields'][K]>
}
