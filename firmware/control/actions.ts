import { audit } from '../audit/audit-log.ts'
import { endSetupAttempt } from '../device.ts'
import { ciraTroubles, meiTroubles, readDisturbance, wsmanTroubles } from '../disturbance/disturbance.ts'
import type { Firmware } from '../firmware.ts'
import { UNPROVISIONED_BY, wipe } from '../provisioning/setup.ts'

/** What one action is given: fields of a JSON object. */
export type ActionInput = Readonly<Record<string, unknown>>

export interface Action {
  /** One line, for the list of actions. */
  readonly about: string
  /** Names of its fields and what they hold. */
  readonly input: Readonly<Record<string, string>>
  /** Does it and returns what is answered; a text says what the input lacks. */
  readonly run: (firmware: Firmware, input: ActionInput) => object | string
}

const flag = (input: ActionInput, name: string): boolean | undefined =>
  typeof input[name] === 'boolean' ? input[name] : undefined

const done = {}

const listed = (troubles: object): string => Object.keys(troubles).join(', ')

/** What a person or the network can do to a machine (amt-firmware.md 18), and what a test can. */
export const actions: Readonly<Record<string, Action>> = {
  bios: {
    about: 'switch AMT on or off in BIOS; changeAllowed false locks that switch against software',
    input: { enabled: 'boolean', changeAllowed: 'boolean' },
    run: ({ device }, input) => {
      device.store.change(({ bios }) => {
        bios.enabled = flag(input, 'enabled') ?? bios.enabled
        bios.changeAllowed = flag(input, 'changeAllowed') ?? bios.changeAllowed
      })
      device.events.emit('amt', { enabled: device.store.now.bios.enabled })
      return done
    },
  },
  mebx: {
    about: "in the engine's own menu: the PKI DNS suffix (null: as delivered), and which root hash is trusted",
    input: { pkiDnsSuffix: 'text or null', hash: 'hexadecimal', active: 'boolean' },
    run: ({ device }, input) => {
      const hash = typeof input.hash === 'string' ? input.hash.toLowerCase() : undefined
      if (hash !== undefined && !device.identity.trustedHashes.some((each) => each.hash.toLowerCase() === hash))
        return 'hash must be one the machine lists'
      device.store.change(({ mebx }) => {
        const { pkiDnsSuffix } = input
        if (typeof pkiDnsSuffix === 'string' || pkiDnsSuffix === null) mebx.pkiDnsSuffix = pkiDnsSuffix
        if (hash === undefined) return
        mebx.inactiveHashes = mebx.inactiveHashes.filter((each) => each !== hash)
        if (flag(input, 'active') === false) mebx.inactiveHashes.push(hash)
      })
      return done
    },
  },
  'power-button': {
    about: 'press the power button: a machine that is off boots, one that is on shuts down',
    input: {},
    run: ({ device }) => {
      device.host.pressPowerButton()
      return done
    },
  },
  shutdown: {
    about: 'the user of the machine shuts its operating system down',
    input: {},
    run: ({ device }) => {
      device.host.shutDown()
      return done
    },
  },
  network: {
    about: 'plug the cable in or out, or move to a network with another DNS suffix',
    input: { linkUp: 'boolean', dnsSuffix: 'text' },
    run: ({ device }, input) => {
      device.store.change(({ host }) => {
        host.linkUp = flag(input, 'linkUp') ?? host.linkUp
        if (typeof input.dnsSuffix === 'string') host.dnsSuffix = input.dnsSuffix
      })
      device.tunnel.reconsider()
      return done
    },
  },
  lms: {
    about: 'start or stop the program in the operating system that carries out graceful power requests',
    input: { present: 'boolean' },
    run: ({ device }, input) => {
      const present = flag(input, 'present')
      if (present === undefined) return 'present must be true or false'
      device.store.change(({ host }) => {
        host.lmsPresent = present
      })
      return done
    },
  },
  clock: {
    about: "set the device's clock off by so many seconds",
    input: { offsetSeconds: 'number' },
    run: ({ device }, input) => {
      const seconds = input.offsetSeconds
      if (typeof seconds !== 'number') return 'offsetSeconds must be a number'
      device.store.change(({ settings }) => {
        settings.time.offset = seconds * 1000
      })
      return done
    },
  },
  'user-initiated': {
    about: 'the person at the machine asks for a tunnel from BIOS, or ends it',
    input: { open: 'boolean' },
    run: ({ device }, input) => {
      device.volatile.userWantsTunnel = flag(input, 'open') ?? true
      device.tunnel.reconsider()
      return done
    },
  },
  'drop-tunnel': {
    about: 'cut the tunnel that is open, as a network would',
    input: {},
    run: ({ device }) => {
      device.tunnel.cut()
      return done
    },
  },
  'reset-engine': {
    about: 'the management engine restarts: every MEI connection ends',
    input: {},
    run: (firmware) => {
      firmware.resetEngine()
      return done
    },
  },
  disturb: {
    about: 'make something go wrong: at mei, cira or wsman; times and skip say on which occasions',
    input: {
      at: 'mei | cira | wsman',
      what: `mei: ${listed(meiTroubles)}; cira: ${listed(ciraTroubles)}; wsman: ${listed(wsmanTroubles)}`,
      'client, command, status': 'mei: which client, which message, what status',
      'step, nth, afterBytes': 'cira: tls or an APF message of the device, which one of them, how far into it',
      'cls, operation, way, milliseconds, subcode, status': 'wsman: which requests, and what they get',
      'times, skip': 'numbers',
    },
    run: ({ disturbances }, input) => {
      const disturbance = readDisturbance(input)
      return typeof disturbance === 'string' ? disturbance : { id: disturbances.add(disturbance) }
    },
  },
  calm: {
    about: 'nothing goes wrong any more',
    input: {},
    run: ({ disturbances }) => {
      disturbances.clear()
      return done
    },
  },
  wipe: {
    about: 'clear CMOS: everything provisioned is gone, whatever the control mode',
    input: {},
    run: ({ device }) => {
      const from = device.store.now.settings.controlMode
      device.store.change((draft) => {
        wipe(draft, device)
        draft.settings.mebxPassword = null
        audit(draft, device, 'unprovisioningStarted', 'local', Uint8Array.of(UNPROVISIONED_BY.bios))
      })
      endSetupAttempt(device)
      device.tunnel.reconsider()
      device.events.emit('controlMode', { from, to: 0 })
      return done
    },
  },
}
