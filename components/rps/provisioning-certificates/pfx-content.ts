/** What is asked of the thread that reads PKCS#12. */
export interface PfxQuestion {
  readonly pfx: Uint8Array
  readonly password: string
}

/** Everything of a PKCS#12 file we use, in the order of the file. */
export interface PfxContent {
  /** DER. */
  readonly certificates: readonly Uint8Array[]
  readonly keys: readonly PfxKey[]
}

export interface PfxKey {
  readonly type: 'pkcs1' | 'pkcs8'
  readonly der: Uint8Array
}

export type PfxAnswer =
  | { readonly is: 'content'; readonly content: PfxContent }
  | { readonly is: 'wrong-password' | 'unreadable' }
