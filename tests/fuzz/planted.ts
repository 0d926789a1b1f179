/**
 * Faults to plant, one at a time, in a copy of the program: the batch that `npm test` tries MUST find
 * each. So every fuzzer is known to be able to fail.
 */
import type { Planted } from "../sim/plant.ts";

interface PlantedForFuzzer extends Planted {
  /** The fuzzer that finds it. */
  readonly target: string;
}

const WELL_FORMED = "protocol/well_formed.ts";
const FRAME = "protocol/frame.ts";

const FRAMES: readonly PlantedForFuzzer[] = [
  {
    name: "arrays nested without end",
    target: "messagepack",
    file: WELL_FORMED,
    text: "#array(items: number, depth: number): void {\n" +
      '    if (depth > LIMITS.depth) throw malformed("it is nested too deeply");',
    fault: "#array(items: number, depth: number): void {",
  },
  {
    name: "a key twice",
    target: "messagepack",
    file: WELL_FORMED,
    text: 'if (keys.size === entry) throw malformed("a map has a key twice");',
    fault: "",
  },
  {
    name: "text that is not UTF-8",
    target: "messagepack",
    file: WELL_FORMED,
    text: 'throw malformed("a string is not UTF-8");',
    fault: "return;",
  },
  {
    name: "frames allowed in every state",
    target: "server-frames",
    file: "protocol/session/rules.ts",
    text: "const rule = CLIENT_RULES[type];\n  return rule.states.includes(state) &&",
    fault: "const rule = CLIENT_RULES[type];\n  return",
  },
  {
    name: "answers under another ID",
    target: "server-frames",
    file: "server/handlers/respond.ts",
    text: 'peer.send({ type: "error", re, code, message });',
    fault: 'peer.send({ type: "error", re: re + 1, code, message });',
  },
  {
    name: "slots of transfers that are not given back",
    target: "server-frames",
    file: "server/services/transfer_slots.ts",
    text: "[Symbol.dispose]: () => this.#release(held),",
    fault: "[Symbol.dispose]: () => {},",
  },
  {
    name: "a timer left for each step of a transfer",
    target: "server-frames",
    file: "server/transfer_stream.ts",
    text: "    } finally {\n      cancel();\n    }",
    fault: "    } finally {\n      // Nothing.\n    }",
  },
  {
    name: "sessions that stay online",
    target: "server-frames",
    file: "server/peer_connection.ts",
    text: "if (this.#identity !== undefined) this.#options.services.sessions.remove(this);",
    fault: "",
  },
  {
    name: "a topic set before it is checked",
    target: "refusals",
    file: "server/services/rooms.ts",
    text:
      "checkTopic(topic);\n      await this.#options.store.rooms.setTopic(conversation, topic);",
    fault:
      "await this.#options.store.rooms.setTopic(conversation, topic);\n      checkTopic(topic);",
  },
  {
    name: "people removed before it is checked who may",
    target: "refusals",
    file: "server/services/rooms.ts",
    text:
      "const { store, audience } = this.#options;\n      await this.#requireCreator(session, conversation);",
    fault: "const { store, audience } = this.#options;\n" +
      "      await store.rooms.removeMembers(conversation, [...users]);\n" +
      "      await this.#requireCreator(session, conversation);",
  },
  {
    name: "times of five digits",
    target: "client-frames",
    file: "client/messages/content.ts",
    text: "Math.min(milliseconds, LAST)",
    fault: "Math.min(milliseconds, 8.64e15)",
  },
  {
    name: "names of any characters",
    target: "client-frames",
    file: FRAME,
    text: 'v.check(isName, "not a name")',
    fault: "v.check(() => true)",
  },
  {
    name: "texts that act on the terminal",
    target: "client-frames",
    file: "client/ui/plain.ts",
    text: "return [`${time} ${heading(state, event)} ${safeText(event.text)}`];",
    fault: "return [`${time} ${heading(state, event)} ${event.text}`];",
  },
  {
    name: "answers to nothing that is asked",
    target: "client-frames",
    file: "client/session/requests.ts",
    text: "if (waiting === undefined) return;",
    fault: 'if (waiting === undefined) throw new Error("nothing waits");',
  },
];

const NETWORK: readonly PlantedForFuzzer[] = [
  {
    name: "capsules of any length",
    target: "tls-links",
    file: "protocol/transport/tls/capsule_reader.ts",
    text: "if (length < least || length > most) {",
    fault: "if (length < 0 && least === most) {",
  },
  {
    name: "streams without end",
    target: "tls-links",
    file: "protocol/transport/tls/stream_acceptor.ts",
    text:
      'if (id >= this.#allowed * ID_STEP) throw new Fault(FAULT.streamLimit, "too many streams");',
    fault: "",
  },
  {
    name: "links to connections that do not exist",
    target: "tls-links",
    file: "protocol/transport/tls/listener.ts",
    text:
      'if (connection === undefined) throw new Fault(FAULT.violation, "no connection has this secret");',
    fault: 'if (connection === undefined) throw new Error("no connection has this secret");',
  },
  {
    name: "headers that are cut short",
    target: "datagrams-quiche",
    file: "protocol/transport/quiche/header.ts",
    text: "if (start + length.value > datagram.length) return undefined;",
    fault: 'if (start + length.value > datagram.length) throw new Error("cut short");',
  },
  {
    name: "resets that are longer than what they answer",
    target: "datagrams-quiche",
    file: "protocol/transport/quiche/listener.ts",
    text: "const length = Math.min(datagram.length - 1, MAX_RESET);",
    fault: "const length = 1_200;",
  },
  {
    name: "handshakes that fail stop the server",
    target: "datagrams-builtin",
    file: "protocol/transport/builtin.ts",
    text: "void this.#handshake(incoming);",
    fault: "void incoming.accept();",
  },
  {
    name: "answers to port 0",
    target: "discovery",
    file: "protocol/discovery/datagram_filter.ts",
    text: " || port === 0",
    fault: "",
  },
  {
    name: "names of servers that act on the terminal",
    target: "discovery",
    file: "protocol/discovery/catalogue.ts",
    text: "name: safeLabel(label, MAX_NAME),",
    fault: "name: label,",
  },
];

const LINES: readonly PlantedForFuzzer[] = [
  {
    name: "errors that repeat what was typed",
    target: "command-lines",
    file: "client/commands/commands.ts",
    text: 'const name = /^[@/][a-z]{1,16}$/i.test(word) ? `: ${word}` : "";',
    fault: "const name = `: ${word}`;",
  },
  {
    name: "spaces lost from texts",
    target: "command-lines",
    file: "client/commands/arguments.ts",
    text: "unspaced.slice(space + 1)];",
    fault: "unspaced.slice(space)];",
  },
  {
    name: "targets that throw",
    target: "arguments",
    file: "cli/values.ts",
    text: "error instanceof ServerAddressError || error instanceof DestinationError;",
    fault: "error instanceof ServerAddressError;",
  },
  {
    name: "faults of TOML that nobody explains",
    target: "config",
    file: "cli/settings_file.ts",
    text: "if (!(error instanceof TomlError)) throw error;",
    fault: "if (error instanceof Error) throw error;",
  },
  {
    name: "settings that do nothing",
    target: "config",
    file: "cli/settings.ts",
    text: "return [`--${key}=${text}`];",
    fault: "return [];",
  },
];

export const PLANTED_FOR_FUZZERS: readonly PlantedForFuzzer[] = [
  ...FRAMES,
  ...NETWORK,
  ...LINES,
];
