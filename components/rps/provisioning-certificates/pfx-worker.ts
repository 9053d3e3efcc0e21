import { parentPort, workerData } from 'node:worker_threads'
import forge from 'node-forge'
import type { PfxAnswer, PfxContent, PfxKey, PfxQuestion } from './pfx-content.ts'

// Runs in a thread of its own, one for each file: parsing takes tens of milliseconds of computing, and hostile
// files may take for ever. The only place that loads this library, which also reads what OpenSSL calls legacy.

const OIDS: Readonly<Record<string, string | undefined>> = forge.pki.oids

const read = ({ pfx, password }: PfxQuestion): PfxContent => {
  const file = open(forge.asn1.fromDer(forge.util.createBuffer(Buffer.from(pfx).toString('binary'))), password)
  const certificates: Uint8Array[] = []
  const keys: PfxKey[] = []
  for (const bag of file.safeContents.flatMap(({ safeBags }) => safeBags)) {
    if (bag.type === OIDS.certBag) {
      const asn1 = bag.cert == null ? bag.asn1 : forge.pki.certificateToAsn1(bag.cert)
      certificates.push(der(asn1))
    } else if (bag.type === OIDS.keyBag || bag.type === OIDS.pkcs8ShroudedKeyBag) {
      // Of other kinds than RSA the library keeps what it read.
      keys.push(
        bag.key == null
          ? { type: 'pkcs8', der: der(bag.asn1) }
          : { type: 'pkcs1', der: der(forge.pki.privateKeyToAsn1(bag.key)) },
      )
    }
  }
  return { certificates, keys }
}

/**
 * The library takes a password as it is for the integrity of the file, which is right, and for modern ciphers, too,
 * which want its UTF-8. So where it is found right and does not open the file, it is given in that form, without
 * the integrity that was checked already.
 */
const open = (file: forge.asn1.Asn1, password: string): forge.pkcs12.Pkcs12Pfx => {
  try {
    return forge.pkcs12.pkcs12FromAsn1(file, password)
  } catch (error) {
    const encoded = forge.util.encodeUtf8(password)
    if (encoded === password || isWrongPassword(error) || !Array.isArray(file.value)) throw error
    return forge.pkcs12.pkcs12FromAsn1({ ...file, value: file.value.slice(0, 2) }, encoded)
  }
}

/** The library tells a wrong password from a broken file by its text alone. */
const isWrongPassword = (error: unknown): boolean =>
  error instanceof Error && /MAC could not be verified|password/i.test(error.message)

const der = (asn1: forge.asn1.Asn1): Uint8Array =>
  new Uint8Array(Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary'))

const answer = (question: PfxQuestion): PfxAnswer => {
  try {
    return { is: 'content', content: read(question) }
  } catch (error) {
    return { is: isWrongPassword(error) ? 'wrong-password' : 'unreadable' }
  }
}

parentPort?.postMessage(answer(workerData as PfxQuestion))
