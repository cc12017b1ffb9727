// Where language and theme are chosen.

import type { JSX } from "preact";
import { t } from "../i18n.ts";
import { type Language, type Theme, language, theme } from "../state/preferences.ts";

export function Preferences(): JSX.Element {
  return (
    <div class="preferences">
      <select
        aria-label={t("account.language")}
        value={language.value}
        onChange={(event) => (language.value = event.currentTarget.value as Language)}
      >
        <option value="en">English</option>
        <option value="es">Español</option>
      </select>
      <select aria-label={t("account.theme")} value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
        <option value="system">{t("theme.system")}</option>
        <option value="light">{t("theme.light")}</option>
        <option value="dark">{t("theme.dark")}</option>
      </select>
    </div>
  );
}
