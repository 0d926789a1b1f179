/** All fuzzers. */
import type { FuzzTarget } from "./batch.ts";
import { clientFrames } from "./client_frames.ts";
import { commandLines } from "./command_lines.ts";
import { builtinDatagrams, quicheDatagrams } from "./datagrams.ts";
import { discovery } from "./discovery.ts";
import { messagepack } from "./messagepack.ts";
import { configFiles, programArguments } from "./program_arguments.ts";
import { refusals } from "./refusals.ts";
import { serverFrames } from "./server_frames.ts";
import { tlsLinks } from "./tls_links.ts";

export const TARGETS: readonly FuzzTarget[] = [
  builtinDatagrams,
  quicheDatagrams,
  messagepack,
  serverFrames,
  refusals,
  clientFrames,
  tlsLinks,
  discovery,
  commandLines,
  programArguments,
  configFiles,
];
