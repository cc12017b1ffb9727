// Which text says what a reason's code means: pure, so that it can be tested. Codes that are not here are
// told in the server's own sentence, which may know more of the one case.

import type { Text } from "../i18n.ts";

/** Codes of one meaning; statuses of HTTP end a code of whichever destination. */
const MEANINGS: [Text, RegExp][] = [
  ["reason.refused", /^webhook_http_4(00|22)$/],
  ["reason.credentials", /_http_40[137]$|^(whatsapp_0|twilio_20003)$/],
  ["reason.tokenEnded", /^whatsapp_190$/],
  ["reason.noAddress", /^(?!evolution_).*_http_4(04|05|10)$/],
  ["reason.tooLarge", /_http_413$/],
  ["reason.tooMany", /_http_429$|^(whatsapp_(4|80007|130429)|twilio_(20429|63018))$/],
  ["reason.redirected", /_http_3\d\d$/],
  ["reason.trouble", /_http_5\d\d$|^whatsapp_(1|2|131000|131016|133004)$/],
  ["reason.notReached", /^(dns|connect|connect_timeout|tls)$/],
  ["reason.noAnswer", /^(answer_timeout|reset|answer_too_long|answer_garbled)$/],
  ["reason.noWhatsapp", /^(whatsapp_131026|twilio_63003|twilio_63024|evolution_no_whatsapp)$/],
  ["reason.badNumber", /^twilio_(21211|21614)$/],
  ["reason.optedOut", /^(whatsapp_131050|twilio_21610)$/],
  ["reason.templateOnly", /^(whatsapp_131047|twilio_63016)$/],
  ["reason.metaChose", /^(whatsapp_131049|twilio_63049)$/],
  ["reason.tooManyToOne", /^whatsapp_131056$/],
  ["reason.blocked", /^whatsapp_131048$/],
  ["reason.locked", /^whatsapp_(368|131031)$/],
  ["reason.payment", /^whatsapp_131042$/],
  ["reason.noTemplate", /^whatsapp_132001$/],
  ["reason.templateParameters", /^whatsapp_(132000|132012)$/],
  ["reason.templateHeld", /^whatsapp_(132015|132016)$/],
  ["reason.medium", /^whatsapp_(131052|131053)$/],
  ["reason.sendWindow", /^send_window$/],
  ["reason.crashed", /^crashed$/],
  ["reason.damaged", /^damaged$/],
  ["reason.poison", /^poison$/],
  ["reason.resolved", /^resolved$/],
  ["reason.superseded", /^superseded$/],
];

/** The text for a code; none where only the server has words for it. */
export function textOf(code: string): Text | undefined {
  return MEANINGS.find(([, codes]) => codes.test(code))?.[0];
}

/** A reason that the server wrote in one line: its code, then its sentence. */
export function partsOf(line: string): { code: string; detail: string } {
  const [, code = "", detail = line] = /^([a-z][a-z0-9_]*): (.*)$/s.exec(line) ?? [];
  return { code, detail };
}
