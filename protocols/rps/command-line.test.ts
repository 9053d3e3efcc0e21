import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { secret } from '../values/index.ts'
import { formatCommandLine, maintenanceTasks, parseCommandLine, type RpsCommand } from './index.ts'

/** Secrets opened, so that two commands can be compared. */
const opened = (command: RpsCommand) =>
  Object.fromEntries(
    Object.entries(command).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null ? { secret: value.reveal() } : value,
    ]),
  )

const force = fc.boolean()
const word = fc.string({ unit: fc.constantFrom(...'abcXYZ0189.-_!@ #$%'), minLength: 1, maxLength: 24 })
const profile = word.map((name) => name.trim()).filter((name) => name !== '' && !/ -f$/.test(name))
const password = word
  .filter((value) => value.trim() !== '' && !/ -f$/.test(value) && !/--/.test(value))
  .map((value) => secret(value))

describe('command line of a first message', () => {
  it('reads back what it wrote, whatever is in names and passwords', () => {
    const command: fc.Arbitrary<RpsCommand> = fc.oneof(
      fc.record({ verb: fc.constant('activate' as const), profile, force }),
      fc.record({ verb: fc.constant('deactivate' as const), password, force }),
      fc.record({
        verb: fc.constant('maintenance' as const),
        task: fc.constant('changepassword' as const),
        password,
        newPassword: fc.option(password, { nil: undefined }),
        force,
      }),
      fc.record({
        verb: fc.constant('maintenance' as const),
        task: fc.constantFrom(...maintenanceTasks),
        password,
        newPassword: fc.constant(undefined),
        force,
      }),
    )
    fc.assert(
      fc.property(command, (value) => {
        assert.deepEqual(opened(parseCommandLine(formatCommandLine(value))), { ...opened(value) })
      }),
    )
  })

  it('keeps a profile name that looks like a number a text', () => {
    for (const name of ['123', '1e5', '0123', 'true', 'a b'])
      assert.deepEqual(parseCommandLine(`activate --profile ${name}`), {
        verb: 'activate',
        profile: name,
        force: false,
      })
  })

  it('reads what the generations of clients send', () => {
    const read = (line: string) => opened(parseCommandLine(line))
    assert.deepEqual(read('activate -profile p1'), { verb: 'activate', profile: 'p1', force: false })
    assert.deepEqual(read('activate --profile=p1 -f'), { verb: 'activate', profile: 'p1', force: true })
    assert.deepEqual(read('deactivate --password P@ss w0rd -- x -f'), {
      verb: 'deactivate',
      password: { secret: 'P@ss w0rd -- x' },
      force: true,
    })
    assert.deepEqual(read('deactivate'), { verb: 'deactivate', password: undefined, force: false })
    assert.deepEqual(read('maintenance -password P@ss --synctime'), {
      verb: 'maintenance',
      task: 'synctime',
      password: { secret: 'P@ss' },
      newPassword: undefined,
      force: false,
    })
    assert.deepEqual(read('maintenance -password old --changepassword new one -f'), {
      verb: 'maintenance',
      task: 'changepassword',
      password: { secret: 'old' },
      newPassword: { secret: 'new one' },
      force: true,
    })
  })

  it('says what is missing, and never repeats the line, which may hold a password', () => {
    for (const line of ['activate', 'activate --profile', 'activate --profile  ', 'maintenance -password S3cret', 'x'])
      assert.throws(
        () => parseCommandLine(line),
        (fault: unknown) => {
          assert.ok(fault instanceof Error && 'code' in fault)
          assert.equal(fault.code, 'RPS_COMMAND_MALFORMED')
          assert.doesNotMatch(JSON.stringify(fault) + fault.message, /S3cret/)
          return true
        },
      )
  })
})
