import type { Noise } from '../noise.ts'
import { SECRET } from './schema-values.ts'

/** What there is to ask about. */
export interface Facts {
  readonly hostId: string
  readonly uuid: string
  readonly operationId: string
  /** DER of a root, in base64. */
  readonly root: string
  /** A provisioning certificate in base64 and the suffix it is for, where there is one to try with. */
  readonly pfx?: { readonly base64: string; readonly suffix: string; readonly password: string }
}

type Body = Readonly<Record<string, unknown>>

/** Names of few rows, so that what is made is found, changed and deleted again. */
const NAMES = ['n1', 'n2', 'n3', 'n4', 'N1', 'n5']

/** Values of the parameters of a path by what stands before them, and by their own name. */
export const parameterOf = (before: string, facts: Facts, noise: Noise): string => {
  switch (before) {
    case 'hosts':
      return noise.pick([facts.hostId, facts.uuid, 'n1', 'n2'])
    case 'operations':
      return facts.operationId
    case 'ciraconfigs':
    case 'profiles':
    case 'domains':
      return noise.pick(NAMES)
    default:
      return facts.uuid
  }
}

/** A body that the route would take, by the last fixed part of its path. */
export const sampleOf = (method: string, path: string, facts: Facts, noise: Noise): Body | undefined => {
  const name = noise.pick(NAMES)
  const fixed = path.split('/').filter((part) => !part.startsWith(':'))
  const changes = method === 'PATCH' && noise.chance(0.5) ? { version: noise.pick(['1', '2', '3']) } : {}
  switch (fixed.at(-1)) {
    case 'register':
      return { name, serialNumber: `SERIAL${noise.below(6)}` }
    case 'hosts':
      if (method === 'POST')
        return { name, serialNumber: `SERIAL${noise.below(6)}`, metadata: [{ key: 'a', value: 'b' }] }
      return noise.pick<Body>([
        {
          desiredPowerState: noise.pick([
            'POWER_STATE_ON',
            'POWER_STATE_OFF',
            'POWER_STATE_RESET',
            'POWER_STATE_SLEEP',
          ]),
        },
        { desiredAmtState: noise.pick(['AMT_STATE_PROVISIONED', 'AMT_STATE_UNPROVISIONED']) },
        { powerCommandPolicy: 'POWER_COMMAND_POLICY_ORDERED', name },
        { outrider: { policy: noise.pick(['follow', 'keep-on']) } },
      ])
    case 'invalidate':
      return { note: 'gone' }
    case 'agent-env':
      return { expiresInSeconds: 600 }
    case 'enrolment':
      return { token: name, serial: 'SERIAL1', uuid: facts.uuid }
    case 'devices':
      return { guid: facts.uuid, hostname: name, tags: [name], mpsusername: 'admin' }
    case 'action':
      return { action: noise.pick([2, 5, 8, 10, 12]) }
    case 'ciraconfigs':
      return {
        configName: name,
        mpsServerAddress: 'mps.example.test',
        mpsPort: 4433,
        username: 'admin',
        commonName: 'mps.example.test',
        serverAddressFormat: 201,
        authMethod: 2,
        mpsRootCertificate: facts.root,
        password: SECRET,
        proxyDetails: '',
        ...changes,
      }
    case 'profiles':
      return {
        profileName: name,
        activation: noise.pick(['ccmactivate', 'acmactivate']),
        amtPassword: SECRET,
        mebxPassword: SECRET,
        generateRandomPassword: false,
        generateRandomMEBxPassword: false,
        dhcpEnabled: true,
        ...(noise.chance(0.5) ? { ciraConfigName: noise.pick(NAMES) } : {}),
        ...changes,
      }
    case 'domains':
      return {
        profileName: name,
        domainSuffix: facts.pfx?.suffix ?? 'example.test',
        provisioningCert: facts.pfx?.base64 ?? 'AAAA',
        provisioningCertStorageFormat: 'string',
        provisioningCertPassword: facts.pfx?.password ?? SECRET,
        ...changes,
      }
    default:
      return undefined
  }
}
