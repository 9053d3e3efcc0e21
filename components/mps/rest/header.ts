import type { AnyCimClass } from '@outrider/protocols/wsman'

/** What existing clients get beside the body of a WS-MAN answer: of its header, what names the call. */
export const headerOf = (cls: AnyCimClass, action: string) => ({
  Action: action,
  ResourceURI: cls.uri,
  ...(action.startsWith('http') ? {} : { Method: action }),
})
