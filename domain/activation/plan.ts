import type { Bytes, Secret } from '@outrider/protocols/values'

/** How a device is to be activated and configured: a profile with everything it names looked up. */
export interface ActivationPlan {
  /** A password from the profile; absent = a random one for this device alone. */
  readonly password?: Secret
  /** What becomes of the password of the engine's own menu (MEBx), which only admin control mode can set; absent = it stays. */
  readonly mebx?: MebxPlan
  readonly network: NetworkPlan
  readonly features: FeaturePlan
  /** Where and how the device dials home; absent = it does not. */
  readonly cira?: CiraPlan
}

export interface MebxPlan {
  /** From the profile; absent = a random one for this device alone. */
  readonly password?: Secret
}

export interface NetworkPlan {
  readonly dhcp: boolean
  /** The firmware takes over the address of the operating system. */
  readonly ipSync: boolean
  /** Of a static address that is not synchronised. */
  readonly address?: {
    readonly ip: string
    readonly netmask: string
    readonly gateway?: string
    readonly primaryDns?: string
    readonly secondaryDns?: string
  }
}

export interface FeaturePlan {
  readonly kvm: boolean
  readonly sol: boolean
  readonly ider: boolean
  /** For what the person at the machine must consent. Client control mode asks for all, whatever this says. */
  readonly consent: 'none' | 'kvm' | 'all'
}

export interface CiraPlan {
  readonly address: string
  readonly port: number
  /** 3 IPv4, 4 IPv6, 201 FQDN. */
  readonly addressFormat: 3 | 4 | 201
  /** Name in the certificate of the MPS, for where `address` is an IP address. */
  readonly commonName: string
  readonly username: string
  /** From the CIRA config; absent = a random one for this device alone. At most 16 characters. */
  readonly password?: Secret
  /** 2 user name and password; mutual TLS is not spoken yet. */
  readonly authMethod: 1 | 2
  /** Root certificate of the MPS, DER. */
  readonly rootCertificate: Bytes
}
