import { utf8 } from '@outrider/protocols/values'

const PAGE = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Management presence server</title></head>
<body><p>This port takes CIRA connections of Intel AMT devices; there is nothing here for a browser.</p></body></html>
`

/** What somebody who sends `GET` to the CIRA port is answered. */
export const landingPage = utf8(
  `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${utf8(PAGE).length}\r\nConnection: close\r\n\r\n${PAGE}`,
)
