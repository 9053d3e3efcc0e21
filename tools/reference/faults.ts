import type { FaultEntry } from '@outrider/protocols/values'
import { faultStatus } from '@outrider/protocols/values'

interface Registry {
  readonly entries: Readonly<Record<string, FaultEntry>>
}

const isRegistry = (value: unknown): value is Registry =>
  typeof value === 'object' && value !== null && 'entries' in value

/** The reference page of every fault, collected from the tables beside their throwers. Throws on a code declared twice. */
export const faultReference = (modules: readonly { readonly path: string; readonly exports: object }[]): string => {
  const rows: { code: string; entry: FaultEntry; path: string }[] = []
  for (const { path, exports } of modules)
    for (const registry of Object.values(exports).filter(isRegistry))
      for (const [code, entry] of Object.entries(registry.entries)) {
        const twice = rows.find((row) => row.code === code)
        if (twice !== undefined) throw new Error(`fault ${code} is declared in ${twice.path} and in ${path}`)
        rows.push({ code, entry, path })
      }
  rows.sort((a, b) => (a.code < b.code ? -1 : 1))
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return `# Faults

Every fault Outrider reports, by its code. This page is generated (\`npm run generate\`) from the tables beside the
code that reports them; \`{word}\` is replaced by the detail of that name.

What a kind means to a caller:

| kind | HTTP | gRPC | exit code of orch-cli | may succeed later by itself |
| --- | --- | --- | --- | --- |
${Object.entries(faultStatus)
  .map(([kind, s]) => `| ${kind} | ${s.http} | ${s.grpc} | ${s.exit} | ${s.transient ? 'yes' : 'no'} |`)
  .join('\n')}

| code | kind | what happened | what to do | declared in |
| --- | --- | --- | --- | --- |
${rows
  .map(
    ({ code, entry, path }) =>
      `| \`${code}\` | ${entry.kind} | ${cell(entry.message)} | ${cell(entry.remedy)} | ${path} |`,
  )
  .join('\n')}
`
}
