import { diskFiles, type LogFiles } from '../../src/audit/log-file.ts'

/** Where in an append the disk fails: before the first byte, with half of them written, or after all were written (the sync failed). */
export type AppendFault = 'before' | 'midway' | 'sync'

/** A disk whose next operations can be made to fail; everything else is done on the real one. */
export interface FaultyLogFiles extends LogFiles {
  appendFault: AppendFault | undefined
  truncateFault: boolean
  createFault: boolean
  freeSpace: number
  /** Appends that the disk confirmed, headers included. */
  readonly appends: number
  /** Operations that were made to fail. */
  readonly failures: number
  /** Holds back appends until the returned function is called. */
  hold(): () => void
}

/** The real disk, with no fault yet and endless free space. */
export function faultyLogFiles(): FaultyLogFiles {
  let appends = 0
  let failures = 0
  function ioError(): Error {
    failures += 1
    return Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
  }
  let gate: Promise<void> = Promise.resolve()
  const files: FaultyLogFiles = {
    ...diskFiles,
    appendFault: undefined,
    truncateFault: false,
    createFault: false,
    freeSpace: Number.MAX_SAFE_INTEGER,
    get appends() {
      return appends
    },
    get failures() {
      return failures
    },
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
    create: async (path) => {
      if (files.createFault) throw ioError()
      const file = await diskFiles.create(path)
      return {
        append: async (bytes) => {
          await gate
          if (files.appendFault === 'midway') await file.append(bytes.subarray(0, bytes.length >> 1))
          if (files.appendFault === 'sync') await file.append(bytes)
          if (files.appendFault !== undefined) throw ioError()
          await file.append(bytes)
          appends += 1
        },
        standsAt: (at, bytes) => file.standsAt(at, bytes),
        close: () => file.close(),
      }
    },
    truncate: async (path, length) => {
      if (files.truncateFault) throw ioError()
      await diskFiles.truncate(path, length)
    },
    freeBytes: async () => files.freeSpace,
  }
  return files
}
