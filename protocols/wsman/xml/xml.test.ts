import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../values/index.ts'
import {
  branch,
  leaf,
  readXml,
  writeXml,
  XML_BOUNDS,
  XML_NAMESPACE,
  type XmlElement,
  type XmlPrefixes,
} from './index.ts'

const SPACES = ['', 'urn:a', 'urn:b', 'urn:c&"<d>']
const name = fc.constantFrom('Envelope', 'a', 'B-1', '_x.y', 'Ünit', 'CIM_Thing')
// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML cannot carry is taken out
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('&', '<', '>', '"', "'", ']]>', '\r', '\n', '\t', ' ', 'x') }),
  )
  .map((value) => value.replace(FORBIDDEN, ''))
const attributes = fc.uniqueArray(
  fc.record({ namespace: fc.constantFrom(...SPACES, XML_NAMESPACE), name, value: text }, { noNullPrototype: true }),
  {
    selector: (attribute) => `${attribute.namespace} ${attribute.name}`,
    maxLength: 4,
  },
)
const element = (depth: number): fc.Arbitrary<XmlElement> => {
  const ending = fc.tuple(fc.constantFrom(...SPACES), name, text, attributes).map((all) => leaf(...all))
  if (depth === 0) return ending
  const inner = fc
    .tuple(fc.constantFrom(...SPACES), name, fc.array(element(depth - 1), { minLength: 1, maxLength: 4 }), attributes)
    .map((all) => branch(...all))
  return fc.oneof(ending, inner)
}
const prefixes: fc.Arbitrary<XmlPrefixes> = fc.constantFrom<XmlPrefixes>(
  [],
  [['', 'urn:a']],
  [
    ['a', 'urn:a'],
    ['', 'urn:b'],
    ['n1', 'urn:z'],
  ],
  [
    ['g', 'urn:c&"<d>'],
    ['h', 'urn:b'],
  ],
)

const malformed = (document: string): void => {
  assert.throws(() => readXml(document), { code: 'WSMAN_MALFORMED' }, document.slice(0, 200))
}

suite('XML', () => {
  test('what is written is read again, whatever prefixes are declared', () => {
    fc.assert(
      fc.property(element(3), prefixes, (tree, declared) => {
        assert.deepEqual(readXml(writeXml(tree, declared)), tree)
      }),
    )
  })

  test('a value cannot become markup', () => {
    fc.assert(
      fc.property(text, text, (inside, value) => {
        const document = writeXml(leaf('', 'a', inside, [{ namespace: '', name: 'b', value }]), [])
        assert.equal(document.split('<').length - 1, 3)
        assert.equal(document.split('"').length - 1, 6)
      }),
    )
  })

  test('a document cut anywhere is refused', () => {
    fc.assert(
      fc.property(element(2), fc.nat(), (tree, at) => {
        const document = writeXml(tree, [])
        malformed(document.slice(0, at % document.length))
      }),
    )
  })

  test('a document with a character changed is read or refused, nothing else', () => {
    const document = writeXml(
      branch('urn:a', 'a', [leaf('', 'b', 'x & y', [{ namespace: 'urn:b', name: 'c', value: '1' }])]),
      [],
    )
    fc.assert(
      fc.property(fc.nat(document.length - 1), fc.string({ maxLength: 3 }), (at, char) => {
        try {
          readXml(document.slice(0, at) + char + document.slice(at + 1))
        } catch (error) {
          assert.ok(error instanceof Fault && error.code === 'WSMAN_MALFORMED')
        }
      }),
      { numRuns: 500 },
    )
  })

  test('any text is read or refused, nothing else', () => {
    const unit = fc.constantFrom(
      '<',
      '>',
      '/',
      '=',
      '"',
      "'",
      ' ',
      'a',
      ':',
      '&',
      ';',
      '!',
      '?',
      '-',
      '[',
      ']',
      'CDATA',
      'xmlns',
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (document) => {
        try {
          readXml(document)
        } catch (error) {
          assert.ok(error instanceof Fault && error.code === 'WSMAN_MALFORMED')
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('reads what other writers write', () => {
    const document =
      `\ufeff<?xml version='1.0'?>\r\n<!-- one --><a xmlns = 'urn:a'\n x='1&#x41;&#66;'>\r\n <b:c xmlns:b="urn:b" b:d="&lt;&apos;"\t/><!-- - -->` +
      `<e>1 &amp; <![CDATA[<2> & ]]>&gt;</e ><?pi x?></a>\n<!-- end -->\n`
    assert.deepEqual(
      readXml(document),
      branch(
        'urn:a',
        'a',
        [leaf('urn:b', 'c', '', [{ namespace: 'urn:b', name: 'd', value: "<'" }]), leaf('urn:a', 'e', '1 & <2> & >')],
        [{ namespace: '', name: 'x', value: '1AB' }],
      ),
    )
  })

  test('prefixes hold inside the element that declares them and are taken back by inner ones', () => {
    const root = readXml(
      '<p:a xmlns:p="urn:a" xmlns="urn:d"><p:b xmlns:p="urn:b"><p:c/><d xmlns=""/></p:b><p:e/><f/></p:a>',
    )
    assert.equal(root.namespace, 'urn:a')
    assert.deepEqual(
      root.children[0]!.children.map((each) => each.namespace),
      ['urn:b', ''],
    )
    assert.deepEqual(
      root.children.map((each) => each.namespace),
      ['urn:b', 'urn:a', 'urn:d'],
    )
  })

  test('line ends are one character, white space in attributes is a space', () => {
    const root = readXml('<a b="1\r\n2\t3">x\r\ny\rz</a>')
    assert.equal(root.text, 'x\ny\nz')
    assert.equal(root.attributes[0]!.value, '1 2 3')
  })

  for (const [what, document] of Object.entries({
    'a document type': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    'an external document type': '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    'an entity nobody declared': '<a>&nbsp;</a>',
    'an entity from a prototype': '<a>&constructor;</a>',
    'an entity without an end': '<a>&amp</a>',
    'a reference to NUL': '<a>&#0;</a>',
    'a reference to half a character': '<a>&#xD800;</a>',
    'a reference beyond Unicode': '<a>&#x110000;</a>',
    'a reference without digits': '<a>&#;</a>',
    'a control character': '<a>\u0001</a>',
    'half a character': '<a>\ud800</a>',
    'a prefix nobody declared': '<p:a/>',
    'a prefix of an attribute nobody declared': '<a p:b="1"/>',
    'a prefix used after its element': '<a><b xmlns:p="urn:p"/><p:c/></a>',
    'the prefix xmlns bound': '<a xmlns:xmlns="urn:p"/>',
    'the prefix xml bound': '<a xmlns:xml="urn:p"/>',
    'another prefix for xml': '<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>',
    'a prefix bound to nothing': '<a xmlns:p=""/>',
    'a prefix bound twice': '<a xmlns:p="urn:1" xmlns:p="urn:2"/>',
    'an attribute twice': '<a b="1" b="2"/>',
    'an attribute twice under two prefixes': '<a xmlns:p="urn:1" xmlns:q="urn:1" p:b="1" q:b="2"/>',
    'an attribute without quotes': '<a b=1/>',
    'an attribute without a value': '<a b/>',
    'attributes without a space': '<a b="1"c="2"/>',
    'a tag in an attribute': '<a b="<"/>',
    'two roots': '<a/><b/>',
    'text after the root': '<a/>b',
    'text before the root': 'b<a/>',
    nothing: '',
    'only white space': ' \n',
    'elements that cross': '<a><b></a></b>',
    'an end without a beginning': '</a>',
    'an end tag that only begins alike': '<a></ab>',
    'an end tag with an attribute': '<a></a b="1">',
    'a name that begins with a digit': '<1a/>',
    'a name with two colons': '<a xmlns:b="urn:b"><b:c:d/></a>',
    'a name that ends in a colon': '<a xmlns:b="urn:b"><b:/></a>',
    'a space before a name': '< a/>',
    'a lone <': '<a>1 < 2</a>',
    'a declaration inside': '<a><!ELEMENT b></a>',
  })) {
    test(`refuses ${what}`, () => malformed(document))
  }

  test('refuses more than its bounds allow', () => {
    const { depth, attributesPerElement, elements, length } = XML_BOUNDS
    readXml('<a>'.repeat(depth) + '</a>'.repeat(depth))
    malformed('<a>'.repeat(depth + 1) + '</a>'.repeat(depth + 1))
    malformed('<a>'.repeat(300_000))
    malformed(`<a${Array.from({ length: attributesPerElement + 1 }, (_, i) => ` a${i}="1"`).join('')}/>`)
    malformed(`<a>${'<b/>'.repeat(elements)}</a>`)
    malformed(`<a>${' '.repeat(length)}</a>`)
    malformed('<a '.repeat(100_000))
    malformed(`<a>${'&'.repeat(900_000)}`)
    malformed(`<a>${'<![CDATA['.repeat(100_000)}`)
    malformed(`<a>${'<!--'.repeat(100_000)}`)
  })

  test('refuses to write what cannot be read', () => {
    for (const value of ['\u0000', '\u0008', '\ufffe', '\ud800', 'a\udc00b'])
      assert.throws(() => writeXml(leaf('', 'a', value), []), { code: 'WSMAN_UNWRITABLE' })
    for (const broken of ['', 'a b', '1a', 'a>', 'a:b', 'a"'])
      assert.throws(() => writeXml(leaf('', broken, ''), []), TypeError)
    assert.throws(() => writeXml(leaf('', 'a', '', [{ namespace: '', name: 'b=""', value: '' }]), []), TypeError)
  })
})
