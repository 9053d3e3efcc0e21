import { stripVTControlCharacters, styleText } from 'node:util'

export type Colour = 'green' | 'red' | 'yellow' | 'gray' | 'bold' | 'cyan'

/** Paints where colours are wanted, else leaves text alone. */
export type Paint = (colour: Colour, text: string) => string

export const painter =
  (colours: boolean): Paint =>
  (colour, text) =>
    colours && text !== '' ? styleText(colour, text, { validateStream: false }) : text

/** Names come from other people: what would steer a terminal is shown, not obeyed. */
export const plain = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be rid of.
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)

const width = (text: string): number => stripVTControlCharacters(text).length

const padded = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - width(text)))

/** Lines of a table; the last column is not padded. */
export const table = (heads: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string[] => {
  const widths = heads.map((head, column) => Math.max(width(head), ...rows.map((row) => width(row[column] ?? ''))))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === heads.length - 1 ? cell : padded(cell, widths[column]!)))
      .join('  ')
      .trimEnd()
  return [line(heads.map((head) => paint('bold', head))), ...rows.map(line)]
}

/** Lines of names and values; a section without values is left out. */
export const sheet = (
  sections: readonly { readonly title: string; readonly rows: readonly (readonly [string, string])[] }[],
  paint: Paint,
): string[] => {
  const shown = sections.filter(({ rows }) => rows.length > 0)
  const most = Math.max(0, ...shown.flatMap(({ rows }) => rows.map(([name]) => width(name))))
  return shown.flatMap(({ title, rows }) => [
    paint('bold', title),
    ...rows.map(([name, value]) => `  ${padded(name, most)}  ${value}`.trimEnd()),
  ])
}
