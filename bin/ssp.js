#!/usr/bin/env node
// The one file that every Node can read: an older one is told so in a sentence, a newer one starts the program.
import { existsSync } from 'node:fs'

const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  process.stderr.write(`ssp needs Node 24 or later and this is ${process.version}: run it with npx or npm, which bring their own.\n`)
  process.exit(78)
}
const source = new URL('../src/main.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href)
