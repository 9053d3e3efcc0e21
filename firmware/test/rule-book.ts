import type { TestContext } from 'node:test'

/**
 * The rules the firmware's tests hold it to, by section of amt-firmware.md. A test says with `exercised` which rule
 * it put to the question and how often; `run.ts` prints the table. A rule nobody exercises is a gap, not a pass.
 */
export const ruleBook = {
  // 9.1 client control mode
  'setup-state': ['9.1', 'Setup is refused with 2 once the device is owned'],
  'setup-caller': ['9.1', 'Setup is for the account of the operating system on the local interface'],
  'setup-encryption': ['9.1', 'Setup takes a password as HA1 and no other way: 3'],
  'setup-password': ['9.1', 'Setup takes 32 hexadecimal digits: 3'],
  'setup-effects': ['9.1', 'Setup ends in client control mode with consent locked, audited'],
  'setup-realm': ['9.1', 'A password hashed for another realm opens nothing: 401'],
  // 9.2 admin control mode
  'chain-der': ['9.2.1', 'a certificate is DER and nothing else: 4'],
  'chain-missing': ['9.2.1', 'a call without a certificate is 1'],
  'chain-order': ['9.2.1', 'certificates come leaf first, each signing the one before: 3 or 4'],
  'chain-signature': ['9.2.1', 'one flipped bit anywhere in a chain ends it'],
  'chain-validity': ['9.2.1', "each certificate is valid by the device's clock: 4"],
  'chain-authority': ['9.2.1', 'whoever signs is an authority that may sign certificates: 4'],
  'chain-length': ['9.2.1', 'five certificates are too many: 5'],
  'chain-restart': ['9.2.1', 'a leaf begins a chain anew'],
  'chain-status': ['9.2.1', 'CertChainStatus goes 0, 1, 2 and back to 0 with a failure'],
  'leaf-purpose': ['9.2.2', 'a leaf has server authentication and the setup purpose or unit: 4'],
  'leaf-key': ['9.2.2', 'a leaf has an RSA key of 2048 bits and a SHA-256 signature: 4'],
  'leaf-suffix': ['9.2.2', 'a leaf is for the DNS suffix of the menu, else that of DHCP: 4'],
  'root-trust': ['9.2.3', 'the root is in the list of trusted hashes, and active: 4'],
  'admin-state': ['9.2.4', 'AdminSetup and upgrade need their control mode: 2'],
  'admin-chain': ['9.2.4', 'AdminSetup and upgrade need a complete chain: 2'],
  'admin-request': ['9.2.4', 'password form, algorithm, client nonce and signature are there: 3'],
  'admin-nonce': ['9.2.4', 'one flipped bit in either nonce is 5'],
  'admin-signature': ['9.2.4', 'one flipped bit in the signature, or another key or hash, is 5'],
  'admin-effects': ['9.2.5', 'AdminSetup ends in admin control mode with consent free, audited'],
  'upgrade-effects': ['9.2.5', 'the upgrade keeps the password, audited as such'],
  'nonce-renewal': ['9.2.5', 'each attempt uses its nonce up'],
  // 9.3, 9.4
  'digest-login': ['9.3', 'whoever set the device up logs in as admin, nobody else: 401'],
  'acl-password': ['9.3', 'SetAdminAclEntryEx takes admin and 16 bytes: 12, 2054'],
  'mebx-mode': ['9.4', 'the MEBx password is for admin control mode: 16'],
  'mebx-strength': ['9.4', 'the MEBx password is strong: 2054'],
  // 9.5
  'unprovision-wsman': ['9.5', 'Unprovision answers, then wipes, with a new realm'],
  'unprovision-acm': ['9.5', 'admin control mode is not ended from the local side: 16, 3 over MEI'],
  'unprovision-audit': ['9.5', 'unprovisioning outlives itself in the audit log, with who asked'],
  // 10
  'power-table': ['10.2', 'each request from each state: legal, refused, or busy'],
  'power-available': ['10.2', 'what is available is what would be accepted'],
  'power-time': ['10.2', 'transitions take their time and end where they should'],
  'power-audit': ['10.2', 'accepted requests are audited'],
  'boot-once': ['10.3', 'armed boot options are used up by one boot'],
  'boot-unarmed': ['10.3', 'boot options without their role are ignored'],
  'boot-consent': ['10.3', 'a boot source needs consent where it is required'],
  'boot-exclusion': ['10.3', 'a boot source and stopping in BIOS exclude each other'],
  // 19, the self-test list
  'self-1': ['19.1', 'amtinfo over MEI; activation into both modes and back, local interface'],
  'self-2': ['19.2', 'wrong password, nonce on another connection, stale nonce'],
  'self-3': ['19.3', 'tunnel: restart, password, name, root, inside and outside'],
  'self-4': ['19.4', 'every route of MPS from a fresh device (tests of the component, not of the firmware)'],
  'self-5': ['19.5', 'power from all states, boot options once, consent'],
  'self-6': ['19.6', 'SOL, KVM and IDER sessions (not built)'],
  'self-7': ['19.7', 'TLS: 16.1 refuses switching it off, 19 has local TLS alone'],
  'self-8': ['19.8', 'certificates: duplicate, in use, limits'],
  'self-9': ['19.9', 'Wi-Fi profiles and 802.1x (not built)'],
  'self-10': ['19.10', 'audit records as existing readers read them'],
} as const satisfies Record<string, readonly [section: string, says: string]>

export type Rule = keyof typeof ruleBook

/** What is not this firmware's to show yet; everything else must be exercised. */
export const notBuilt: readonly Rule[] = ['self-4', 'self-6', 'self-9']

/** Says that `t` put `rule` to the question `times` times. */
export const exercised = (t: TestContext, rule: Rule, times = 1): void => t.diagnostic(`rule ${rule} ${times}`)

/** The rows of a table test of `rule`, counted. */
export const rowsOf = <const T extends readonly unknown[]>(t: TestContext, rule: Rule, rows: T): T => {
  exercised(t, rule, rows.length)
  return rows
}

/** The rule and count in such a line; `undefined` for any other diagnostic. */
export const readExercised = (line: string): { readonly rule: Rule; readonly times: number } | undefined => {
  const [, rule, times] = /^rule (\S+) (\d+)$/.exec(line) ?? []
  return rule !== undefined && Object.hasOwn(ruleBook, rule) ? { rule: rule as Rule, times: Number(times) } : undefined
}
