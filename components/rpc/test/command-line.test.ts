import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCommandLine } from '../command-line/parse.ts'
import { logrus } from '../log.ts'
import { resolverSuffix } from '../system.ts'

const parse = (line: string, env: Record<string, string> = {}) => parseCommandLine(line.split(' ').filter(Boolean), env)

describe('command line', () => {
  it('reads both generations alike', () => {
    for (const line of [
      'activate -u wss://h/activate -n --profile p1',
      'activate -url wss://h/activate -skip-cert-check -profile p1',
      '-n activate --url=wss://h/activate --profile=p1',
    ]) {
      const invocation = parse(line)
      assert.equal(invocation.command, 'activate')
      assert.equal(invocation.value('url'), 'wss://h/activate')
      assert.equal(invocation.value('profile'), 'p1')
      assert.ok(invocation.on('skip-cert-check'))
    }
    assert.ok(parse('amtinfo -json').on('json'))
    assert.ok(parse('amtinfo -uuid -ver').given('uuid'))
    assert.equal(parse('activate --uuid X').value('uuid'), 'X')
  })

  it('is amtinfo where there is no command', () => {
    assert.equal(parse('').command, 'amtinfo')
    assert.equal(parse('--json').command, 'amtinfo')
    assert.equal(parse('-h').command, 'help')
    assert.equal(parse('activate --help').command, 'help')
  })

  it('takes the log level the old way', () => {
    const old = parse('activate -l debug -u ws://h')
    assert.equal(old.value('log-level'), 'debug')
    assert.ok(!old.on('local'))
    assert.ok(parse('deactivate -l').on('local'))
  })

  it('takes from the environment what it is not given', () => {
    const env = { PROFILE: 'old', RPC_URL: 'wss://env/activate', AMT_PASSWORD: 'S3cret', RPC_JSON_OUTPUT: 'true' }
    const invocation = parse('activate', env)
    assert.equal(invocation.value('profile'), 'old')
    assert.equal(invocation.value('url'), 'wss://env/activate')
    assert.equal(invocation.value('password'), 'S3cret')
    assert.ok(invocation.on('json'))
    assert.ok(!invocation.given('json'))
    assert.deepEqual(invocation.exposed, [])
    assert.equal(parse('activate --profile p', env).value('profile'), 'p')
    assert.equal(parse('activate', { RPC_PROFILE: 'new', PROFILE: 'old' }).value('profile'), 'new')
    assert.ok(parse('activate', { RPC_STOP_CONFIG: '1' }).on('stopConfig'))
    assert.ok(!parse('amtinfo', { RPC_JSON_OUTPUT: 'false' }).on('json'))
  })

  it('tells which secrets stand where everybody can read them', () => {
    assert.deepEqual(parse('deactivate --password x').exposed, ['password'])
  })

  it('says what it does not understand', () => {
    for (const [line, reason] of [
      ['activate --nonsense', /unknown flag --nonsense/],
      ['activate --nonsense=S3cret', /unknown flag --nonsense$/],
      ['amtinfo extra', /unexpected argument extra/],
      ['activate --url', /flag --url needs a value/],
    ] as const)
      assert.throws(() => parse(line), { code: 'RPC_USAGE', message: reason })
  })
})

describe('log', () => {
  const lines = (json: boolean, level: 'info' | 'trace' = 'info') => {
    const out: string[] = []
    return {
      out,
      log: logrus(
        (line) => out.push(line),
        () => new Date('2026-01-02T03:04:05.678Z'),
        { level, json },
      ),
    }
  }

  it('has the form of logrus', () => {
    const { out, log } = lines(false)
    log.info('CIRA: Configured')
    log.warning('plain')
    log.error('it said "no"\n')
    log.debug('not printed')
    assert.deepEqual(out, [
      'time="2026-01-02T03:04:05Z" level=info msg="CIRA: Configured"\n',
      'time="2026-01-02T03:04:05Z" level=warning msg=plain\n',
      'time="2026-01-02T03:04:05Z" level=error msg="it said \\"no\\"\\n"\n',
    ])
  })

  it('has it in JSON too, keys in order', () => {
    const { out, log } = lines(true, 'trace')
    log.trace('<x>')
    assert.deepEqual(out, ['{"level":"trace","msg":"<x>","time":"2026-01-02T03:04:05Z"}\n'])
  })
})

describe('resolver', () => {
  it('names the DNS suffix', () => {
    assert.equal(resolverSuffix('nameserver 1.1.1.1\nsearch corp.example.com. other\n'), 'corp.example.com')
    assert.equal(resolverSuffix('domain a\nsearch b c\n'), 'b')
    assert.equal(resolverSuffix('search .\n'), '')
    assert.equal(resolverSuffix(''), '')
  })
})
