// The layers of the house, checked on the imports as they are written: who may import whom (docs/decisions),
// that a package imports only what its manifest lists, and that packages form no cycle.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const layers = ['protocols', 'sessions', 'domain', 'firmware', 'adapters', 'components', 'apps', 'testing'] as const
type Layer = (typeof layers)[number]

/** What each layer may import of the others; within a layer, see `neighbours`. */
const allowed: Readonly<Record<Layer, readonly Layer[]>> = {
  protocols: [],
  sessions: ['protocols'],
  domain: ['protocols'],
  firmware: ['protocols', 'sessions'],
  adapters: ['domain', 'protocols'],
  components: ['domain', 'sessions', 'protocols'],
  apps: ['protocols', 'sessions', 'domain', 'firmware', 'adapters', 'components'],
  testing: ['protocols', 'sessions', 'domain', 'firmware', 'adapters', 'components', 'apps'],
}

/** Folders of one layer that may import each other; elsewhere a package stands alone. */
const neighbours: Readonly<Record<Layer, boolean>> = {
  protocols: true,
  sessions: true,
  domain: true,
  firmware: true,
  adapters: false,
  components: false,
  apps: false,
  testing: true,
}

/** Narrower than the layer: what of `protocols` and `sessions` a layer may see. */
const only: Partial<Record<Layer, Partial<Record<Layer, readonly string[]>>>> = {
  domain: { protocols: ['values', 'rest', 'wsman', 'amt', 'mei'] },
}

/** Bottom up: a folder of `protocols` imports only folders before it in its own line. */
const within: Readonly<Record<string, readonly string[]>> = {
  values: [],
  wire: ['values'],
  rest: ['values'],
  grpc: ['values'],
  apf: ['values', 'wire'],
  mei: ['values', 'wire'],
  rps: ['values', 'wire'],
  wsman: ['values', 'wire'],
  amt: ['values', 'wire', 'wsman'],
  redirection: ['values', 'wire'],
}

const sources = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.name === 'node_modules' || entry.name === 'gen') return []
    if (entry.isDirectory()) return sources(path)
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts') ? [path] : []
  })

const IMPORT =
  /^\s*(?:import|export)\b[^'"]*?\bfrom\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm

/** Every module name `text` imports, statically or not. */
export const importsOf = (text: string): string[] =>
  [...text.matchAll(IMPORT)].map((match) => (match[1] ?? match[2] ?? match[3])!)

interface Package {
  readonly name: string
  readonly folder: string
  readonly layer: Layer
  readonly dependencies: ReadonlySet<string>
  readonly devDependencies: ReadonlySet<string>
}

const packages = (): Package[] => {
  const folders = layers.flatMap((layer) => {
    const single = join(root, layer, 'package.json')
    if (exists(single)) return [[layer, join(root, layer)] as const]
    return readdirSync(join(root, layer)).map((name) => [layer, join(root, layer, name)] as const)
  })
  return folders
    .filter(([, folder]) => exists(join(folder, 'package.json')))
    .map(([layer, folder]) => {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      return {
        name: manifest.name,
        folder,
        layer,
        dependencies: new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })),
        devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
      }
    })
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/** Every broken rule, one sentence each. Empty: the house stands as drawn. */
export const brokenLayers = (): string[] => {
  const broken: string[] = []
  const all = packages()
  const byName = new Map(all.map((each) => [each.name, each]))
  const edges = new Map<string, Set<string>>()
  for (const from of all) {
    for (const file of sources(from.folder)) {
      const where = relative(root, file)
      const test = file.endsWith('.test.ts') || where.split('/').includes('test')
      for (const name of importsOf(readFileSync(file, 'utf8'))) {
        const complain = (why: string): void => void broken.push(`${where} imports ${name}: ${why}`)
        if (name.startsWith('.')) {
          const target = resolve(dirname(file), name)
          if (!target.startsWith(`${from.folder}/`) && !test && from.layer !== 'testing')
            complain('it leaves its package by path')
          if (from.layer === 'protocols' && !test) checkWithin(from.folder, file, target, complain)
          continue
        }
        if (name.startsWith('node:')) {
          if (from.layer === 'protocols' && !test) complain('protocols know no platform')
          continue
        }
        if (test) continue
        const parts = name.split('/')
        const packageName = name.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!
        if (packageName === from.name) complain('a package imports itself by path')
        const target = byName.get(packageName)
        if (!from.dependencies.has(packageName) && from.layer !== 'testing') {
          const typesOnly = from.devDependencies.has(`@types/${packageName}`)
          if (!typesOnly) complain(`${packageName} is not in its manifest`)
        }
        if (target === undefined) continue
        if (target.layer === from.layer) {
          if (!neighbours[from.layer]) complain(`${from.layer} do not import each other`)
        } else if (!allowed[from.layer].includes(target.layer)) {
          complain(`${from.layer} may not import ${target.layer}`)
        }
        const part = parts[2]
        const narrow = only[from.layer]?.[target.layer]
        if (narrow !== undefined && part !== undefined && !narrow.includes(part))
          complain(`${from.layer} may import only ${narrow.join(', ')} of ${target.layer}`)
        edges.set(from.name, (edges.get(from.name) ?? new Set()).add(target.name))
      }
    }
  }
  for (const start of edges.keys()) {
    const path = cycle(start, edges)
    if (path !== undefined) broken.push(`packages form a cycle: ${path.join(' → ')}`)
  }
  return [...new Set(broken)]
}

const checkWithin = (folder: string, file: string, target: string, complain: (why: string) => void): void => {
  const from = relative(folder, file).split('/')[0]!
  const to = relative(folder, target).split('/')[0]!
  if (from === to) return
  const may = within[from]
  if (may === undefined) complain(`${from} is not a known folder of protocols`)
  else if (!may.includes(to)) complain(`protocols/${from} may not import protocols/${to}`)
}

const cycle = (start: string, edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined => {
  const walk = (at: string, path: string[]): string[] | undefined => {
    for (const next of edges.get(at) ?? []) {
      if (next === start) return [...path, next]
      if (path.includes(next)) continue
      const found = walk(next, [...path, next])
      if (found !== undefined) return found
    }
    return undefined
  }
  return walk(start, [start])
}
