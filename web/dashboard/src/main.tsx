// The dashboard begins here.

import { render } from "preact";
import { App } from "./app.tsx";
import { lookWho } from "./state/session.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/pages.css";
import "./styles/campaigns.css";
import "./state/preferences.ts";

// Asked before anything is drawn, since all else waits for it.
void lookWho();
render(<App />, document.getElementById("app")!);
