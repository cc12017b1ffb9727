// Where one shows a key to get in.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { inWords } from "../api/words.ts";
import { Lost } from "../app.tsx";
import { t } from "../i18n.ts";
import { ended, signIn } from "../state/session.ts";
import { Field } from "../ui/basics.tsx";
import { Mark } from "../ui/mark.tsx";
import { Preferences } from "../ui/preferences.tsx";

export function SignIn(): JSX.Element {
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  document.title = `${t("signIn.title")} · Cauce`;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!key.trim()) return setWrong(new Error(t("signIn.empty")));
    setBusy(true);
    try {
      await signIn(key.trim());
    } catch (error) {
      setWrong(error);
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <Lost />
      <form class="panel" onSubmit={(event) => void submit(event)}>
        <Mark size={44} />
        <h1>{t("signIn.title")}</h1>
        {ended.value && <p class="ended">{ended.value === "bad_key" ? t("signIn.keyEnded") : t("signIn.ended")}</p>}
        <Field label={t("signIn.key")} note={t("signIn.note")}>
          <input
            type="password"
            name="key"
            autoComplete="current-password"
            spellcheck={false}
            autoFocus
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </Field>
        <p class="wrong" role="alert">
          {wrong !== null && inWords(wrong)}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          {t("signIn.enter")}
        </button>
        <Preferences />
      </form>
    </main>
  );
}
