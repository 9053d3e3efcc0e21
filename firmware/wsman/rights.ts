import { ADMIN_USER, LOCAL_SYSTEM_USER } from '../device.ts'
import type { FlashState } from '../state/flash-state.ts'
import type { Caller, Subject } from './model.ts'

// Who may do what (amt-firmware.md 3.5, 8.14).

const PT_ADMINISTRATION = 3
const GENERAL_INFO = 13

const realmOf: Readonly<Record<Subject, number>> = {
  general: PT_ADMINISTRATION,
  setup: PT_ADMINISTRATION,
  power: 5,
  redirection: 2,
  remoteAccess: PT_ADMINISTRATION,
  security: PT_ADMINISTRATION,
}

/** What the operating system's account may write before anybody owns the device: not power, not redirection. */
const LOCAL_SYSTEM_SUBJECTS: readonly Subject[] = ['general', 'setup', 'security']
/** And what it may call once somebody does; the methods have rules of their own on top. */
const LOCAL_SYSTEM_METHODS: readonly string[] = [
  'AddNextCertInChain',
  'AdminSetup',
  'Setup',
  'Unprovision',
  'UpgradeClientToAdmin',
]

export interface Wish {
  readonly subject: Subject
  readonly kind: 'read' | 'write'
  readonly method?: string
}

/** Whether `caller`, who has proved to be it, may have its wish. */
export const mayHave = (state: Readonly<FlashState>, caller: Caller, { subject, kind, method }: Wish): boolean => {
  if (caller.user === ADMIN_USER) return true
  if (caller.user === LOCAL_SYSTEM_USER) {
    if (kind === 'read') return true
    if (state.settings.provisioningState !== 2) return LOCAL_SYSTEM_SUBJECTS.includes(subject)
    return method !== undefined && LOCAL_SYSTEM_METHODS.includes(method)
  }
  const realms = state.settings.users.find(({ name }) => name === caller.user)?.realms ?? []
  if (realms.includes(PT_ADMINISTRATION) || realms.includes(realmOf[subject])) return true
  return kind === 'read' && realms.includes(GENERAL_INFO)
}
