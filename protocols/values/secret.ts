const values = new WeakMap<Secret, string>()

/**
 * A text that must never be seen by accident: logs, JSON, string conversion and Node's inspection print
 * `[secret]`. Only `reveal()` opens it, at the write into a frame, a digest or the secret store.
 */
export class Secret {
  constructor(value: string) {
    values.set(this, value)
  }

  reveal(): string {
    return values.get(this)!
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  // Node's inspect looks for this registered symbol; it needs no Node type.
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
}

export const secret = (value: string): Secret => new Secret(value)
