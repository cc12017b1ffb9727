// A file of contacts, sent from the browser: how far it is, what became of its rows, and those that
// were not taken.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure, address } from "../../api/client.ts";
import type { ContactImport } from "../../api/schema.ts";
import { upload } from "../../api/upload.ts";
import { inWords } from "../../api/words.ts";
import { bytes, percent } from "../../format.ts";
import { t } from "../../i18n.ts";
import { Field } from "../../ui/basics.tsx";
import { ImportResult } from "./import_result.tsx";
import { splitTags } from "./fields.ts";
import { type FileKind, kindOf } from "./file.ts";

interface Props {
  tenant: string;
  /** Whether the contacts of the file have to be found again by a tag. */
  needsTag?: boolean;
  /** Contacts were taken, and have these tags. */
  onDone(tags: string[]): void;
  /** Told when a file begins to be taken, and when it is. */
  onTaking?(isTaking: boolean): void;
}

/** The form around a field is not sent by Enter. */
export function noSubmit(event: KeyboardEvent): void {
  if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
}

interface Sending {
  sent: number;
  isCheck: boolean;
  stop(): void;
}

export function ImportFile({ tenant, needsTag = false, onDone, onTaking }: Props): JSX.Element {
  const [file, choose] = useState<File | null>(null);
  const [tags, setTags] = useState(() => (needsTag ? tagOfNow() : ""));
  const [country, setCountry] = useState("");
  const [kind, setKind] = useState<FileKind>("table");
  const [sheet, setSheet] = useState("");
  const [sending, send] = useState<Sending | null>(null);
  const [result, show] = useState<ContactImport | null>(null);
  const [wrong, setWrong] = useState("");
  const stop = useRef<(() => void) | undefined>(undefined);
  useEffect(() => () => stop.current?.(), []);
  const isNoTag = needsTag && splitTags(tags).length === 0;
  const taken = useRef<File | undefined>(undefined);
  const take = async (chosen: File | undefined): Promise<void> => {
    taken.current = chosen;
    show(null);
    setWrong("");
    choose(null);
    if (!chosen) return;
    // It cannot be sent before it is known what it is.
    const found = await kindOf(chosen);
    if (taken.current !== chosen) return;
    setKind(found);
    const refusal = chosen.size === 0 ? t("import.empty") : found === "old" ? t("import.workbook") : "";
    if (refusal) setWrong(refusal);
    else choose(chosen);
  };
  const start = async (isCheck: boolean): Promise<void> => {
    if (!file) return setWrong(t("import.choose"));
    const query = { tenant, tags: tags.trim(), defaultCountry: country.trim().toUpperCase(), ...(kind === "workbook" && { worksheet: sheet.trim() }), ...(isCheck && { dryRun: "true" }) };
    show(null);
    setWrong("");
    onTaking?.(true);
    try {
      const { answer, stop: end } = upload<ContactImport>(address("/api/contacts/import", query), file, (sent) => send((now) => now && { ...now, sent }));
      stop.current = end;
      send({ sent: 0, isCheck, stop: end });
      const done = await answer;
      show(done);
      if (!isCheck && done.created + done.updated > 0) onDone(splitTags(tags));
    } catch (error) {
      setWrong(error instanceof Failure && error.code === "stopped" ? t("import.stopped") : inWords(error));
    }
    stop.current = undefined;
    send(null);
    onTaking?.(false);
  };
  return (
    <div class="fields import" onKeyDown={noSubmit}>
      <Drop file={file} isBusy={sending !== null} take={(chosen) => void take(chosen)} />
      <div class="filters">
        <Field label={t("import.tags")} note={needsTag ? t("import.tagsFound") : t("import.tagsNote")}>
          <input name="importTags" maxLength={500} value={tags} disabled={sending !== null} onInput={(event) => setTags(event.currentTarget.value)} />
        </Field>
        {kind === "workbook" && (
          <Field label={t("import.sheet")} note={t("import.sheetNote")}>
            <input name="worksheet" maxLength={100} value={sheet} disabled={sending !== null} onInput={(event) => setSheet(event.currentTarget.value)} />
          </Field>
        )}
        <Field label={t("import.country")} note={t("import.countryNote")}>
          <input name="country" maxLength={2} size={4} placeholder="ES" value={country} disabled={sending !== null} onInput={(event) => setCountry(event.currentTarget.value)} />
        </Field>
      </div>
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
      {sending && file ? (
        <Way of={sending} size={file.size} />
      ) : (
        <div class="buttons start">
          <button type="button" class="primary" disabled={!file || isNoTag} onClick={() => void start(false)}>
            {t("import.start")}
          </button>
          <button type="button" disabled={!file} onClick={() => void start(true)}>
            {t("import.check")}
          </button>
        </div>
      )}
      <div aria-live="polite">{result && <ImportResult result={result} tenant={tenant} />}</div>
    </div>
  );
}

/** A place to drop a file on, which is also the button to choose one with. */
function Drop({ file, isBusy, take }: { file: File | null; isBusy: boolean; take(file: File | undefined): void }): JSX.Element {
  const [isOver, setOver] = useState(false);
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    if (!isBusy) take(event.dataTransfer?.files[0]);
  };
  return (
    <label
      class={isOver ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <input type="file" name="file" class="hidden" accept=".csv,.tsv,.txt,.xlsx,text/csv" disabled={isBusy} onChange={(event) => take(event.currentTarget.files?.[0])} />
      <strong>{file ? file.name : t("import.drop")}</strong>
      <span class="note">{file ? bytes(file.size) : t("import.dropNote")}</span>
    </label>
  );
}

function Way({ of: sending, size }: { of: Sending; size: number }): JSX.Element {
  const share = size > 0 ? Math.min(1, sending.sent / size) : 1;
  const text = share < 1 ? t("import.sending", { sent: bytes(sending.sent), size: bytes(size) }) : t("import.working");
  return (
    <div class="upload">
      <progress aria-label={t("import.progress")} value={share} max={1} />
      <span class="num">{percent(share, 0)}</span>
      <span class="note num">{text}</span>
      <button type="button" class="small" onClick={sending.stop}>
        {sending.isCheck ? t("action.cancel") : t("import.stop")}
      </button>
    </div>
  );
}

/** A tag that no list before had. */
function tagOfNow(): string {
  const now = new Date();
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${t("import.list")}-${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
