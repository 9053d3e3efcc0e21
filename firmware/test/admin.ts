import { randomBytes, type webcrypto } from 'node:crypto'
import { AMT_GeneralSettings, IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import { secret } from '@outrider/protocols/values'
import { digestHa1 } from '@outrider/protocols/wsman'
import { md5 } from '../http/digest-gate.ts'
import type { TrustedHash } from '../index.ts'
import { deadline, type Local, PASSWORD } from './bench.ts'
import { type ProvisioningPki, signWith } from './provisioning-chain.ts'
import { call } from './refusals.ts'

// Activation into admin control mode as a provisioning server does it, with every part in the caller's hands.

export const trusting = (pki: ProvisioningPki): readonly TrustedHash[] => [
  { name: 'Test Provisioning Root', hash: pki.rootHash, isActive: true, isDefault: false },
]

/** Uploads a chain, leaf first; the return values. */
export const uploadChain = async (os: Local, chain: readonly Uint8Array[]): Promise<readonly (number | string)[]> => {
  const answers: (number | string)[] = []
  for (const [index, NextCertificate] of chain.entries())
    answers.push(
      await call(os, IPS_HostBasedSetupService, 'AddNextCertInChain', {
        NextCertificate,
        IsLeafCertificate: index === 0,
        IsRootCertificate: index === chain.length - 1 && chain.length > 1,
      }),
    )
  return answers
}

export const hostBasedSetup = async (os: Local) => {
  const { ConfigurationNonce, CertChainStatus, CurrentControlMode } = await os.wsman.get(
    IPS_HostBasedSetupService,
    {},
    deadline(),
  )
  return { nonce: ConfigurationNonce!, chainStatus: CertChainStatus!, mode: CurrentControlMode! }
}

/** HA1 of `admin` in the device's realm. */
export const ha1Of = async (os: Local, password = PASSWORD): Promise<string> => {
  const { DigestRealm } = await os.wsman.get(AMT_GeneralSettings, {}, deadline())
  return digestHa1(md5, 'admin', DigestRealm!, password)
}

/** The part of a request that proves the leaf's key, over the device's nonce as it is now. */
export const proofOf = async (os: Local, keys: webcrypto.CryptoKeyPair) => {
  const { nonce } = await hostBasedSetup(os)
  const McNonce = new Uint8Array(randomBytes(20))
  return { McNonce, SigningAlgorithm: 2, DigitalSignature: signWith(keys, [nonce, McNonce]) }
}

/** Everything: the chain, then AdminSetup. Further requests come as admin. Throws where anything is refused. */
export const activateAsAdmin = async (os: Local, pki: ProvisioningPki, password = PASSWORD): Promise<void> => {
  const answers = await uploadChain(os, pki.chain(await pki.leaf()))
  if (answers.some((answer) => answer !== 0)) throw new Error(`the chain was answered with ${answers}`)
  await os.wsman.invoke(
    IPS_HostBasedSetupService,
    'AdminSetup',
    {
      NetAdminPassEncryptionType: 2,
      NetworkAdminPassword: secret(await ha1Of(os, password)),
      ...(await proofOf(os, pki.leafKeys)),
    },
    deadline(),
  )
  os.as('admin', password)
}
