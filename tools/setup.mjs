// Makes a fresh clone able to run: installs the pinned packages (the Node.js runtime among them) where they
// are missing or older than the lock file. Runs on whatever Node.js the machine has (18 or newer), so it is
// plain JavaScript and imports nothing but Node's own modules.
//
//   node tools/setup.mjs           packages
//   node tools/setup.mjs --test    packages, and the Debian packages that some tests need

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.outrider-installed')

const fail = (message) => {
  console.error(`setup: ${message}`)
  process.exit(1)
}

const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')

const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted

if (!installed()) {
  const lock = join(root, '.outrider-installing')
  try {
    mkdirSync(lock)
  } catch {
    fail(`another install seems to run; if none does, remove ${lock} and try again`)
  }
  try {
    console.error('setup: installing the pinned packages (once, about half a minute) ...')
    // npm tells its own path to the scripts it runs; outside npm the command on PATH is used.
    const npm = process.env.npm_execpath
    const [command, ...args] = npm?.endsWith('.js') ? [process.execPath, npm, 'ci'] : ['npm', 'ci']
    const run = spawnSync(command, [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    if (run.status !== 0) fail('npm ci did not succeed; its message is above. Nothing else was changed.')
    writeFileSync(stamp, wanted)
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

// The runtime arrives as a package. Where this platform has none among them, the machine's own must do.
const runtime = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
if (!existsSync(runtime)) {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 24) fail(`no pinned Node.js for ${process.platform}-${process.arch}: install Node.js 24 or newer`)
}

if (process.argv.includes('--test')) {
  const missing = DEBIAN_FOR_TESTS()
    .filter(({ probe }) => !existsSync(probe))
    .map(({ name }) => name)
  if (missing.length > 0) {
    const mayInstall = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
    if (!mayInstall) {
      console.error(`setup: tests that need ${missing.join(', ')} will be skipped (install them as root to run these)`)
    } else {
      console.error(`setup: installing Debian packages for the tests: ${missing.join(', ')} ...`)
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
      const apt = (...args) => spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
      apt('update')
      if (apt('install', '-y', '--no-install-recommends', ...missing).status !== 0)
        console.error('setup: they could not be installed; the tests that need them will be skipped and say so')
    }
  }
}

/** Debian packages and a file that shows they are there. Function declarations are hoisted; constants are not. */
function DEBIAN_FOR_TESTS() {
  return []
}
