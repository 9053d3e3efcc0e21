import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { deviceSecretKeys } from '@outrider/domain/ports'
import { guid } from '@outrider/protocols/values'
import { openSecretsFile } from '@outrider/secrets-file'
import { findSecrets } from '../demo/find-secrets.ts'
import { Api, type KnownSecret, Orchestrator, SimulatedNode } from '../deployment/index.ts'

describe('after a job', () => {
  let folder: string
  let orchestrator: Orchestrator
  let api: Api
  let project: string
  const machines: { readonly node: SimulatedNode; readonly hostId: string; readonly envFile: string }[] = []
  /** Words every process of the job was started with, those that are gone included. */
  const commandLines = new Map<number, string>()
  const remember = (pid: number): void => {
    const file = `/proc/${pid}/cmdline`
    if (existsSync(file)) commandLines.set(pid, readFileSync(file, 'utf8'))
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-secrets-'))
    orchestrator = await Orchestrator.prepare(join(folder, 'data'))
    await orchestrator.start()
    api = new Api(orchestrator)
    const { projects } = await api.json<{ projects: readonly { id: string }[] }>('GET', '/v1/projects')
    project = projects[0]!.id
    for (const number of [1, 2]) {
      const serial = `SECRET${number}`
      mkdirSync(join(folder, serial))
      const envFile = join(folder, serial, 'node.env')
      const uuid = `4c4c4544-0042-4a10-8059-00000000000${number}`
      const hostId = await api.enrol(serial.toLowerCase(), serial, uuid, envFile)
      const node = new SimulatedNode({ serial, uuid, envFile, folder: join(folder, serial, 'machine') })
      node.log.listen(({ event, rpcPid }) => event === 'agent.rpc' && remember(Number(rpcPid)))
      machines.push({ node, hostId, envFile })
      node.start()
    }
    await Promise.all(
      machines.map(async ({ node, hostId }) => {
        await orchestrator.log.find({ event: 'agent.reported', host: hostId, support: 'amt' }, 0, 60_000)
        for (const change of [
          { desiredAmtState: 'AMT_STATE_PROVISIONED' },
          { desiredPowerState: 'POWER_STATE_RESET' },
          { desiredAmtState: 'AMT_STATE_UNPROVISIONED' },
          { desiredAmtState: 'AMT_STATE_PROVISIONED' },
        ]) {
          const ended = await api.ended(await api.request(hostId, change))
          assert.equal(ended.life, 'succeeded', JSON.stringify(ended))
        }
        for (const pid of Object.values(node.pids)) if (pid !== null) remember(pid)
      }),
    )
    remember(orchestrator.program.pid)
  })
  after(async () => {
    api.close()
    await Promise.all(machines.map(({ node }) => node.stop()))
    await orchestrator.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const search = (secrets: readonly KnownSecret[], folders: readonly string[]): readonly string[] =>
    findSecrets(secrets, {
      folders,
      texts: {
        'log of the orchestrator': orchestrator.output,
        ...Object.fromEntries(machines.map(({ node }) => [`log of ${node.serial}`, node.output])),
        ...Object.fromEntries([...commandLines].map(([pid, words]) => [`words of ${pid}`, words])),
      },
      pids: [],
    })

  it('no secret of a firmware stands in database, logs, arguments or folders', async (context) => {
    const folders = [orchestrator.folder, ...machines.map(({ node }) => join(node.folder, 'agents'))]
    let count = 0
    for (const { node } of machines) {
      const secrets = await node.secrets()
      assert.ok(secrets.some(({ name }) => name.startsWith('HA1 of admin')))
      assert.ok(secrets.some(({ name }) => name.startsWith('password for')))
      assert.deepEqual(search(secrets, folders), [])
      count += secrets.length
    }
    assert.ok(commandLines.size > 2 * 4, 'the words of RPC were seen')
    context.diagnostic(`${count} secrets, ${commandLines.size} processes, 0 hits`)
  })

  it('nothing an agent logs in with stands where the orchestrator keeps or says anything', () => {
    const secrets = machines.flatMap(({ node, envFile }): KnownSecret[] => {
      const kept = (name: string): KnownSecret => ({
        name: `${name} of ${node.serial}`,
        value: readFileSync(join(node.folder, 'agents', name), 'utf8').trim(),
      })
      const token = /^OUTRIDER_ENROLMENT_TOKEN=(.+)$/m.exec(readFileSync(envFile, 'utf8'))?.[1] ?? ''
      return [
        { name: `enrolment token of ${node.serial}`, value: token },
        kept('client-credentials/client_secret'),
        kept('tokens/node-agent/access_token'),
        kept('tokens/platform-manageability-agent/access_token'),
      ]
    })
    for (const { name, value } of secrets) assert.ok(value.length > 20, name)
    assert.deepEqual(search(secrets, [orchestrator.folder]), [])
  })

  it('two machines have passwords of their own, and what is stored is what the firmware knows', async () => {
    const firmware = await Promise.all(machines.map(({ node }) => node.firmware()))
    const known = await Promise.all(machines.map(({ node }) => node.secrets()))
    await orchestrator.stop()
    const store = await openSecretsFile({
      path: join(orchestrator.folder, 'secrets'),
      keyPath: join(orchestrator.folder, 'secrets.key'),
    })
    const passwords: string[] = []
    try {
      for (const [index, { identity, digestRealm }] of firmware.entries()) {
        const path = { kind: 'device', project: guid(project), guid: guid(identity.uuid) } as const
        const { promoted, pending } = await store.get(path, AbortSignal.timeout(5000))
        assert.equal(pending, undefined, 'nothing is left half done')
        const amt = promoted?.values[deviceSecretKeys.amt]?.reveal() ?? ''
        const mps = promoted?.values[deviceSecretKeys.mps]?.reveal() ?? ''
        const ha1 = createHash('md5').update(`admin:${digestRealm}:${amt}`).digest('hex')
        const values = known[index]!.map(({ value }) => value)
        assert.ok(values.includes(ha1), 'the stored password logs in by digest')
        assert.ok(values.includes(mps), 'the stored MPS password is the one the device was told')
        passwords.push(amt, mps)
      }
    } finally {
      await store.close()
    }
    assert.equal(new Set(passwords).size, 4)
    const clear = passwords.map((value, index) => ({ name: `password ${index}`, value }))
    const folders = [orchestrator.folder, ...machines.map(({ node }) => join(node.folder, 'agents'))]
    assert.deepEqual(search(clear, folders), [])
  })
})
