import { catalogue } from '@outrider/domain/events'

/** The reference page of every event: what is logged and counted. */
export const eventReference = (): string => `# Events

Every event Outrider logs. Each also counts in \`/metrics\` as \`outrider_<name>_total\` (dots and dashes become underscores),
with the labels named here. This page is generated (\`npm run generate\`) from \`domain/events/catalogue.ts\`.

| event | level | meaning | fields | labels |
| --- | --- | --- | --- | --- |
${Object.entries(catalogue)
  .map(([name, event]) => {
    const labels = 'labels' in event ? event.labels.join(', ') : ''
    return `| \`${name}\` | ${event.level} | ${event.about} | ${Object.keys(event.fields).join(', ')} | ${labels} |`
  })
  .join('\n')}
`
