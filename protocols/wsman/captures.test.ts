import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as classes from '../amt/index.ts'
import { type AnyCimClass, undeclared } from './cim.ts'
import { printInstance, printOutput, readInstance, readOutput } from './cim-values.ts'
import { decodeResponse, encodeResponse, type WsmanResponse, type WsmanResult } from './soap/index.ts'
import { readXml, type XmlElement } from './xml/index.ts'

// Answers of real firmware, published as test data of go-wsman-messages and not part of this project.
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const folder = join(process.env.OUTRIDER_CAPTURES ?? resolve(root, '../shared/captures'), 'wsman')
const skip = existsSync(folder) ? false : `no captures at ${folder}; set OUTRIDER_CAPTURES to the folder that has them`
const files = skip ? [] : globSync('**/*.xml', { cwd: folder }).sort()

const declared = new Map<string, AnyCimClass>(
  Object.values(classes as Record<string, unknown>)
    .filter((value): value is AnyCimClass => typeof value === 'object' && value !== null && 'uri' in value)
    .map((cls) => [cls.uri, cls]),
)

/** Edited by their publishers, so that they are not what firmware writes. */
const EDITED: Readonly<Record<string, string>> = {
  'amt/boot/settingdata/put.xml': 'a request',
  'amt/setupandconfiguration/getuuid-bad.xml': 'a request',
  'amt/setupandconfiguration/unprovision.xml': 'the action of a request',
  'cim/boot/service/setbootconfigrole.xml': 'the action of a request',
  'cim/wifi/endpoint/enumerate.xml': 'prefixes left out',
  'cim/wifi/endpoint/pull.xml': 'prefixes left out',
  'cim/wifi/endpointcapabilities/enumerate.xml': 'prefixes left out',
  'cim/wifi/endpointsettings/delete.xml': 'the action of a request',
  'cim/wifi/portcapabilities/enumerate.xml': 'prefixes left out',
  'cim/wifi/portcapabilities/pull.xml': 'prefixes left out',
  'ips/hostbasedsetup/addnextcertinchain.xml': 'the action of a request',
  'ips/hostbasedsetup/adminsetup.xml': 'the action of a request',
  'ips/hostbasedsetup/setup.xml': 'the action of a request',
  'ips/ieee8021x/settings/setcertificates.xml': 'the action of a request',
}

/** The publishers put `test?` where a certificate request was. */
const NOT_BASE64 = 'amt/publickey/management/generatepkcs10requestex.xml'

const document = (file: string): string => readFileSync(join(folder, file), 'utf8')

/** The capture as it came over the wire: without the line breaks and spaces that formatting put in. */
const unformatted = (text: string): string =>
  text
    .trim()
    .replace(/>\s+</g, '><')
    .replace(/=\s+"/g, '="')
    .replace(/\s+(xmlns)/g, ' $1')
    .replace(/>\s+([^<]*?)\s*</g, '>$1<')
    .replace(/<([\w:]+)\s*\/>/g, '<$1></$1>')

const response = (file: string): WsmanResponse => {
  const reply = decodeResponse(document(file))
  assert.ok(!('fault' in reply), `${file} is a fault`)
  return reply
}

/** The result with everything that has a declaration taken apart and put together again. */
const rebuilt = (result: WsmanResult): WsmanResult => {
  switch (result.type) {
    case 'get':
      return { ...result, instance: again(result.instance) }
    case 'put':
      return result.instance === undefined ? result : { ...result, instance: again(result.instance) }
    case 'pull':
      return { ...result, items: result.items.map(again) }
    case 'invoke': {
      const cls = declared.get(result.output.namespace)
      if (cls?.methods[result.method] === undefined) return result
      return { ...result, output: printOutput(cls, result.method, readOutput(cls, result.method, result.output)) }
    }
    default:
      return result
  }
}

const again = (element: XmlElement): XmlElement => {
  const cls = declared.get(element.namespace)
  return cls === undefined ? element : printInstance(cls, readInstance(cls, element))
}

suite('captured answers', { skip }, () => {
  test('there are captures to read', () => assert.ok(files.length > 200))

  test(`${NOT_BASE64} is refused, its certificate request being none`, () => {
    assert.throws(() => rebuilt(response(NOT_BASE64).result), { code: 'WSMAN_MALFORMED' })
  })

  for (const file of files.filter((each) => each !== NOT_BASE64)) {
    test(`${file} is an answer whose values have their declared types`, () => {
      const { result, resourceUri } = response(file)
      assert.notEqual(resourceUri, '')
      rebuilt(result)
    })
  }

  for (const file of files.filter((each) => !(each in EDITED) && each !== NOT_BASE64)) {
    test(`${file} is written as firmware wrote it`, () => {
      const text = document(file)
      const reply = response(file)
      const dated = text.includes('"http://schemas.dmtf.org/wbem/wscim/1/common"')
      assert.equal(encodeResponse({ ...reply, dated, result: rebuilt(reply.result) }), unformatted(text))
    })
  }

  test('the tables know which classes have dates', () => {
    for (const file of files) {
      const { result, resourceUri } = response(file)
      const cls = declared.get(resourceUri)
      if (cls === undefined || (result.type !== 'get' && result.type !== 'pull')) continue
      assert.equal(document(file).includes('/wscim/1/common"'), cls.dated, file)
    }
  })

  test('what the tables do not declare is only what newer or other firmware has', () => {
    const unknown = new Set<string>()
    for (const file of files) {
      const { result } = response(file)
      const items = result.type === 'get' ? [result.instance] : result.type === 'pull' ? result.items : []
      for (const item of items) {
        const cls = declared.get(item.namespace)
        if (cls === undefined) continue
        const rest = readInstance(cls, item)[undeclared] as readonly XmlElement[] | undefined
        for (const element of rest ?? []) unknown.add(`${cls.name}.${element.name}`)
      }
    }
    assert.deepEqual([...unknown].sort(), [])
  })

  test('every capture is read the same way from its text without formatting', () => {
    for (const file of files) {
      const text = document(file)
      assert.deepEqual(decodeResponse(unformatted(text)), decodeResponse(text), file)
      assert.equal(readXml(text).name, 'Envelope')
    }
  })
})
