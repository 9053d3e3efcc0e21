import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { faultStatus, faultTable } from '@outrider/protocols/values'
import { parse } from 'yaml'
import { ProvisioningPki } from '../../../components/rps/test/provisioning-pki.ts'
import { fails, type Orchestrator, PASSWORD, patience, serveOrchestrator, succeeds } from './orchestrator.test.ts'
import { LAUNCHER, orchCli, type RunOptions } from './run.test.ts'

const SCRIPT = '/usr/bin/script'
const device = faultTable({
  POWER_NOT_REACHED: {
    kind: 'timeout',
    message: 'The machine did not turn off.',
    remedy: 'Try --power-policy immediate.',
  },
})

describe('orch-cli', () => {
  let orchestrator: Orchestrator
  let config: string
  const cli = (words: readonly string[], options: RunOptions = {}) =>
    orchCli(words, { ...options, environment: { ORCH_CLI_CONFIG: config, ...options.environment } })
  const ok = async (...words: string[]) => {
    const ran = await cli(words)
    assert.equal(ran.code, 0, ran.err)
    return ran.out
  }
  const json = async (...words: string[]) => JSON.parse(await ok(...words, '-o', 'json'))
  const login = async (user: string, file: string) => {
    const words = ['login', user, '--api-endpoint', orchestrator.origin, '--ca', orchestrator.caFile]
    return orchCli([...words, '--password-file', await orchestrator.passwordFile()], {
      environment: { ORCH_CLI_CONFIG: file },
    })
  }
  let number = 0
  const machine = () => {
    number++
    return {
      name: `edge-${number}`,
      serial: `SN${String(number).padStart(6, '0')}`,
      uuid: `d12428be-9fa1-4226-9784-${number.toString(16).padStart(12, '0')}`,
    }
  }
  const created = async () => {
    const { name, serial, uuid } = machine()
    await ok('create', 'host', name, '--serial', serial, '--uuid', uuid)
    return { name, serial, uuid }
  }
  const activated = async () => {
    const host = await created()
    orchestrator.willGo(host.name, succeeds('order-offered'))
    await ok('set', 'host', host.name, '--amt-state', 'provisioned', '--wait')
    return host
  }

  before(async () => {
    orchestrator = await serveOrchestrator()
    config = join(orchestrator.folder, 'home', 'orch-cli.yaml')
    assert.equal((await login('admin', config)).code, 0)
  })
  after(() => orchestrator[Symbol.asyncDispose]())

  describe('side by side', { concurrency: 4 }, () => {
    it('keeps its tokens where their owner alone may read, and the password nowhere', async () => {
      assert.equal((await stat(config)).mode & 0o777, 0o600)
      assert.equal((await stat(join(config, '..'))).mode & 0o077, 0)
      const text = await readFile(config, 'utf8')
      assert.equal(text.includes(PASSWORD), false)
      const settings = parse(text)
      assert.equal(settings['api-endpoint'], orchestrator.origin)
      assert.equal(settings['keycloak-endpoint'], `${orchestrator.origin}/realms/master`)
      assert.equal(settings.username, 'admin')
      assert.ok(settings['refresh-token'])
      const open = join(orchestrator.folder, 'open.yaml')
      await writeFile(open, text, { mode: 0o644 })
      await chmod(open, 0o644)
      assert.equal((await orchCli(['list', 'host'], { environment: { ORCH_CLI_CONFIG: open } })).code, 0)
      assert.equal((await stat(open)).mode & 0o777, 0o600, 'a file left open is closed')
    })

    it('takes a password from a file or the standard input, never from the command line', async () => {
      const file = join(orchestrator.folder, 'second.yaml')
      const base = ['login', 'admin', '--api-endpoint', orchestrator.origin, '--ca', orchestrator.caFile]
      const environment = { ORCH_CLI_CONFIG: file }
      const piped = await orchCli([...base, '--password-file', '-'], { environment, input: `${PASSWORD}\n` })
      assert.equal(piped.code, 0, piped.err)
      assert.equal(piped.argv.includes(PASSWORD), false)
      const none = await orchCli(base, { environment })
      assert.equal(none.code, faultStatus.invalid.exit)
      assert.match(none.err, /CLI_NO_PASSWORD/)
      const argument = await orchCli([...base, PASSWORD], { environment })
      assert.equal(argument.code, faultStatus.invalid.exit)
      const wrong = await orchCli([...base, '--password-file', '-'], { environment, input: 'wrong password\n' })
      assert.equal(wrong.code, faultStatus.auth.exit)
      assert.match(wrong.err, /^error: CLI_LOGIN_REFUSED: .*\nremedy: /)
    })

    it('prints a token that scripts can use', async () => {
      const token = (await ok('token')).trim()
      assert.equal(token.split('.').length, 3)
      const ran = await orchCli(['list', 'host', '--api-endpoint', orchestrator.origin, '--ca', orchestrator.caFile], {
        environment: { ORCH_CLI_CONFIG: join(orchestrator.folder, 'none.yaml'), MT_GW_TOKEN: token },
      })
      assert.equal(ran.code, 0, ran.err)
    })

    it('renews an expired token, also when several start at once', async () => {
      const file = join(orchestrator.folder, 'expiring.yaml')
      assert.equal((await login('admin', file)).code, 0)
      const before = await readFile(file, 'utf8')
      await writeFile(file, before.replace(/access-token-expires: \d+/, 'access-token-expires: 1'), { mode: 0o600 })
      const ran = await Promise.all([1, 2, 3].map(() => orchCli(['token'], { environment: { ORCH_CLI_CONFIG: file } })))
      for (const { code, err } of ran) assert.equal(code, 0, err)
      assert.equal(new Set(ran.map(({ out }) => out)).size, 1, 'one renewed for all')
      assert.notEqual(parse(await readFile(file, 'utf8'))['refresh-token'], parse(before)['refresh-token'])
    })

    it('says that a login has ended, and logs out', async () => {
      const file = join(orchestrator.folder, 'ending.yaml')
      assert.equal((await login('admin', file)).code, 0)
      const environment = { ORCH_CLI_CONFIG: file }
      const stale = await readFile(file, 'utf8')
      assert.equal((await orchCli(['logout'], { environment })).code, 0)
      assert.equal((await readFile(file, 'utf8')).includes('token'), false)
      const without = await orchCli(['list', 'host'], { environment })
      assert.equal(without.code, faultStatus.auth.exit)
      assert.match(without.err, /CLI_NOT_LOGGED_IN/)
      await writeFile(file, stale.replace(/access-token-expires: \d+/, 'access-token-expires: 1'), { mode: 0o600 })
      const ended = await orchCli(['list', 'host'], { environment })
      assert.equal(ended.code, faultStatus.auth.exit)
      assert.match(ended.err, /CLI_LOGIN_EXPIRED/)
    })

    it('verifies the orchestrator, and says when it is away', async () => {
      const environment = { ORCH_CLI_CONFIG: join(orchestrator.folder, 'none.yaml'), MT_GW_TOKEN: 'x' }
      const untrusted = await orchCli(['list', 'host', '--api-endpoint', orchestrator.origin], { environment })
      assert.equal(untrusted.code, faultStatus.auth.exit)
      assert.match(untrusted.err, /CLI_UNTRUSTED/)
      const away = await orchCli(['list', 'host', '--api-endpoint', 'https://localhost:1'], { environment })
      assert.equal(away.code, faultStatus.unavailable.exit)
      assert.match(away.err, /CLI_UNREACHABLE/)
      const plain = await orchCli(['list', 'host', '--api-endpoint', 'http://orchestrator.example'], { environment })
      assert.equal(plain.code, faultStatus.invalid.exit)
      assert.match(plain.err, /CLI_ENDPOINT_INVALID/)
    })

    it('shows its tokens to the orchestrator they are from, and to no other', async () => {
      const seen: string[] = []
      await using other = createServer((request, response) => {
        seen.push(String(request.headers.authorization))
        response.end('{}')
      })
      await once(other.listen(0, '127.0.0.1'), 'listening')
      const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
      const refused = await cli(['list', 'host', '--api-endpoint', elsewhere])
      assert.equal(refused.code, faultStatus.auth.exit)
      assert.match(refused.err, /CLI_NOT_LOGGED_IN/)
      const file = join(orchestrator.folder, 'moving.yaml')
      assert.equal((await login('admin', file)).code, 0)
      const environment = { ORCH_CLI_CONFIG: file }
      assert.equal((await orchCli(['config', 'set', 'api-endpoint', elsewhere], { environment })).code, 0)
      assert.match((await orchCli(['list', 'host'], { environment })).err, /CLI_NOT_LOGGED_IN/)
      assert.equal((await readFile(file, 'utf8')).includes('token'), false)
      assert.deepEqual(seen, [])
    })

    it('creates, lists and shows hosts in every form', async () => {
      const { name, serial, uuid } = await created()
      const list = await ok('list', 'hosts', '--wide')
      const [head, ...rows] = list.trimEnd().split('\n')
      assert.match(head!, /^NAME +ID +SUPPORT +REASON +AMT +STATE +MODE +PRESENCE +POWER +LAST OPERATION +SERIAL +UUID/)
      const row = rows.find((line) => line.startsWith(`${name} `))!
      assert.ok(row.includes(serial) && row.includes(uuid) && row.includes('not connected'))
      const sheet = await ok('get', 'host', serial)
      assert.match(sheet, /Support +unknown/)
      assert.match(sheet, /Presence +not connected/)
      const host = await json('get', 'host', uuid)
      assert.equal(host.name, name)
      assert.equal(parse(await ok('get', 'host', host.resourceId, '--output', 'yaml')).name, name)
      const found = await json('list', 'host', '--filter', `serialNumber="${serial}"`)
      assert.deepEqual(
        found.map((one: { name: string }) => one.name),
        [name],
      )
      const again = await cli(['create', 'host', 'another', '--serial', serial])
      assert.equal(again.code, faultStatus.conflict.exit)
      assert.match(again.err, /HOST_EXISTS/)
      assert.match(await ok('delete', 'host', name), /is deleted/)
      const gone = await cli(['get', 'host', name])
      assert.equal(gone.code, faultStatus.missing.exit)
      assert.match(gone.err, /^error: HOST_NOT_FOUND: .*\nremedy: /)
    })

    it('reads every page of a list', async () => {
      const names = new Set(await orchestrator.registerMany(105))
      const hosts = await json('list', 'host')
      for (const { name } of hosts) names.delete(name)
      assert.equal(names.size, 0)
      const filtered = await json('list', 'host', '--filter', 'name="machine-"')
      assert.equal(filtered.length, 105)
      assert.equal((await json('list', 'host', '--page-size', '7')).length, 7)
    })

    it('shows the steps of an operation while it runs, and its outcome', async () => {
      const { name } = await created()
      orchestrator.willGo(name, succeeds('order-offered', 'rpc-started', 'control-mode-confirmed', 'connected'))
      const lines: string[] = []
      const ran = await cli(['set', 'host', name, '--amt-state', 'provisioned', '--control-mode', 'client', '--wait'], {
        onLine: (line) => lines.push(line),
      })
      assert.equal(ran.code, 0, ran.err)
      assert.match(lines[0]!, /^activate op-[0-9a-z]{20} is /)
      const steps = lines.flatMap((line) => /^\[ *\d+\.\ds\] (\S+) {2}The/.exec(line)?.[1] ?? [])
      assert.deepEqual(steps, ['order-offered', 'rpc-started', 'control-mode-confirmed', 'connected'])
      assert.match(lines.at(-1)!, /^activate succeeded in \d+\.\ds$/)
      assert.match(await ok('get', 'host', name), /Outcome +activate succeeded/)

      orchestrator.willGo(name, succeeds())
      const [reset, host] = [
        await json('set', 'host', name, '--power', 'reset', '--wait'),
        await json('get', 'host', name),
      ]
      assert.equal(reset.operations[0].kind, 'reset')
      assert.equal(reset.host.currentPowerState, host.currentPowerState)
      const listed = await json('list', 'operations', '--host', name)
      assert.deepEqual(
        listed.map((one: { kind: string }) => one.kind),
        ['reset', 'activate'],
      )
      assert.match(await ok('get', 'operation', listed[1].id), /control-mode-confirmed: The/)
      const audit = await ok('list', 'audit', '--host', name)
      assert.match(audit, /admin +127\.0\.0\.1 +activate +host-\w+ +requested/)
    })

    it('ends a failed operation with its fault and exit code', async () => {
      const { name } = await activated()
      orchestrator.willGo(name, fails(device.POWER_NOT_REACHED().record(), 'soft-off-sent'))
      const ran = await cli(['set', 'host', name, '--power', 'off', '--wait'])
      assert.equal(ran.code, faultStatus.timeout.exit)
      assert.match(ran.out, /power-off failed after/)
      assert.match(
        ran.err,
        /^error: POWER_NOT_REACHED: The machine did not turn off\.\nremedy: Try --power-policy immediate\.\noperation: op-/,
      )
    })

    it('prints a refused act as code, cause and remedy', async () => {
      const { name } = await created()
      for (const words of [
        ['--power', 'off', '--wait'],
        ['--power', 'reset'],
      ]) {
        const ran = await cli(['set', 'host', name, ...words])
        assert.equal(ran.code, faultStatus.conflict.exit)
        assert.match(ran.err, /^error: AMT_NOT_ACTIVATED: .+\nremedy: Activate it first: .+\noperation: op-/)
        const id = /operation: (op-\w+)/.exec(ran.err)![1]!
        assert.equal((await json('get', 'operation', id)).life, 'refused')
        const asked = await cli(['get', 'operation', id, '--wait'])
        assert.equal(asked.code, faultStatus.conflict.exit)
      }
      const script = await cli(['set', 'host', name, '--power', 'on', '--output', 'json'])
      assert.equal(JSON.parse(script.err).fault.code, 'AMT_NOT_ACTIVATED')
      const unknown = await cli(['set', 'host', 'nobody', '--power', 'on'])
      assert.equal(unknown.code, faultStatus.missing.exit)
    })

    it('gives up waiting when it was told to, and takes it up again', async () => {
      const { name } = await activated()
      const ran = await cli(['set', 'host', name, '--power', 'off', '--wait', '--timeout', '1'])
      assert.equal(ran.code, faultStatus.timeout.exit)
      assert.match(ran.err, /CLI_WAIT_OVER/)
      const id = /operation: (op-\w+)/.exec(ran.err)![1]!
      assert.match(await ok('cancel', 'operation', id), /is cancelled/)
      const asked = await cli(['get', 'operation', id, '--wait'])
      assert.equal(asked.code, faultStatus.conflict.exit)
      assert.match(asked.err, /CLI_OPERATION_CANCELLED/)
    })

    it('writes the environment file of a node for its owner alone', async () => {
      const { name } = await created()
      const file = join(orchestrator.folder, 'agent.env')
      await writeFile(file, 'old', { mode: 0o644 })
      const said = await ok('generate', 'agent-env', '--host', name, '--out', file)
      assert.match(said, /good once, until \d{4}-/)
      assert.equal((await stat(file)).mode & 0o777, 0o600)
      const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
      const variables = new Map(
        lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      )
      for (const variable of [
        'OUTRIDER_URL',
        'OUTRIDER_RPS_URL',
        'OUTRIDER_TOKEN_URL',
        'OUTRIDER_PROJECT',
        'OUTRIDER_HOST_ID',
        'OUTRIDER_ENROLMENT_TOKEN',
        'OUTRIDER_CA',
        'OUTRIDER_CIRA_ADDRESS',
      ])
        assert.ok(variables.get(variable), variable)
      assert.equal(Buffer.from(variables.get('OUTRIDER_CA')!, 'base64').toString(), orchestrator.ca)
      assert.equal(said.includes(variables.get('OUTRIDER_ENROLMENT_TOKEN')!), false)
      const folder = join(orchestrator.folder, 'locked')
      await mkdir(folder)
      const bad = await cli(['generate', 'agent-env', '--host', name, '--out', join(folder, 'no', 'agent.env')])
      assert.equal(bad.code, faultStatus.invalid.exit)
      assert.match(bad.err, /CLI_FILE_UNWRITABLE/)
    })

    it('shows one project nothing of another, and a viewer no way to act', async () => {
      const { name } = await activated()
      const eve = join(orchestrator.folder, 'eve.yaml')
      assert.equal((await login('eve', eve)).code, 0)
      const asEve = (...words: string[]) => orchCli(words, { environment: { ORCH_CLI_CONFIG: eve } })
      for (const words of [
        ['list', 'host', '--project', 'default'],
        ['get', 'host', name, '--project', 'default'],
        ['get', 'host', name, '--project', 'other'],
      ])
        assert.equal((await asEve(...words)).code, faultStatus.missing.exit, words.join(' '))
      assert.deepEqual(JSON.parse((await asEve('list', 'host', '-p', 'other', '-o', 'json')).out), [])
      assert.match((await asEve('list', 'project')).out, /^NAME +UUID\nother +/)
      const viewer = join(orchestrator.folder, 'view.yaml')
      assert.equal((await login('view', viewer)).code, 0)
      const denied = await orchCli(['set', 'host', name, '--power', 'off'], {
        environment: { ORCH_CLI_CONFIG: viewer },
      })
      assert.equal(denied.code, faultStatus.denied.exit)
      assert.match(denied.err, /PERMISSION_DENIED/)
    })

    it('asks for admin control mode in place, and for it alone with both options', async () => {
      const { name } = await activated()
      const alone = await cli(['set', 'host', name, '--control-mode', 'admin'])
      assert.equal(alone.code, faultStatus.conflict.exit)
      assert.match(alone.err, /CONTROL_MODE_FIXED.*\nremedy: .*--control-mode admin --amt-state provisioned --wait/)
      orchestrator.willGo(name, succeeds('order-offered', 'recovering', 'settling', 'control-mode-confirmed'))
      const words = ['set', 'host', name, '--control-mode', 'admin', '--amt-state', 'provisioned', '--wait']
      assert.match(await ok(...words), /recovering .*\n.*settling .*\n.*\n.*activate succeeded/)
      const [operation] = await json('list', 'operations', '--host', name)
      assert.deepEqual([operation.kind, operation.controlMode], ['activate', 'admin'])
    })

    it('asks for every power act there is, by the policy that is wished', async () => {
      const { name } = await activated()
      await ok('set', 'host', name, '--power-policy', 'ordered')
      for (const [word, kind] of [
        ['off', 'power-off'],
        ['on', 'power-on'],
        ['sleep', 'sleep'],
        ['hibernate', 'hibernate'],
        ['soft-off', 'soft-off'],
        ['soft-reset', 'soft-reset'],
        ['reset', 'reset'],
        ['power-cycle', 'power-cycle'],
      ] as const) {
        orchestrator.willGo(name, succeeds())
        const { operations } = await json('set', 'host', name, '--power', word, '--wait')
        assert.deepEqual([operations[0].kind, operations[0].powerPolicy], [kind, 'ordered'])
      }
    })

    it('sets the policy of a host, and says what it will undo', async () => {
      const { name } = await activated()
      assert.match(await ok('set', 'host', name, '--policy', 'keep-on'), /is updated/)
      assert.match(await ok('get', 'host', name), /Policy +keep-on/)
      const off = await cli(['set', 'host', name, '--power', 'off'])
      assert.equal(off.code, 0)
      assert.match(off.err, /^warning: the policy keep-on will power .* on again; .*--policy follow/)
      const both = await cli(['set', 'host', name, '--power', 'off', '--policy', 'follow'])
      assert.deepEqual([both.code, both.err], [0, ''])
      const audit = await ok('list', 'audit', '--host', name)
      assert.match(audit, /set-policy-keep-on +host-\w+ +succeeded/)
    })

    it('keeps provisioning certificates, and shows neither certificate nor password', async () => {
      using pki = new ProvisioningPki()
      const pfx = join(orchestrator.folder, 'lab.pfx')
      const bytes = pki.pfx({ commonName: 'rps.lab.example.com' }, { password: 'P@ssw0rd of the file' })
      await writeFile(pfx, bytes)
      const create = (input: string, suffix = 'lab.example.com', name = 'lab') =>
        cli(['create', 'amtprofile', name, '--cert', pfx, '--domain-suffix', suffix, '--cert-pass-file', '-'], {
          input,
        })
      const wrong = await create('another password\n')
      assert.equal(wrong.code, faultStatus.invalid.exit)
      assert.match(wrong.err, /^error: PROVISIONING_CERT_PASSWORD_WRONG: .+\nremedy: .+/)
      const elsewhere = await create('P@ssw0rd of the file\n', 'other.example.com')
      assert.match(elsewhere.err, /^error: PROVISIONING_CERT_OTHER_SUFFIX: .+\nremedy: .*other\.example\.com/)
      const made = await create('P@ssw0rd of the file\n')
      assert.equal(made.code, 0, made.err)
      assert.match(made.out, /DNS suffix +lab\.example\.com/)
      assert.equal(made.argv.includes('P@ssw0rd'), false)
      const again = await create('P@ssw0rd of the file\n')
      assert.notEqual(again.code, 0)
      assert.match(again.err, /^error: DOMAIN_EXISTS/)

      const list = await ok('list', 'amtprofile')
      assert.match(
        list,
        /^NAME +DOMAIN SUFFIX +EXPIRES\n(.*\n)*lab +lab\.example\.com +\d{4}-\d\d-\d\d \(in \d+ days\)/,
      )
      const answers = [made.out, list, await ok('get', 'amtprofile', 'LAB')]
      for (const format of ['json', 'yaml'])
        for (const words of [
          ['list', 'amtprofiles'],
          ['get', 'amtprofile', 'lab'],
        ])
          answers.push(await ok(...words, '-o', format))
      const base64 = bytes.toString('base64')
      for (const answer of answers) {
        assert.equal(answer.includes('P@ssw0rd'), false)
        for (let at = 0; at + 40 <= base64.length; at += 400)
          assert.equal(answer.includes(base64.slice(at, at + 40)), false)
      }
      assert.equal((await json('get', 'amtprofile', 'lab')).domainSuffix, 'lab.example.com')

      const eve = join(orchestrator.folder, 'eve-profiles.yaml')
      assert.equal((await login('eve', eve)).code, 0)
      const asEve = (...words: string[]) => orchCli(words, { environment: { ORCH_CLI_CONFIG: eve } })
      assert.equal((await asEve('get', 'amtprofile', 'lab', '-p', 'other')).code, faultStatus.missing.exit)
      assert.equal((await asEve('get', 'amtprofile', 'lab', '-p', 'default')).code, faultStatus.missing.exit)
      assert.match(await ok('delete', 'amtprofile', 'lab'), /is deleted/)
      const gone = await cli(['get', 'amtprofile', 'lab'])
      assert.equal(gone.code, faultStatus.missing.exit)
      assert.match(gone.err, /^error: DOMAIN_NOT_FOUND: .+\nremedy: /)
      const audit = await ok('list', 'audit')
      assert.match(audit, /admin +127\.0\.0\.1 +create-amtprofile lab +- +succeeded/)
      assert.match(audit, /create-amtprofile lab +- +refused +PROVISIONING_CERT_PASSWORD_WRONG/)
      assert.match(audit, /delete-amtprofile lab +- +succeeded/)
    })

    it('asks for no password of a certificate without a terminal, and takes none as an argument', async () => {
      const pfx = join(orchestrator.folder, 'none.pfx')
      await writeFile(pfx, 'x')
      const words = ['create', 'amtprofile', 'lab', '-c', pfx, '-d', 'lab.example.com']
      const none = await cli(words)
      assert.equal(none.code, faultStatus.invalid.exit)
      assert.match(none.err, /CLI_NO_CERT_PASSWORD/)
      assert.match((await cli([...words, '--cert-pass', 'secret'])).err, /CLI_USAGE/)
      assert.match(
        (await cli(['create', 'amtprofile', 'lab', '-c', '/nonexistent', '-d', 'x.y'])).err,
        /CLI_FILE_UNREADABLE/,
      )
      assert.match((await cli(['create', 'amtprofile', 'lab', '-d', 'x.y'])).err, /CLI_USAGE.*--cert/)
    })

    it('tells where devices dial: the default config is named by the UUID of the project', async () => {
      const uuid = orchestrator.project.id
      assert.match(await ok('create', 'cira'), new RegExp(`Name +${uuid}\\n +MPS +localhost:4433`))
      const full = ['create', 'cira', 'plant-2', '--mps-address', '192.0.2.7:4434', '--username', 'plantuser']
      assert.match(await ok(...full), /MPS +192\.0\.2\.7:4434\n +Address is +IPv4 address/)
      const list = await ok('list', 'cira')
      assert.match(list, new RegExp(`^${uuid} +localhost:4433 .* yes$`, 'm'))
      assert.match(list, /^plant-2 +192\.0\.2\.7:4434 +plantuser .* -$/m)
      assert.equal((await json('get', 'cira')).configName, uuid)
      const bad = await cli(['create', 'cira', 'plant-3', '--username', 'x'])
      assert.equal(bad.code, faultStatus.invalid.exit)
      assert.match(bad.err, /^error: CIRA_CONFIG_INVALID: .+\nremedy: /)
      const again = await cli(['create', 'cira'])
      assert.match(again.err, /CIRA_CONFIG_EXISTS/)
      assert.equal((await cli(['list', 'cira'])).err, '')
      await ok('delete', 'cira', 'plant-2')
      assert.equal((await cli(['get', 'cira', 'plant-2'])).code, faultStatus.missing.exit)
    })

    it('lists who did what, refused acts and logins included', async () => {
      const { name } = await created()
      const file = join(orchestrator.folder, 'audited.yaml')
      assert.equal((await login('view', file)).code, 0)
      const asView = (...words: string[]) => orchCli(words, { environment: { ORCH_CLI_CONFIG: file } })
      assert.equal((await asView('set', 'host', name, '--power', 'off')).code, faultStatus.denied.exit)
      await cli(['set', 'host', name, '--power', 'off'])
      const environment = { ORCH_CLI_CONFIG: join(orchestrator.folder, 'nobody.yaml') }
      const base = ['login', 'nobody', '--api-endpoint', orchestrator.origin, '--ca', orchestrator.caFile]
      await orchCli([...base, '--password-file', '-'], { environment, input: 'wrong\n' })
      const { resourceId } = await json('get', 'host', name)
      const rows = await ok('list', 'audit', '--host', name)
      assert.match(rows, /^TIME +WHO +FROM +ACT +HOST +OUTCOME +CODE +OPERATION\n/)
      assert.match(
        rows,
        new RegExp(`admin +127\\.0\\.0\\.1 +power-off +${resourceId} +refused +AMT_NOT_ACTIVATED +op-`),
      )
      assert.match(rows, new RegExp(`view +127\\.0\\.0\\.1 +set-host +${resourceId} +refused +PERMISSION_DENIED +-`))
      assert.match(rows, new RegExp(`admin +127\\.0\\.0\\.1 +create-host +${resourceId} +succeeded`))
      const all = await ok('list', 'audit', '--limit', '1000')
      assert.match(all, /view +127\.0\.0\.1 +login +- +succeeded/)
      assert.match(all, /nobody +127\.0\.0\.1 +login +- +refused +LOGIN_WRONG/)
      await ok('delete', 'host', name)
      assert.match(await ok('list', 'audit', '--host', resourceId), /delete-host +host-\w+ +succeeded/)
    })

    it('keeps settings, but shows no token', async () => {
      await ok('config', 'set', 'project', 'default')
      assert.equal(await ok('config', 'get', 'project'), 'default\n')
      assert.equal(await ok('config', 'get', 'refresh-token'), '[secret]\n')
      await ok('config', 'delete', 'project')
      assert.equal((await cli(['config', 'get', 'project'])).code, faultStatus.missing.exit)
      assert.equal((await cli(['config', 'set', 'refresh-token', 'x'])).code, faultStatus.invalid.exit)
    })
  })

  it('deletes an activated host once its machine is deactivated, or at once by force', async () => {
    const { name } = await activated()
    const asked = await ok('delete', 'host', name)
    const id = /get operation (op-\w+) --wait/.exec(asked)![1]!
    assert.match(await ok('get', 'host', name), /Status +Deleting/)
    const acting = await cli(['set', 'host', name, '--power', 'off'])
    assert.equal(acting.code, faultStatus.conflict.exit)
    assert.match(acting.err, /HOST_RETIRING/)
    await orchestrator.carryOut(id, fails(device.POWER_NOT_REACHED().record()))
    const kept = await ok('get', 'host', name)
    assert.match(kept, /HOST_NOT_RETIRED\n +Cause .*POWER_NOT_REACHED/)
    assert.match(await ok('list', 'host'), new RegExp(`^${name} .*HOST_NOT_RETIRED`, 'm'))

    orchestrator.willGo(name, succeeds('deactivating', 'verified'))
    const waited = await ok('delete', 'host', name, '--wait')
    assert.match(waited, /verified .*\n.*deactivate succeeded in .*\n.*is deleted/)
    assert.equal((await cli(['get', 'host', name])).code, faultStatus.missing.exit)

    const lost = await activated()
    assert.match(await ok('delete', 'host', lost.name, '--force'), /CMOS/)
    const sold = await activated()
    orchestrator.willGo(sold.name, succeeds('verified'))
    assert.match(await ok('deauthorize', 'host', sold.name, '--note', 'sold', '--wait'), /is deauthorised/)
    assert.match(await ok('get', 'host', sold.name), /Status +Invalidated: sold/)
  })

  it('warns of CIRA configs an external device manager would not keep', async () => {
    orchestrator.deployment.dmManager = 'external'
    try {
      const named = await cli(['create', 'cira', 'mine', '--mps-address', 'mps.example.com'])
      assert.equal(named.code, 0, named.err)
      assert.match(named.err, new RegExp(`^warning: an external device manager .*${orchestrator.project.id}.*mine`))
      assert.match((await cli(['list', 'cira'])).err, /mine/)
      assert.equal((await cli(['get', 'cira'])).err, '', 'the default one is its own')
    } finally {
      orchestrator.deployment.dmManager = 'embedded'
    }
  })

  it('asks for the password of a certificate on a terminal without showing it', {
    skip: existsSync(SCRIPT) ? false : `${SCRIPT} is missing`,
  }, async () => {
    using pki = new ProvisioningPki()
    const pfx = join(orchestrator.folder, 'asked.pfx')
    await writeFile(pfx, pki.pfx({ commonName: 'rps.asked.example.com' }, { password: 'shown-to-nobody' }))
    const words = ['create', 'amtprofile', 'asked', '--cert', pfx, '--domain-suffix', 'asked.example.com']
    const child = spawn(SCRIPT, ['-qec', [LAUNCHER, ...words].join(' '), '/dev/null'], {
      env: { PATH: process.env.PATH ?? '', ORCH_CLI_CONFIG: config, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 30_000,
    })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!shown.includes('Password of') && (shown + text).includes('Password of'))
        child.stdin.write('shown-to-nobody\r')
      shown += text
    })
    const [code] = await once(child, 'close')
    assert.equal(code, 0, shown)
    assert.match(shown, /asked\.example\.com/)
    assert.equal(shown.includes('shown-to-nobody'), false)
  })

  it('asks for a password on a terminal without showing it', {
    skip: existsSync(SCRIPT) ? false : `${SCRIPT} is missing`,
  }, async () => {
    const file = join(orchestrator.folder, 'terminal.yaml')
    const words = ['login', 'admin', '--api-endpoint', orchestrator.origin, '--ca', orchestrator.caFile]
    const child = spawn(SCRIPT, ['-qec', [LAUNCHER, ...words].join(' '), '/dev/null'], {
      env: { PATH: process.env.PATH ?? '', ORCH_CLI_CONFIG: file, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 30_000,
    })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      // Typed only when asked: what is typed before the prompt would be shown by the terminal itself.
      if (!shown.includes('Password of') && (shown + text).includes('Password of'))
        child.stdin.write(`wrong\u007f\u007f\u007f\u007f\u007f${PASSWORD}\r`)
      shown += text
    })
    const [code] = await once(child, 'close')
    assert.equal(code, 0, shown)
    assert.match(shown, /Logged in to/)
    assert.equal(shown.includes(PASSWORD), false)
    assert.ok(parse(await readFile(file, 'utf8'))['refresh-token'])
  })

  it('stops waiting when it is interrupted, and leaves the operation alone', async () => {
    const { name } = await activated()
    const child = spawn(LAUNCHER, ['set', 'host', name, '--power', 'off', '--wait'], {
      env: { PATH: process.env.PATH ?? '', ORCH_CLI_CONFIG: config },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const [first] = await once(child.stdout.setEncoding('utf8'), 'data')
    const id = /op-\w+/.exec(String(first))![0]
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    assert.equal(code, 130)
    assert.equal(said, '')
    assert.equal((await json('get', 'operation', id)).life, 'queued')
  })

  it('goes on waiting over a restart of the orchestrator', async () => {
    const { name } = await activated()
    const begun = Promise.withResolvers<string>()
    const lost = Promise.withResolvers<void>()
    const running = cli(['set', 'host', name, '--power', 'off', '--wait'], {
      onLine: (line) => {
        const id = /power-off (op-\w+) is/.exec(line)?.[1]
        if (id !== undefined) begun.resolve(id)
        if (line.includes('does not answer')) lost.resolve()
      },
    })
    const id = await begun.promise
    await orchestrator.away(() => lost.promise)
    await orchestrator.inventory.advanceOperation(
      orchestrator.project.id,
      id,
      1,
      { life: 'succeeded' },
      undefined,
      patience(),
    )
    const ran = await running
    assert.equal(ran.code, 0, ran.err)
    assert.match(ran.out, /answers again/)
    assert.match(ran.out, /power-off succeeded/)
  })
})

describe('orch-cli without an orchestrator', () => {
  const environment = { ORCH_CLI_CONFIG: '/nonexistent/orch-cli.yaml' }

  it('helps, and answers what it does not understand with exit code 2', async () => {
    const help = await orchCli(['--help'], { environment })
    assert.equal(help.code, 0)
    for (const verb of ['login', 'create', 'list', 'get', 'set', 'delete', 'generate'])
      assert.match(help.out, new RegExp(`^ {2}${verb} `, 'm'))
    for (const words of [
      [],
      ['set'],
      ['nothing'],
      ['list', 'nothing'],
      ['set', 'host'],
      ['set', 'host', 'x'],
      ['set', 'host', 'x', '--power', 'sideways'],
      ['set', 'host', 'x', '--colour', 'red'],
      ['set', 'host', 'x', '--power', 'on', '--timeout', 'soon'],
      ['create', 'host', 'x'],
      ['list', 'host', '--output', 'xml'],
    ]) {
      const ran = await orchCli(words, { environment })
      assert.equal(ran.code, faultStatus.invalid.exit, words.join(' '))
      assert.match(ran.err, /^error: CLI_USAGE: .+\nremedy: See: orch-cli /, words.join(' '))
      assert.equal(ran.out, '', words.join(' '))
    }
  })

  it('prints versions and completion scripts a shell can read', async () => {
    assert.match((await orchCli(['version'], { environment })).out, /^orch-cli \d+\.\d+\.\d+ \(Node\.js 24\./)
    for (const shell of ['bash', 'zsh', 'fish']) {
      const script = (await orchCli(['completion', shell], { environment })).out
      assert.match(script, /orch-cli/)
      assert.match(script, /amt-state/)
    }
    const { execFile } = await import('node:child_process')
    const { promisify } = await import('node:util')
    const { out } = await orchCli(['completion', 'bash'], { environment })
    const probe = `${out}\nCOMP_WORDS=(orch-cli set ho) COMP_CWORD=2 _orch_cli; COMP_WORDS=(orch-cli set ho); COMP_CWORD=2; _orch_cli; echo "\${COMPREPLY[@]}"`
    const { stdout } = await promisify(execFile)('bash', ['-c', probe])
    assert.equal(stdout.trim(), 'host')
  })

  it('documents exactly the exit codes there are', async () => {
    const text = await readFile(new URL('../../../docs/exit-codes.md', import.meta.url), 'utf8')
    const rows = [...text.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, code, kind]) => [kind!, Number(code)] as const)
    assert.deepEqual(
      Object.fromEntries(rows),
      Object.fromEntries(Object.entries(faultStatus).map(([kind, { exit }]) => [kind, exit])),
    )
  })
})
