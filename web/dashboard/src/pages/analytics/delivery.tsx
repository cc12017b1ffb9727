// How fast messages left and arrived, and what failed on the way.

import type { JSX } from "preact";
import { address } from "../../api/client.ts";
import type { PerformanceAnalytics } from "../../api/schema.ts";
import { number } from "../../format.ts";
import { t } from "../../i18n.ts";
import { usePolled } from "../../state/poll.ts";
import { Answered } from "../../ui/answered.tsx";
import { Pairs } from "../../ui/basics.tsx";
import { DurationPanel } from "./durations.tsx";
import { Counts } from "./kinds.tsx";
import { EVERY_MS, type Question } from "./question.ts";

export function Delivery({ question }: { question: Question }): JSX.Element {
  const found = usePolled<PerformanceAnalytics>(address("/api/analytics/performance", question.query), EVERY_MS);
  return (
    <Answered of={found}>
      {(own) => (
        <div class={own.errors.length > 0 ? "columns beside" : "columns"}>
          <DurationPanel
            title={t("nav.delivery")}
            rows={[
              [t("analytics.toProvider"), own.toProvider],
              [t("analytics.toDelivered"), own.toDelivered],
            ]}
          >
            <Pairs
              of={[
                [t("analytics.perMinute"), number(own.perMinute, 2)],
                [t("analytics.busiestMinute"), number(own.busiestMinute)],
                [t("analytics.failedAttempts"), number(own.failedAttempts)],
                [t("analytics.retries"), number(own.retries)],
              ]}
            />
          </DurationPanel>
          {own.errors.length > 0 && <Counts title={t("analytics.attemptErrors")} items={own.errors} tone="bad" />}
        </div>
      )}
    </Answered>
  );
}
