import { faultTable } from '@outrider/protocols/values'

/** Faults of activation and deactivation. `status` is the name the firmware gave its return value. */
export const activationFaults = faultTable({
  DIGEST_REALM_INVALID: {
    kind: 'device',
    message: 'The device says no digest realm that a password could be computed for.',
    remedy:
      'Reset the management engine (unplug all power for a minute) and try again; update its firmware if it stays so.',
  },
  LOCAL_ACCOUNT_REFUSED: {
    kind: 'device',
    message: 'The device is not activated, and refuses the local system account its own management engine gave out.',
    remedy: 'Restart the machine, so that the management engine gives out a new local account, and try again.',
  },
  AMT_PASSWORD_UNKNOWN: {
    kind: 'device',
    message: 'The device is activated already and refuses every password known for it ({tried} tried).',
    remedy:
      'Deactivate it from the system that activated it, or unconfigure AMT in the BIOS setup (MEBx), and try again.',
  },
  SETUP_REFUSED: {
    kind: 'device',
    message: 'The device refused to be set up in client control mode ({status}).',
    remedy: 'Check in the BIOS setup that AMT is enabled and that activation from the host is allowed, and try again.',
  },
  CONFIGURATION_NONCE_MISSING: {
    kind: 'device',
    message: 'The device gave no configuration nonce to sign, without which it cannot enter admin control mode.',
    remedy:
      'Reset the management engine (unplug all power for a minute) and try again; update its firmware if it stays so.',
  },
  PROVISIONING_CERTIFICATE_REFUSED: {
    kind: 'device',
    message: 'The device refused the {which} certificate of the provisioning chain ({status}).',
    remedy:
      'Check that the certificate is for the DNS suffix the machine has (DHCP option 15, or the PKI DNS suffix in MEBx), that its root is among the active hashes there, and that the clock of the machine is right.',
  },
  PROVISIONING_SIGNATURE_REFUSED: {
    kind: 'device',
    message: 'The device did not accept the signature made with the provisioning certificate.',
    remedy: 'Ask for the activation again; upload the provisioning certificate with its key anew if it stays so.',
  },
  ADMIN_SETUP_REFUSED: {
    kind: 'device',
    message: 'The device refused to be set up in admin control mode ({status}).',
    remedy: 'Check in the BIOS setup that AMT is enabled and that remote configuration is allowed, and try again.',
  },
  UPGRADE_REFUSED: {
    kind: 'device',
    message: 'The device refused to go from client into admin control mode ({status}).',
    remedy: 'Try again; else deactivate it and activate it in admin control mode from the start.',
  },
  UPGRADE_NOT_CONFIRMED: {
    kind: 'timeout',
    message: 'The device was told to enter admin control mode, but is still in client control mode.',
    remedy: 'Ask for the activation again: it goes on from what the device says then.',
  },
  MEBX_PASSWORD_REFUSED: {
    kind: 'device',
    message: 'The device refused the password for its own menu, MEBx ({status}).',
    remedy: 'Check the MEBx password of the profile, or let it be random; then ask for the activation again.',
  },
  AMT_PASSWORD_REFUSED: {
    kind: 'device',
    message: 'The device refused to take the password of the profile ({status}).',
    remedy: 'Check the AMT password of the profile, or let it be random; then ask for the activation again.',
  },
  AMT_PASSWORD_NOT_CONFIRMED: {
    kind: 'timeout',
    message: 'The device was told the password of the profile, but does not let us in with it.',
    remedy: 'Ask for the activation again: both passwords are kept, and it goes on from what the device says then.',
  },
  SETUP_NOT_CONFIRMED: {
    kind: 'timeout',
    message: 'The device was told to set itself up, but is still not activated.',
    remedy: 'Ask for the activation again: it goes on from what the device says then.',
  },
  CONTROL_MODE_NOT_OFFERED: {
    kind: 'device',
    message: 'The device does not allow {mode} control mode.',
    remedy: 'Choose the other control mode, or allow this one in the BIOS setup.',
  },
  CONTROL_MODE_NOT_REACHED: {
    kind: 'timeout',
    message: 'The device could not be asked for its control mode within {seconds} seconds of being set up.',
    remedy: 'Ask for the activation again: the password is kept, and it goes on from what the device says then.',
  },
  ACTIVATION_SUPERSEDED: {
    kind: 'conflict',
    message: 'Somebody else changed the stored credentials of this device meanwhile.',
    remedy: 'Make sure that only one activation of the machine runs, and ask for it again.',
  },
  STATIC_ADDRESS_MISSING: {
    kind: 'invalid',
    message: 'The profile asks for a static address of its own, and none is known for this machine.',
    remedy: 'Use DHCP or IP synchronisation in the profile, or give the machine a static address.',
  },
  MPS_ROOT_REFUSED: {
    kind: 'device',
    message: 'The device refused the root certificate of the MPS ({status}).',
    remedy: 'Check that the CIRA config names an RSA or ECDSA root certificate the firmware takes.',
  },
  CERTIFICATE_STORE_FULL: {
    kind: 'device',
    message: 'The certificate store of the device is full, and nothing in it can be removed.',
    remedy: 'Deactivate the device and activate it again, which empties its certificate store.',
  },
  REMOTE_ACCESS_REFUSED: {
    kind: 'device',
    message: 'The device refused its remote access configuration at {step} ({status}).',
    remedy:
      'Check address, port, user name and password of the CIRA config; deactivate the device first if it stays so.',
  },
  UNPROVISION_REFUSED: {
    kind: 'device',
    message: 'The device refused to be deactivated ({status}).',
    remedy: 'Try again, or unconfigure AMT in the BIOS setup (MEBx).',
  },
  UNPROVISION_BLOCKED: {
    kind: 'device',
    message: 'Something on the device blocks its deactivation: an auditor has to agree first.',
    remedy: 'Let the auditor release the device (or unconfigure AMT in the BIOS setup), and try again.',
  },
  UNPROVISION_NOT_CONFIRMED: {
    kind: 'timeout',
    message: 'The device was told to deactivate itself, but is still activated.',
    remedy: 'Ask for the deactivation again; its credentials are kept until it is verified.',
  },
})
