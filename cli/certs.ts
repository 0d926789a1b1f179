/** `sotto certs`: the pin of the server, and the files of its certificate and key. */
import { join } from "node:path";
import { loadOrMakeCertificate } from "../certs/load.ts";
import { certificateNames } from "../certs/names.ts";

/** The text to print. Makes a certificate if there is none. */
export async function describeCertificate(folder: string): Promise<string> {
  const { pin, warnings } = await loadOrMakeCertificate(folder, certificateNames());
  return [
    `pin          ${pin}`,
    `certificate  ${join(folder, "cert.pem")}`,
    `key          ${join(folder, "key.pem")}`,
    ...warnings,
  ].join("\n");
}
