import { X509Certificate } from 'node:crypto'
import { Agent, request as httpsRequest } from 'node:https'
import { type Role, roles } from '@outrider/protocols/rest'
import { until } from '../../harness/index.ts'
import { isBug } from '../house/event-trail.ts'
import { type House, OTHER_PROJECT } from '../house/house.ts'
import { Machine } from '../house/machine.ts'
import type { Noise } from '../noise.ts'
import { backTo, restingResources } from '../resources.ts'
import { mutate } from './mutate.ts'
import { type Facts, parameterOf, sampleOf } from './samples.ts'
import { type Schema, SchemaValues, SECRET } from './schema-values.ts'

type Row = House['host']['table'][number]

export interface RouteFuzz {
  readonly requests: number
  readonly routes: number
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>
  /** Routes that answered with success at least once. */
  readonly succeeded: ReadonlySet<string>
  readonly wrong: readonly string[]
}

/** Longest wait for one answer: beyond what any route of the house may take with its deadlines. */
const LONGEST = 30_000
const CLIENTS = 8

/** Asks every route of the table for sense and nonsense, in the name of everybody. */
export const fuzzRoutes = async (
  house: House,
  options: {
    readonly perRoute: number
    readonly noise: Noise
    readonly facts?: Pick<Facts, 'pfx'>
    /** No request is begun after it. */
    readonly until?: number
  },
): Promise<RouteFuzz> => {
  const { perRoute, noise, until: deadline = Number.POSITIVE_INFINITY } = options
  const resting = await restingResources()
  const wrong: string[] = []
  const statuses = new Map<number, number>()
  const succeeded = new Set<string>()
  const seen = house.events.mark
  const known = new Set<string>([house.project, 'default'])
  let requests = 0
  {
    await using machine = await Machine.start(house, noise.fork())
    const { id } = await house.request(machine.hostId, 'activate', `${machine.hostId} fuzz`)
    await house.ended(id, 60_000)
    for (const each of [machine.hostId, machine.uuid, id]) known.add(each)
    const root = new X509Certificate(house.identity.cert).raw.toString('base64')
    const facts = { ...options.facts, hostId: machine.hostId, uuid: machine.uuid, operationId: id, root }
    const asking = new Asking(house, noise.fork(), known, facts)
    const times = (rows: readonly Row[], count: number): Row[] =>
      noise.shuffled(rows.flatMap((row) => Array.from({ length: count }, () => row)))
    // What takes the host or its device away comes last, or there is nothing to ask about.
    const rows = house.host.table
    const keeping = rows.filter(({ method, path }) => method !== 'DELETE' && !path.endsWith('/invalidate'))
    const late = Math.ceil(perRoute / 3)
    const work = [...times(rows, late), ...times(keeping, perRoute - late)]
    const client = async (): Promise<void> => {
      for (let row = work.pop(); row !== undefined && wrong.length < 20; row = work.pop()) {
        if (performance.now() > deadline) return
        requests++
        const answer = await asking.ask(row)
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        if (answer.status >= 200 && answer.status < 300) succeeded.add(`${row.method} ${row.path}`)
        wrong.push(...answer.wrong)
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    asking.close()
  }
  for (const told of house.events.since(seen).filter(isBug)) wrong.push(JSON.stringify(told).slice(0, 800))
  await until(() => house.mps.connections === 0 && house.rps.sessions === 0).catch(() =>
    wrong.push('connections were left'),
  )
  wrong.push(...(await backTo(resting, 30_000)))
  return { requests, routes: house.host.table.length, statuses, succeeded, wrong }
}

interface Answer {
  readonly status: number
  readonly wrong: readonly string[]
}

class Asking {
  readonly #house: House
  readonly #noise: Noise
  readonly #known: Set<string>
  readonly #values: SchemaValues
  readonly #agent: Agent
  readonly #facts: Facts

  constructor(house: House, noise: Noise, known: Set<string>, facts: Facts) {
    this.#house = house
    this.#facts = facts
    this.#noise = noise
    this.#known = known
    this.#values = new SchemaValues(noise, () => [...known])
    this.#agent = new Agent({ keepAlive: true, ca: house.identity.cert })
  }

  close(): void {
    this.#agent.destroy()
  }

  async ask(row: Row): Promise<Answer> {
    const noise = this.#noise
    const token = this.#token()
    const path = this.#path(row)
    const body = this.#body(row)
    const headers: Record<string, string> = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': noise.chance(0.95) ? 'application/json' : 'text/plain' }),
      ...(noise.chance(0.2) ? { 'idempotency-key': noise.pick(['k1', 'k2', 'x'.repeat(300)]) } : {}),
      ...(noise.chance(0.2) ? { 'if-match': noise.pick(['1', '"1"', '*', 'W/"x"']) } : {}),
    }
    const about = `${row.method} ${path.slice(0, 200)} as ${token} ${Buffer.from(body ?? '')
      .toString('latin1')
      .slice(0, 300)}`
    try {
      const { status, fault, text, type } = await this.#send(row.method, path, headers, body)
      return {
        status,
        wrong: this.#judge(status, fault, text, type, token).map((why) => `${why}: ${about} → ${text.slice(0, 300)}`),
      }
    } catch (error) {
      const { code = '' } = error as { readonly code?: string }
      // Whoever sends what is no HTTP is cut off.
      if (code === 'ECONNRESET' || code === 'EPIPE') return { status: 0, wrong: [] }
      return { status: 0, wrong: [`${(error as Error).message}: ${about}`] }
    }
  }

  #judge(
    status: number,
    fault: string | undefined,
    text: string,
    type: string,
    token: string | undefined,
  ): readonly string[] {
    const wrong: string[] = []
    if (status === 500 || fault === 'INTERNAL') wrong.push(`answered ${status} ${fault ?? ''}`)
    // What is longer than any head never comes as far as to us.
    if (status >= 400 && status !== 431 && fault === undefined) wrong.push(`answered ${status} without a code`)
    if (text.includes(SECRET)) wrong.push('what is secret was answered')
    let body: unknown
    if (type.includes('json') && text !== '') {
      try {
        body = JSON.parse(text)
      } catch {
        wrong.push('it is not JSON')
      }
    }
    if (status < 300 && token?.startsWith('other') === true) {
      for (const secret of [this.#house.project]) if (text.includes(secret)) wrong.push('another project was shown')
    } else if (status < 300) this.#remember(body)
    return wrong
  }

  /** Names and ids of what there is, so that later requests hit it. */
  #remember(body: unknown): void {
    if (this.#known.size > 120 || typeof body !== 'object' || body === null) return
    for (const [name, value] of Object.entries(body)) {
      if (typeof value === 'object') this.#remember(value)
      else if (typeof value === 'string' && /id$|guid|name|uuid|token|etag|version/i.test(name) && value.length < 200)
        this.#known.add(value)
    }
  }

  #token(): string | undefined {
    const noise = this.#noise
    if (noise.chance(0.05)) return undefined
    if (noise.chance(0.05)) return noise.pick(['', 'nobody', 'x'.repeat(5000)])
    if (noise.chance(0.08)) return 'other.'
    const role: Role = noise.chance(0.7) ? 'admin' : noise.pick(roles)
    return this.#house.token(
      role,
      role === 'agent' ? ([...this.#known].find((each) => each.startsWith('host-')) ?? '') : '',
    )
  }

  #path(row: Row): string {
    const noise = this.#noise
    const parts = row.path.split('/')
    const path = parts
      .map((part, at) => {
        if (!part.startsWith(':')) return part
        if (part === ':project' && noise.chance(0.9))
          return noise.pick([this.#house.project, 'default', 'default', OTHER_PROJECT])
        if (noise.chance(0.02)) return noise.pick(['%', '%ff', '%2f', '..', '%00'])
        if (noise.chance(0.6)) return encodeURIComponent(parameterOf(parts[at - 1] ?? '', this.#facts, noise))
        return encodeURIComponent(this.#values.text().toWellFormed())
      })
      .join('/')
    const query = new URLSearchParams()
    const properties = Object.entries((row.query as Schema | undefined)?.properties ?? {})
    for (const [name, schema] of properties)
      if (noise.chance(0.5)) {
        // Nobody has the time for long polls here.
        const value = name === 'wait' ? noise.pick(['0', '1', '-1', 'x']) : this.#values.of(schema, name)
        query.append(name, typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value))
      }
    if (noise.chance(0.05)) query.append(this.#values.text().toWellFormed().slice(0, 50), 'x')
    const text = query.toString()
    return text === '' ? path : `${path}?${text.slice(0, 6000)}`
  }

  #body(row: Row): Uint8Array | undefined {
    const noise = this.#noise
    if (row.method === 'GET' || (row.body === undefined && noise.chance(0.9))) return undefined
    const value = row.body === undefined ? { a: 1 } : this.#value(row)
    const json = Buffer.from(JSON.stringify(value) ?? '')
    return noise.chance(0.1) && json.length > 0 ? mutate(json, [json], noise) : json
  }

  /** Sense with a few changes, or whatever the schema has. */
  #value(row: Row): unknown {
    const noise = this.#noise
    const schema = row.body as Schema
    const sample = noise.chance(0.7) ? sampleOf(row.method, row.path, this.#facts, noise) : undefined
    if (sample === undefined) return this.#values.of(schema)
    const changed: Record<string, unknown> = { ...sample }
    for (let changes = noise.below(3); changes > 0; changes--) {
      const name = noise.pick([...Object.keys(schema.properties ?? {}), ...Object.keys(sample)])
      if (noise.chance(0.3)) delete changed[name]
      else changed[name] = this.#values.of(schema.properties?.[name] ?? {}, name)
    }
    return changed
  }

  #send(method: string, path: string, headers: Readonly<Record<string, string>>, body: Uint8Array | undefined) {
    return new Promise<{ status: number; fault: string | undefined; text: string; type: string }>((resolve, reject) => {
      const signal = AbortSignal.timeout(LONGEST)
      const request = httpsRequest(
        {
          host: '127.0.0.1',
          port: this.#house.port,
          method,
          path,
          headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) },
          agent: this.#agent,
          signal,
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            text += chunk
          })
          response.on('error', reject)
          response.on('end', () => {
            const { 'outrider-fault': fault, 'content-type': type = '' } = response.headers
            resolve({
              status: response.statusCode ?? 0,
              fault: typeof fault === 'string' ? fault : undefined,
              text,
              type,
            })
          })
        },
      )
      request.on('error', reject)
      request.end(body)
    })
  }
}
