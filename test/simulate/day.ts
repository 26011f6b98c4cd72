import { isRefusal } from '../../src/spine/refusal.ts'
import { type BucketMeter, bucketMeter } from './bucket-meter.ts'
import { quantile } from './figures.ts'
import { gatedCall } from './gated-call.ts'
import { anyInteraction, type Consumer, type Evidence, type Nation, type NationSize, nation, type Provider } from './nation.ts'
import { virtualTime } from './virtual-time.ts'

/** A day, and what of it is played. */
export interface DayPlan extends NationSize {
  /** How many hours, from seven in the morning on. */
  readonly hours: number
  /** Of each hour so many seconds are played, at full load. */
  readonly secondsPerHour: number
  /** From the middle of the day on one consumer sends a hundred times its share, on every node, half of it to one provider. */
  readonly abuser: boolean
}

/** What a day was like. */
export interface DayResult {
  readonly calls: number
  readonly answered: number
  /** Calls of honest consumers to providers that are well, by what became of them. */
  readonly honest: {
    readonly calls: number
    readonly overRate: number
    readonly noRoom: number
    readonly p50: number
    readonly p99: number
  }
  /** Honest calls to the provider that the abuser aims at, from the middle of the day on. */
  readonly beside: { readonly calls: number; readonly lost: number; readonly p99: number }
  /** Calls to providers in trouble, and those of them that were refused at once instead of reaching them. */
  readonly troubled: { readonly calls: number; readonly spared: number }
  readonly longestQueue: number
  /** Overshoot of limits of 100/s and more, as a share; of smaller ones, in requests a node. */
  readonly large: { readonly parties: number; readonly share: number }
  readonly small: { readonly parties: number; readonly perNode: number }
  readonly abuser: { readonly sent: number; readonly passed: number; readonly limitPerSecond: number; readonly seconds: number }
  /** Redis operations, and the honest consumers' share of calls that needed none is what is left. */
  readonly operations: number
  readonly asks: number
  readonly operationsPerSecond: number
  readonly longestOperationMs: number
  readonly events: number
  readonly playedSeconds: number
}

/** Load by the hour from seven on, beside the busiest one: a working day of general practice. */
export const dailyCurve = [0.15, 0.5, 0.9, 1, 0.97, 0.9, 0.72, 0.7, 0.85, 0.9, 0.78, 0.55, 0.3, 0.18, 0.12, 0.08] as const
/** After each part of an hour nothing new comes until all calls have ended. */
const drainMs = 62_000
/** Times of honest calls are kept of one in so many, or all of few. */
const keptTimes = 400_000

/** Plays a day. */
export async function day(plan: DayPlan): Promise<DayResult> {
  const time = virtualTime()
  const giveTimersBack = time.takeTimers()
  try {
    return await new Day(plan, nation(plan, time)).play()
  } finally {
    giveTimersBack()
  }
}

class Day {
  readonly #plan: DayPlan
  readonly #nation: Nation
  readonly #meters: BucketMeter[]
  readonly #calls
  readonly #abusing
  readonly #abuser: Consumer
  readonly #target: Provider
  readonly #times: number[] = []
  readonly #besideTimes: number[] = []
  readonly #count = {
    calls: 0,
    answered: 0,
    honest: 0,
    overRate: 0,
    noRoom: 0,
    beside: 0,
    besideLost: 0,
    troubled: 0,
    spared: 0,
    sent: 0,
    passed: 0,
  }
  #longestQueue = 0
  #abusedSeconds = 0

  constructor(plan: DayPlan, country: Nation) {
    this.#plan = plan
    this.#nation = country
    this.#calls = country.random.branch(20)
    this.#abusing = country.random.branch(21)
    this.#meters = country.consumers.map(({ limit }) => bucketMeter(limit.perSecond, limit.burst))
    // One in the middle: a hundred times its share is some four times its limit.
    this.#abuser = country.consumers.reduce((best, one) =>
      Math.abs(one.perSecond * 100 - 4 * one.limit.perSecond) < Math.abs(best.perSecond * 100 - 4 * best.limit.perSecond) ? one : best,
    )
    this.#target = country.providers.find(({ trouble }) => trouble === 'well') as Provider
  }

  async play(): Promise<DayResult> {
    const { hours, secondsPerHour, abuser } = this.#plan
    const { time, providers } = this.#nation
    for (let hour = 0; hour < hours; hour++) {
      time.leap(Math.max(time.now, hour * 3_600_000))
      this.#nation.reconnect()
      for (const { model, trouble } of providers) if (trouble !== 'flaps') model.condition = trouble
      const until = time.now + secondsPerHour * 1_000
      this.#arrive(until, dailyCurve[hour % dailyCurve.length] as number)
      this.#flap(until)
      this.#watchQueues(until)
      if (hour >= hours / 2) {
        this.#besides(until)
        if (abuser) this.#abuse(until)
      }
      await time.run(until + drainMs)
    }
    const result = this.#result()
    this.#nation.close()
    return result
  }

  #arrive(until: number, load: number): void {
    const { time, people, consumers, providers, size } = this.#nation
    const gap = 1_000 / (size.peakPerSecond * load)
    const next = (): void => {
      const at = time.now + this.#calls.exponential(gap)
      if (at > until) return
      time.at(at, () => {
        next()
        const who = people.consumer(this.#calls)
        const provider = providers[people.provider(who, this.#calls)] as Provider
        const consumer = consumers[who] as Consumer
        // What the abuser would have sent anyway is no honest call's fate.
        if (consumer !== this.#abuser) this.#call(who, consumer, provider, this.#nodeOf(consumer), 'honest')
      })
    }
    next()
  }

  /** Others call the provider that the abuser aims at, at a third of what it can take, so that there is somebody to suffer. */
  #besides(until: number): void {
    const { time, consumers } = this.#nation
    const random = this.#nation.random.branch(22)
    const next = (): void => {
      const at = time.now + random.exponential(besideGapMs)
      if (at > until) return
      time.at(at, () => {
        next()
        const who = random.below(consumers.length)
        this.#call(who, consumers[who] as Consumer, this.#target, this.#nodeOf(consumers[who] as Consumer), 'beside')
      })
    }
    next()
  }

  #abuse(until: number): void {
    const { time, consumers, size, people, providers } = this.#nation
    const who = consumers.indexOf(this.#abuser)
    const gap = 1_000 / (100 * this.#abuser.perSecond)
    this.#abusedSeconds += (until - time.now) / 1_000
    const next = (): void => {
      const at = time.now + this.#abusing.exponential(gap)
      if (at > until) return
      time.at(at, () => {
        next()
        const aimed = this.#abusing.next() < 0.5
        const provider = aimed ? this.#target : (providers[people.provider(who, this.#abusing)] as Provider)
        this.#call(who, this.#abuser, provider, this.#abusing.below(size.nodes), 'abuser')
      })
    }
    next()
  }

  #flap(until: number): void {
    const { time, providers } = this.#nation
    const flapping = providers.filter(({ trouble }) => trouble === 'flaps')
    const turn = (condition: 'well' | 'answers-503'): void => {
      for (const { model } of flapping) model.condition = condition
      if (time.now < until) time.after(10_000, () => turn(condition === 'well' ? 'answers-503' : 'well'))
    }
    turn('well')
  }

  #watchQueues(until: number): void {
    const { time, nodes } = this.#nation
    const look = (): void => {
      for (const { capacity } of nodes)
        for (const { waiting } of capacity.states()) this.#longestQueue = Math.max(this.#longestQueue, waiting)
      if (time.now < until) time.after(10_000, look)
    }
    time.after(5_000, look)
  }

  #nodeOf({ nodes }: Consumer): number {
    return nodes[this.#calls.below(nodes.length)] as number
  }

  #call(who: number, consumer: Consumer, provider: Provider, nodeAt: number, kind: 'honest' | 'beside' | 'abuser'): void {
    const { time, nodes } = this.#nation
    const node = nodes[nodeAt] as Nation['nodes'][number]
    const count = this.#count
    const well = provider.trouble === 'well'
    count.calls++
    if (kind === 'abuser') count.sent++
    if (kind === 'honest' && well) count.honest++
    if (kind === 'beside') count.beside++
    const interactionId = anyInteraction(this.#calls)
    const evidence = {
      ...{ body: noBody, certificate: noCertificate, consumer: { asid: consumer.asid, odsCode: '' }, interactionId },
      ...provider.evidence,
    } as unknown as Evidence
    const rated = node.decide(evidence)
    if (isRefusal(rated)) {
      if (kind === 'honest' && well) count.overRate++
      if (kind === 'beside') count.besideLost++
      return
    }
    this.#meters[who]?.passed(time.now)
    if (kind === 'abuser') count.passed++
    if (!well) count.troubled++
    gatedCall(time, node.capacity, provider.model, { endpoint: provider.endpoint, interactionId, consumer }, ({ how, ms }) => {
      rated.holding?.release()
      if (how === 'answered') count.answered++
      if (!well && how === 'refused') count.spared++
      if (kind === 'honest' && well) {
        if (how === 'refused') count.noRoom++
        else if (this.#times.length < keptTimes) this.#times.push(ms)
      }
      if (kind === 'beside') {
        if (how === 'answered') this.#besideTimes.push(ms)
        else count.besideLost++
      }
    })
  }

  #result(): DayResult {
    const { store, consumers, time, size } = this.#nation
    const count = this.#count
    const used = consumers
      .map(({ limit }, at) => ({ limit, meter: this.#meters[at] as BucketMeter }))
      .filter(({ meter }) => meter.requests > 0)
    const large = used.filter(({ limit }) => limit.perSecond >= 100)
    const small = used.filter(({ limit }) => limit.perSecond < 100)
    const playedSeconds = this.#plan.hours * this.#plan.secondsPerHour
    return {
      calls: count.calls,
      answered: count.answered,
      honest: {
        ...{ calls: count.honest, overRate: count.overRate, noRoom: count.noRoom },
        ...{ p50: quantile(this.#times, 0.5), p99: quantile(this.#times, 0.99) },
      },
      beside: { calls: count.beside, lost: count.besideLost, p99: quantile(this.#besideTimes, 0.99) },
      troubled: { calls: count.troubled, spared: count.spared },
      longestQueue: this.#longestQueue,
      large: { parties: large.length, share: Math.max(0, ...large.map(({ meter }) => meter.share)) },
      small: { parties: small.length, perNode: small.reduce((most, { meter }) => Math.max(most, meter.overshoot / size.nodes), 0) },
      abuser: {
        ...{ sent: count.sent, passed: count.passed, limitPerSecond: this.#abuser.limit.perSecond, seconds: this.#abusedSeconds },
      },
      operations: store.operations,
      asks: store.asks,
      operationsPerSecond: store.operations / playedSeconds,
      longestOperationMs: store.longestMs,
      events: time.events,
      playedSeconds,
    }
  }
}

const besideGapMs = 30
const noBody = { kind: 'none' } as const
const noCertificate = { sha256: '' } as const
