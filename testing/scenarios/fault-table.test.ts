import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Cli, type HostView, type OperationView, Orchestrator, runToEnd, SimulatedNode } from '../deployment/index.ts'
import { until } from '../harness/until.ts'

// What goes wrong is one coded fault with cause and remedy, the same wherever an operator looks: orch-cli, the API,
// the host, the audit and the log.

const SUFFIX = 'vprodemo.com'

interface Row {
  readonly wrong: string
  /** Code of the fault the operation ends with. */
  readonly code: string
  readonly mode?: 'client' | 'admin'
  /** Further words of the simulated machine. */
  readonly words?: readonly string[]
  /** Lines that replace those of the environment file. */
  readonly environment?: Readonly<Record<string, string>>
  /** Done to the machine before it is asked to activate. */
  readonly prepare?: (machine: SimulatedNode) => Promise<unknown>
}

const disturb = (fault: object) => (machine: SimulatedNode) => machine.act('disturb', fault)

const rows: readonly Row[] = [
  { wrong: 'a root this firmware does not trust', code: 'PROVISIONING_ROOT_NOT_TRUSTED', mode: 'admin' },
  {
    wrong: 'a DNS suffix nobody has a certificate for',
    code: 'DOMAIN_NOT_CONFIGURED',
    mode: 'admin',
    words: ['--dns-suffix', 'elsewhere.test', '--pki-dns-suffix', 'elsewhere.test', '--trust', 'ROOT'],
  },
  {
    wrong: 'AMT refuses the set-up',
    code: 'SETUP_REFUSED',
    prepare: disturb({ at: 'wsman', what: 'status', cls: 'IPS_HostBasedSetupService', operation: 'Setup', status: 1 }),
  },
  {
    wrong: 'AMT refuses the certificate chain',
    code: 'PROVISIONING_CERTIFICATE_REFUSED',
    mode: 'admin',
    words: ['--trust', 'ROOT'],
    prepare: disturb({
      at: 'wsman',
      what: 'status',
      cls: 'IPS_HostBasedSetupService',
      operation: 'AddNextCertInChain',
      status: 4,
    }),
  },
  {
    wrong: 'RPS cannot be reached from the node',
    code: 'RPS_UNREACHABLE',
    environment: { OUTRIDER_RPS_URL: 'wss://127.0.0.1:9/activate' },
  },
]

describe('what goes wrong is told the same everywhere', () => {
  let folder: string
  let orchestrator: Orchestrator
  let cli: Cli
  const machines = new Map<Row, SimulatedNode>()

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-faults-'))
    orchestrator = await Orchestrator.prepare(join(folder, 'data'), { OUTRIDER_ACTIVATION_SECONDS: '8' })
    await orchestrator.start()
    cli = new Cli(orchestrator, folder)
    await cli.login()
    await makeCertificate('good')
    await cli.must('create', 'amtprofile', 'good', ...certificate('good'), '--domain-suffix', SUFFIX)
    await Promise.all(rows.map(async (row, index) => machines.set(row, await machine(index, row))))
  })

  after(async () => {
    await Promise.all([...machines.values()].map((machine) => machine.stop()))
    await orchestrator.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const makeCertificate = async (kind: string): Promise<void> => {
    const made = await runToEnd(
      [
        ...['apps/amt-simulator/main.ts', 'make-provisioning-cert', '--out', join(folder, kind)],
        ...['--domain-suffix', SUFFIX, '--kind', kind],
      ],
      {},
    )
    assert.equal(made.code, 0, made.stderr)
  }

  const certificate = (kind: string): string[] => [
    ...['--cert', join(folder, kind, 'provisioning.pfx')],
    ...['--cert-pass-file', join(folder, kind, 'provisioning-password')],
  ]

  const nameOf = (index: number): string => `wrong-${index + 1}`

  const machine = async (index: number, row: Row): Promise<SimulatedNode> => {
    const [number, name] = [index + 1, nameOf(index)]
    const home = join(folder, name)
    mkdirSync(home)
    const envFile = join(home, 'node.env')
    const [serial, uuid] = [`FAULT${number}`, `4c4c4544-0042-4a10-8059-${String(number).padStart(12, '0')}`]
    await cli.must('create', 'host', name, '--serial', serial, '--uuid', uuid)
    await cli.must('generate', 'agent-env', '--host', name, '--out', envFile)
    const lines = Object.entries(row.environment ?? {}).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(envFile, `${readFileSync(envFile, 'utf8')}\n${lines.join('')}`)
    const words = (row.words ?? []).map((word) => (word === 'ROOT' ? join(folder, 'good', 'root-hash.json') : word))
    const made = new SimulatedNode({ serial, uuid, envFile, folder: join(home, 'machine'), words })
    made.start()
    return made
  }

  for (const [index, row] of rows.entries())
    it(`${row.wrong}: ${row.code}`, async () => {
      const name = nameOf(index)
      const node = machines.get(row)!
      const shown = await until(async () => {
        const host = await cli.json<HostView>('get', 'host', name)
        return host.outrider.support === 'amt' ? host : undefined
      }, 40_000)
      await row.prepare?.(node)
      const before = await node.firmware()
      const mode = row.mode === undefined ? [] : ['--control-mode', row.mode]
      const ended = await cli.run('set', 'host', name, ...mode, '--amt-state', 'provisioned', '--wait')
      const said = `${ended.stdout}${ended.stderr}`
      // orch-cli
      assert.notEqual(ended.code, 0, said)
      assert.match(ended.stderr, new RegExp(`${row.code}: .{10,}`), said)
      assert.match(ended.stderr, /remedy: .{10,}/, said)
      // API
      const [operation] = await cli.json<readonly OperationView[]>('list', 'operations', '--host', name)
      assert.equal(operation?.life, 'failed')
      assert.equal(operation?.fault?.code, row.code)
      assert.ok((operation?.fault?.remedy ?? '').length > 10)
      // host status
      const host = JSON.stringify(await cli.json<HostView>('get', 'host', name))
      assert.ok(host.includes(row.code), host)
      // audit
      const audit = await cli.must('list', 'audit', '--host', name)
      assert.match(audit, new RegExp(`activate.*failed.*${row.code}`), audit)
      // log
      const logged = orchestrator.program.output
        .split('\n')
        .some((line) => line.includes('operation.ended') && line.includes(row.code) && line.includes(shown.resourceId))
      assert.ok(logged, 'the log does not say it')
      // Nothing was activated that was not asked for.
      assert.equal((await node.firmware()).controlMode, before.controlMode)
    })

  for (const [kind, code] of [
    ['expired', 'PROVISIONING_CERT_EXPIRED'],
    ['wrong-purpose', 'PROVISIONING_CERT_PURPOSE_MISSING'],
  ] as const)
    it(`a certificate that is ${kind} is not taken: ${code}`, async () => {
      await makeCertificate(kind)
      const refused = await cli.run('create', 'amtprofile', kind, ...certificate(kind), '--domain-suffix', SUFFIX)
      assert.notEqual(refused.code, 0)
      assert.match(refused.stderr, new RegExp(`${code}: .{10,}`))
      assert.match(refused.stderr, /remedy: .{10,}/)
    })

  it('a wrong password of the certificate is named: PROVISIONING_CERT_PASSWORD_WRONG', async () => {
    const wrong = join(folder, 'wrong-password')
    writeFileSync(wrong, 'Not-The-Passw0rd')
    const words = ['--cert', join(folder, 'good', 'provisioning.pfx'), '--cert-pass-file', wrong]
    const refused = await cli.run('create', 'amtprofile', 'other', ...words, '--domain-suffix', 'other.test')
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /PROVISIONING_CERT_PASSWORD_WRONG: .{10,}/)
    assert.ok(!`${refused.stdout}${refused.stderr}`.includes('Not-The-Passw0rd'))
  })
})
