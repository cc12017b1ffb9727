// The dashboard begins here.

import { render } from "preact";
import { App } from "./app.tsx";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/pages.css";
import "./styles/campaigns.css";
import "./state/preferences.ts";

render(<App />, document.getElementById("app")!);
