/**
 * A batch of inputs for one fuzzer. It follows from its seed and has a bounded size, so that a seed
 * that finds a fault finds it again.
 */
import fc from "fast-check";
import { toHex } from "../helpers/hex.ts";
import { Strays } from "./strays.ts";

/** A fuzzer: hostile input of one kind for one part of Sotto. */
export interface FuzzTarget {
  /** For `--target`. */
  readonly name: string;
  /** What MUST hold, as the name of a test. */
  readonly promise: string;
  /** Tries a batch. Rejects with what it found. */
  readonly run: (batch: Batch) => Promise<void>;
}

interface BatchOptions {
  readonly seed: number;
  /** Reports the first input that fails, and looks for no smaller one. */
  readonly quick?: boolean;
}

/** Milliseconds. Inputs take about a second, and longer where a failing one is made smaller. */
const LIMIT = 300_000;
const QUICK_LIMIT = 30_000;
/** Characters of an input. */
const MOST_SHOWN = 4_000;

/** Tries one batch. Rejects with what it found, and how to repeat it. */
export async function runBatch(target: FuzzTarget, options: BatchOptions): Promise<void> {
  const { name, run } = target;
  using strays = new Strays(limitOf(options));
  try {
    await Promise.race([run(new Batch(options, strays)), strays.hang]);
    strays.check();
  } catch (cause) {
    const repeat = `npm run fuzz -- --target ${name} --seed ${options.seed}`;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Found by the fuzzer ${name}. Repeat: ${repeat}\n${what}`, { cause });
  }
}

export class Batch {
  readonly #options: BatchOptions;
  readonly #strays: Strays;

  constructor(options: BatchOptions, strays: Strays) {
    this.#options = options;
    this.#strays = strays;
  }

  /**
   * Tries so many inputs. One fails if the attempt throws, or if anything throws meanwhile that
   * nobody catches. Rejects with the error of the smallest input found that fails. Inputs that are
   * not finished in time have failed.
   */
  async tryInputs<Input>(
    numRuns: number,
    inputs: fc.Arbitrary<Input>,
    attempt: (input: Input) => void | Promise<void>,
  ): Promise<void> {
    const property = fc.asyncProperty(inputs, async (input) => {
      await attempt(input);
      this.#strays.check();
    });
    const { seed, quick = false } = this.#options;
    const interruptAfterTimeLimit = limitOf(this.#options);
    const { counterexample, errorInstance, failed } = await fc.check(property, {
      ...{ seed, numRuns, endOnFailure: quick },
      ...{ interruptAfterTimeLimit, markInterruptAsFailure: true },
    });
    if (!failed) return;
    const [input] = counterexample ?? [];
    const what = errorInstance instanceof Error ? errorInstance.message : "It took too long.";
    const shown = input === undefined ? "" : `\nWith ${inShort(input)}`;
    throw new Error(`${what}${shown}`, { cause: errorInstance });
  }
}

function limitOf({ quick = false }: BatchOptions): number {
  return quick ? QUICK_LIMIT : LIMIT;
}

/** An input as text, with bytes in hex. */
function inShort(input: unknown): string {
  const text = fc.stringify(input).replaceAll(/Uint8Array\.from\(\[([\d,]*)\]\)/g, (_, list) => {
    return `hex ${toHex(String(list).split(",").filter(Boolean).map(Number))}`;
  });
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
