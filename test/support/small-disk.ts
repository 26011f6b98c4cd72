import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { whereMet } from './where-met.ts'

/** Registers tests that need a disk of its own, a tmpfs of this size (`8m`), in the folder that they are given; gone after them. An administrator's right. */
export function whereMountable(name: string, size: string, tests: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'ssp-small-disk-'))
  const mounted = mount(folder, size)
  afterAll(() => {
    if (mounted) execFileSync('umount', [folder])
    rmSync(folder, { recursive: true, force: true })
  })
  whereMet(`${name}: needs to mount a small disk, which is not permitted here`, mounted, 'right', () => tests(folder))
}

function mount(folder: string, size: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
