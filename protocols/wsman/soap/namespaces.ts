export const SOAP = 'http://www.w3.org/2003/05/soap-envelope'
export const ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing'
export const WSMAN = 'http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd'
export const TRANSFER = 'http://schemas.xmlsoap.org/ws/2004/09/transfer'
export const ENUMERATION = 'http://schemas.xmlsoap.org/ws/2004/09/enumeration'
export const EVENTING = 'http://schemas.xmlsoap.org/ws/2004/08/eventing'
export const TRUST = 'http://schemas.xmlsoap.org/ws/2005/02/trust'
export const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
export const CIM_BINDING = 'http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd'
/** Where `Datetime` and `Interval` live. */
export const CIM_COMMON = 'http://schemas.dmtf.org/wbem/wscim/1/common'
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance'
export const XSD = 'http://www.w3.org/2001/XMLSchema'

/** The address that means: answer on this connection. */
export const ANONYMOUS = `${ADDRESSING}/role/anonymous`
