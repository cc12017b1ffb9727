// Pages that come together: those that are looked at when something is set up or looked into.

export { Pixels } from "./pixels.tsx";
export { Settings } from "./settings.tsx";
export { Tracking } from "./tracking.tsx";
