/** What XML 1.0 section 2.2 does not allow, but for lone surrogates, which `isWellFormed` finds. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
export const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/

/** What cannot stand in a value as it is: to be escaped or refused. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
export const SPECIAL = /[&<>"\t\n\r\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]/

/** Of the prefix `xml`, which is never declared. */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'
