// The reference of the API begins here: a page of its own, which needs nobody to sign in.

import { render } from "preact";
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/parts.css";
import "../styles/pages.css";
import "../styles/docs.css";
import "../state/preferences.ts";
import { Docs } from "./docs.tsx";

render(<Docs />, document.getElementById("app")!);
