import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runToEnd } from '../testing/deployment/index.ts'
import { withOrchestrator } from './deployment.ts'
import { findGenerator, generate, mustSucceed } from './load/generator.ts'
import type { Benchmark } from './report.ts'

// In this order: the first makes the code warm and is not counted.
const LEVELS = [20, 1, 10, 50]
const PROFILES = [
  { profile: 'bench-ccm', wall: 500, cpu: 8 },
  { profile: 'bench-ccm-cira', wall: undefined, cpu: undefined },
  { profile: 'bench-acm', wall: undefined, cpu: undefined },
  { profile: 'bench-acm-cira', wall: 800, cpu: 15 },
] as const
const DOMAIN = 'bench.test'
const PFX_PASSWORD = 'P@ssw0rd'

/** A provisioning certificate for the domain, and the hash of its root as machines report it. */
const provisioningCertificate = async (folder: string): Promise<{ readonly pfx: string; readonly hash: string }> => {
  const passwordFile = join(folder, 'pfx-password')
  await writeFile(passwordFile, PFX_PASSWORD)
  const words = ['make-provisioning-cert', '--out', folder, '--domain-suffix', DOMAIN, '--password-file', passwordFile]
  const { code, stderr } = await runToEnd(['apps/amt-simulator/main.ts', ...words], {})
  if (code !== 0) throw new Error(`make-provisioning-cert ended with ${code}: ${stderr}`)
  const { trustedHashes } = JSON.parse(readFileSync(join(folder, 'root-hash.json'), 'utf8')) as {
    trustedHashes: readonly { hash: string }[]
  }
  return { pfx: join(folder, 'provisioning.pfx'), hash: trustedHashes[0]!.hash }
}

export const provisioning: Benchmark = {
  name: 'provisioning',
  about: 'activations over the WebSocket of RPS: client and admin control mode, with and without CIRA',
  async run(report) {
    const generator = findGenerator('rps-load.mjs')
    if (generator === undefined) {
      report.skip('all of it', 'no load generator: OUTRIDER_BENCH names the folder of rps-load.mjs')
      return
    }
    const certificates = await mkdtemp(join(tmpdir(), 'outrider-bench-'))
    try {
      const { pfx, hash } = await provisioningCertificate(certificates)
      await withOrchestrator(
        async ({ orchestrator, api }) => {
          const common = [
            ...['--url', `wss://127.0.0.1:${orchestrator.port}/activate`],
            ...['--admin', `https://127.0.0.1:${orchestrator.port}`, '--token', await api.token()],
            ...['--target', `server=${orchestrator.program.pid}`, '--cert-hash', hash, '--fqdn', DOMAIN],
          ]
          // The generator writes addresses, no names, into its CIRA configuration.
          const root = ['--mps-address', '127.0.0.1', '--mps-root', orchestrator.caFile]
          await generate(generator, [...common, '--setup', '--pfx', pfx, '--pfx-password', PFX_PASSWORD, ...root])
          for (const { profile, wall, cpu } of PROFILES) {
            const levels = await generate(generator, [...common, '--profile', profile, '--levels', LEVELS.join(',')])
            mustSucceed(levels)
            for (const { concurrency, durationMs, cpu: used } of levels.slice(1)) {
              if (concurrency === undefined) continue
              const what = `${profile.slice(6)}, ${concurrency} at a time`
              report.measure(
                `${what}: median`,
                durationMs?.p50 ?? Number.NaN,
                'ms',
                wall === undefined || concurrency > 1 ? undefined : { atMost: wall },
              )
              // Three activations, as many as the generator makes one at a time, are too few for a figure.
              if (concurrency > 1)
                report.measure(
                  `${what}: CPU each`,
                  used?.server?.cpuMsPerOp ?? Number.NaN,
                  'ms CPU',
                  cpu === undefined ? undefined : { atMost: cpu },
                )
            }
          }
        },
        { OUTRIDER_RPS_OPEN: '1' },
      )
    } finally {
      await rm(certificates, { recursive: true })
    }
  },
}
