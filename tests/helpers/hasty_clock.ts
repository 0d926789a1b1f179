/**
 * The real clock, until `hurry`. From then on time passes ten times as fast, so that a client notices
 * in a second or two that its server is gone. Signing in takes real time: hurry after that.
 */
import { type Clock, systemClock } from "../../protocol/clock.ts";

const SPEED = 10;

export class HastyClock implements Clock {
  #speed = 1;
  #since = systemClock.now();
  #base = systemClock.now();

  now = (): number => this.#base + this.#speed * (systemClock.now() - this.#since);

  time = (): number => systemClock.time();

  after = (ms: number, callback: () => void): () => void =>
    systemClock.after(ms / this.#speed, callback);

  hurry(): void {
    this.#base = this.now();
    this.#since = systemClock.now();
    this.#speed = SPEED;
  }
}
