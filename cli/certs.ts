/** `sotto certs`: the pin that clients compare, and the files behind it. */
import { join } from "node:path";
import { loadOrMakeCertificate } from "../certs/load.ts";
import { certificateNames } from "../certs/names.ts";

/** What to print. Makes the certificate where there is none. */
export async function describeCertificate(folder: string): Promise<string> {
  const { pin, warnings } = await loadOrMakeCertificate(folder, certificateNames());
  return [
    `pin          ${pin}`,
    `certificate  ${join(folder, "cert.pem")}`,
    `key          ${join(folder, "key.pem")}`,
    ...warnings,
  ].join("\n");
}
