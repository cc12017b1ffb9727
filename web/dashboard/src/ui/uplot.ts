// The library with its styles, which come together.

import "uplot/dist/uPlot.min.css";

export { default } from "uplot";
