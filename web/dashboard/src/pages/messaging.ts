// Pages that come together: who is written to, and what became of it.

export { EditCampaign, NewCampaign } from "./campaigns/edit.tsx";
export { Campaigns } from "./campaigns/list.tsx";
export { OneCampaign } from "./campaigns/one.tsx";
export { Imports } from "./contacts/imports.tsx";
export { Contacts } from "./contacts/list.tsx";
export { Messages } from "./messages/list.tsx";
export { Sessions } from "./sessions.tsx";
