// A registry that mirrors only some platforms leaves the packages of the others out of the lock file, and `npm ci`
// then refuses the file on every platform. This writes the missing optional packages in, with the platform their
// name says, so that npm knows them and passes them over where they do not belong. They carry no checksum: what is
// installed on the platforms we support always has one.
//
//   node tools/complete-lock.mjs      after every change of dependencies

import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const packages = lock.packages

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'sunos', 'win32']
const PROCESSORS = { aarch64: 'arm64', armv7: 'arm', arm64: 'arm64', arm: 'arm', x64: 'x64' }

const platformOf = (name) => {
  const words = name.split('/').at(-1).split('-')
  const os = words.find((word) => SYSTEMS.includes(word))
  const cpu = words.map((word) => PROCESSORS[word]).find((word) => word !== undefined)
  if (os === undefined || cpu === undefined) throw new Error(`the platform of ${name} is not in its name`)
  const libc = words.includes('musl') ? 'musl' : undefined
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) }
}

let added = 0
for (const [path, entry] of Object.entries(packages)) {
  if (!path.startsWith('node_modules/')) continue
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (packages[`node_modules/${name}`] !== undefined) continue
    packages[`node_modules/${name}`] = {
      version,
      ...(entry.dev === true ? { dev: true } : {}),
      optional: true,
      ...platformOf(name),
    }
    added++
  }
}
const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`)
console.log(`${added} packages of other platforms written into the lock file`)
