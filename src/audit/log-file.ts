import { close, constants, createReadStream, fdatasync, fstat, fsync, ftruncate, open, readdir, stat, statfs, unlink, write } from 'node:fs'
import { promisify } from 'node:util'

/** A file that is being written. */
export interface LogFile {
  /** Resolves once all the bytes stand at the file's end and the disk has confirmed them. After a rejection the file's end is unknown. */
  append(bytes: Uint8Array): Promise<void>
  /** Whether the path leads to this very file, and it holds at least so many bytes. */
  standsAt(path: string, bytes: number): Promise<boolean>
  close(): Promise<void>
}

/** What the log needs of a file system, and nothing else; errors are Node's own, with their `code`. */
export interface LogFiles {
  /** The names in a directory, in no order. */
  list(directory: string): Promise<readonly string[]>
  /** Makes an empty file of mode 0600; rejects with EEXIST where there is one. Durable once the directory is synced. */
  create(path: string): Promise<LogFile>
  /** The file's bytes from its beginning. */
  read(path: string): AsyncIterable<Uint8Array>
  /** Cuts the file to this length; durable when it resolves. Rejects where it is shorter: what is missing would read as zeros. */
  truncate(path: string, length: number): Promise<void>
  /** Removes the file, or does nothing where there is none. Durable once the directory is synced. */
  remove(path: string): Promise<void>
  /** Makes the directory's entries durable. */
  sync(directory: string): Promise<void>
  /** Bytes that this process may still write on the directory's disk. */
  freeBytes(directory: string): Promise<number>
}

const openFile = promisify(open)
const closeFile = promisify(close)
const syncData = promisify(fdatasync)
const syncAll = promisify(fsync)
const cut = promisify(ftruncate)
const fileOf = promisify(fstat)
const fileAt = promisify(stat)
const unlinkFile = promisify(unlink)
const listNames = promisify(readdir)
const fileSystem = promisify(statfs)

/**
 * One write to a descriptor opened with O_DSYNC costs a fifth less CPU and latency than write and fdatasync, and is the same promise on
 * Linux. Elsewhere (macOS: only fcntl F_FULLFSYNC, which fdatasync uses there, reaches the disk) the two calls are made.
 */
const durableWrites = process.platform === 'linux'

function writeSome(fd: number, bytes: Uint8Array, from: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, from, bytes.length - from, position, (error, written) => (error === null ? resolve(written) : reject(error)))
  })
}

/** There is no file, or no folder of it. */
function ifNone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

function openLogFile(fd: number): LogFile {
  let position = 0
  return {
    append: async (bytes) => {
      // The kernel may take a part of the bytes only, as on a disk that is filling up.
      for (let done = 0; done < bytes.length; ) {
        const written = await writeSome(fd, bytes, done, position)
        if (written === 0) throw Object.assign(new Error('the disk took no bytes'), { code: 'EIO' })
        done += written
        position += written
      }
      if (!durableWrites) await syncData(fd)
    },
    standsAt: async (path, bytes) => {
      const [own, there] = await Promise.all([fileOf(fd), fileAt(path).catch(ifNone)])
      return there !== undefined && own.ino === there.ino && own.dev === there.dev && own.size >= bytes
    },
    close: () => closeFile(fd),
  }
}

async function withDescriptor(path: string, flags: number, act: (fd: number) => Promise<void>): Promise<void> {
  const fd = await openFile(path, flags)
  try {
    await act(fd)
  } finally {
    await closeFile(fd)
  }
}

/** The machine's own disk. */
export const diskFiles: LogFiles = {
  list: (directory) => listNames(directory),
  create: async (path) => {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (durableWrites ? constants.O_DSYNC : 0)
    return openLogFile(await openFile(path, flags, 0o600))
  },
  read: (path) => createReadStream(path, { highWaterMark: 1_048_576 }),
  truncate: (path, length) =>
    withDescriptor(path, constants.O_WRONLY, async (fd) => {
      if ((await fileOf(fd)).size < length) throw new Error(`${path} is shorter than what was written of it`)
      await cut(fd, length)
      await syncAll(fd)
    }),
  remove: async (path) => {
    try {
      await unlinkFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  },
  sync: async (directory) => {
    // Windows cannot open a directory, and keeps its entries durable by itself.
    if (process.platform !== 'win32') await withDescriptor(directory, constants.O_RDONLY, syncAll)
  },
  freeBytes: async (directory) => {
    const { bavail, bsize } = await fileSystem(directory)
    return bavail * bsize
  },
}
