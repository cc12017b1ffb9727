// Files of contacts: a new one, and those of the last days.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { address } from "../../api/client.ts";
import type { ContactImport, Page_ContactImport } from "../../api/schema.ts";
import { ago, moment, number } from "../../format.ts";
import { t, word } from "../../i18n.ts";
import { refresh, usePolled } from "../../state/poll.ts";
import { may } from "../../state/session.ts";
import { useTenant } from "../../state/tenant.ts";
import { Answered } from "../../ui/answered.tsx";
import { Badge, Empty, Heading, Link, Panel } from "../../ui/basics.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Pages, Table } from "../../ui/table.tsx";
import { TenantChoice } from "../../ui/tenant_choice.tsx";
import { parameter } from "../../state/route.ts";
import { ImportFile } from "./import.tsx";
import { ImportResult } from "./import_result.tsx";

export function Imports(): JSX.Element {
  const whose = useTenant();
  return (
    <>
      <p class="crumb">
        <Link to={address("/contacts", { tenant: whose.tenant })}>{t("nav.contacts")}</Link>
      </p>
      <Heading title={t("contacts.import")} note={t("import.note")} />
      {whose.isChoice && (
        <div class="filters">
          <TenantChoice whose={whose} />
        </div>
      )}
      {whose.isOpen && <Empty title={t("tracking.noTenant")} note={t("contacts.ofOne")} />}
      {!whose.isOpen && (
        <>
          <Panel title={t("import.file")}>
            {may("manage") ? <ImportFile tenant={whose.tenant} onDone={refresh} /> : <Empty title={t("state.noRights")} note={t("import.needsManage")} />}
          </Panel>
          <Before tenant={whose.tenant} />
        </>
      )}
    </>
  );
}

function Before({ tenant }: { tenant: string }): JSX.Element {
  const found = usePolled<Page_ContactImport>(address("/api/contacts/imports", { tenant, cursor: parameter("cursor") }), 3_000);
  const [shown, show] = useState<ContactImport | null>(null);
  return (
    <Panel title={t("import.before")}>
      <Answered of={found}>
        {({ items, nextCursor }) => (
          <>
            <Table
              label={t("import.before")}
              items={items}
              keyOf={(one) => one.id}
              empty={<Empty title={t("import.none")} />}
              columns={[
                { head: t("audit.when"), cell: (one) => <time title={moment(one.createdAt)}>{ago(one.createdAt)}</time> },
                {
                  head: t("job.state"),
                  cell: (one) => (
                    <span class="badges">
                      <Badge tone={one.state === "done" ? "good" : one.state === "running" ? "busy" : "warn"}>{word("importState", one.state)}</Badge>
                      {one.dryRun && <Badge>{t("import.check")}</Badge>}
                    </span>
                  ),
                },
                { head: t("tracking.rows"), number: true, cell: (one) => number(one.rows) },
                { head: t("import.created"), number: true, cell: (one) => number(one.created) },
                { head: t("import.updated"), number: true, cell: (one) => number(one.updated) },
                { head: t("import.rejected"), number: true, cell: (one) => number(one.rejected) },
                {
                  head: "",
                  cell: (one) => (
                    <button type="button" class="small" onClick={() => show(one)}>
                      {t("dead.show")}
                    </button>
                  ),
                },
              ]}
            />
            <Pages next={nextCursor} />
          </>
        )}
      </Answered>
      {shown && (
        <Dialog title={t("import.of", { at: moment(shown.createdAt) })} onClose={() => show(null)}>
          <ImportResult result={shown} tenant={tenant} />
        </Dialog>
      )}
    </Panel>
  );
}
