export { generatedPassword } from './admin-password.ts'
export { type AskPart, askAll } from './readiness.ts'
export { renewEvery } from './renewal.ts'
export { causeOf, stopOnSignal } from './stop-on-signal.ts'
