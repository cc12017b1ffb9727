// What is shown as a report: a document, a workbook, a table, or for programs.

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { address } from "../../api/client.ts";
import { t } from "../../i18n.ts";
import { language } from "../../state/preferences.ts";
import { dateIn } from "../../zoned.ts";
import type { Question } from "./question.ts";

const FORMATS = ["pdf", "xlsx", "csv", "json"] as const;

export function ReportMenu({ question }: { question: Question }): JSX.Element {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      const { current } = menu;
      if (!current?.open) return;
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        current.querySelector("summary")?.focus();
      } else if (current.contains(event.target as Node)) return;
      current.open = false;
    };
    document.addEventListener("keydown", close);
    document.addEventListener("click", close);
    return () => {
      document.removeEventListener("keydown", close);
      document.removeEventListener("click", close);
    };
  }, []);
  return (
    <details ref={menu} class="menu">
      <summary class="button">{t("analytics.report")}</summary>
      <ul>
        {FORMATS.map((format) => (
          <li key={format}>
            <a
              href={address("/api/analytics/report", { ...question.query, language: language.value, format })}
              download={`report-${dateIn(question.zone, question.range.from)}.${format}`}
              onClick={() => menu.current?.removeAttribute("open")}
            >
              <strong>{format.toUpperCase()}</strong>
              <span class="note">{t(`analytics.report.${format}`)}</span>
            </a>
          </li>
        ))}
      </ul>
    </details>
  );
}
